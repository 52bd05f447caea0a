/** Money on the wire: decimal text with its currency; minor digits come from the runtime's ISO 4217 data. */
import { z } from 'zod';
import { digitsOf, formatDecimal, parseDecimal } from '../actors/decimal.ts';

/** `{"amount":"100.00","currency":"SAR"}` */
export const moneySchema = z.object({ amount: z.string(), currency: z.string() });
export type WireMoney = z.output<typeof moneySchema>;

export function wireAmount(amount: bigint, currency: string): string {
  return formatDecimal(amount, digitsOf(currency));
}

export function wireMoney(amount: bigint, currency: string): WireMoney {
  return { amount: wireAmount(amount, currency), currency };
}

/** A positive decimal amount in a request, e.g. `"100.00"`; JSON numbers are refused because they are floats. */
export const amountText = z.string().max(32).describe('Decimal text, e.g. "100.00"; at most the minor digits of the currency.');

const knownCurrencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

export const currencyText = z
  .string()
  .refine((code) => knownCurrencies.has(code), 'is not an ISO 4217 currency code')
  .describe('ISO 4217 alphabetic code.');

/** Turns `{ amount, currency }` of a request into minor units; problems point at the amount. */
export function withMinor<T extends { readonly amount: string; readonly currency: string }>(
  body: T,
  context: z.core.$RefinementCtx<T>,
): T & { readonly minor: bigint } {
  const minor = parseDecimal(body.amount, digitsOf(body.currency));
  if (minor === null || minor <= 0n) {
    const message = `must be a positive decimal with at most ${String(digitsOf(body.currency))} decimals, as text`;
    context.addIssue({ code: 'custom', path: ['amount'], message });
  }
  return { ...body, minor: minor ?? 0n };
}
