/** What may be said to a payment: one top-up's whole life at the provider. Id: the top-up id. */
import { z } from 'zod';
import { effectExhausted, timerDue } from '../../engine/actor.ts';
import { actorId, currencyCode, minor } from '../money.ts';

/** Names the provider in actor ids, effects and accounts. */
export const PROVIDER = 'moyasar';

/** A provider's payment as re-fetched: the only thing we act on. */
export const providerPayment = z.object({
  id: z.string(),
  status: z.enum(['initiated', 'paid', 'failed', 'authorized', 'captured', 'refunded', 'voided', 'verified']),
  amount: minor,
  currency: currencyCode,
  refunded: minor,
  /** Estimated, VAT included. */
  fee: minor,
  invoiceId: z.string().nullable(),
  /** Card scheme, for the contract rates. */
  scheme: z.string().nullable(),
  message: z.string().nullable(),
});
export type ProviderPayment = z.output<typeof providerPayment>;

/** What answers of a provider before there was a calendar are taken to mean. */
export const ROWS_WITHIN_MS = 7 * 24 * 60 * 60 * 1000;
/** By when the provider settles what it has just told of: its calendar, in milliseconds. Not in messages to rules 1 and 2. */
const rowsWithinMs = z.number().default(ROWS_WITHIN_MS);

/** Rates agreed with the provider, per scheme (`*` for others), as decimal text; and what happens with the fee. */
export const settlementTerms = z.object({
  feePolicy: z.enum(['platform', 'customer']),
  rates: z.array(z.object({ scheme: z.string(), percent: z.string(), fixed: minor })),
  vatPercent: z.string(),
  /** Largest difference per component that is no variance. */
  tolerance: minor,
  /** How long a row may wait for its payment before it is a break. */
  rowGraceMs: z.number().int().min(0),
  /** Days after the document's date in which its bank credit is expected. */
  windowDays: z.number().int().min(0).max(60),
});
export type SettlementTerms = z.output<typeof settlementTerms>;

export const rowType = z.enum([
  'payment',
  'refund',
  'void',
  'chargeback',
  'chargeback_penalty',
  'fee',
  'platform_duties',
  'other_duties',
  'installment',
]);

/** A line of a settlement document, as the provider says it. */
export const settlementRow = z.object({
  /** Place in the page, from 0. */
  index: z.number().int().min(0),
  type: rowType,
  paymentId: z.string().nullable(),
  currency: currencyCode,
  /** Gross, without sign. */
  gross: minor,
  /** Net to us; negative for refunds and costs. */
  net: z
    .string()
    .regex(/^-?\d{1,15}$/)
    .transform((value) => BigInt(value)),
  /** VAT included. */
  fee: minor,
  tax: minor,
});
export type SettlementRow = z.output<typeof settlementRow>;

/** An invoice as the provider knows it. */
export const invoiceFound = z.object({
  invoiceId: z.string().min(1),
  url: z.string(),
  /** Milliseconds since 1970. */
  expiresAt: z.number(),
});

export const paymentMessages = {
  /** From `virtual-account`. */
  CreatePayment: z.object({
    account: actorId,
    owner: z.string(),
    amount: minor,
    currency: currencyCode,
    description: z.string().nullable(),
    fingerprint: z.string(),
  }),
  /** Result of `moyasar.create_invoice`. */
  InvoiceCreated: z.object({
    effect: z.string(),
    invoiceId: z.string(),
    url: z.string(),
    /** Milliseconds since 1970. */
    expiresAt: z.number(),
    pollEveryMs: z.number(),
  }),
  /** From `reference`: the provider has an invoice of this top-up that it may not know, because the answer that told of it was lost. */
  InvoiceFound: invoiceFound,
  /** Result of `moyasar.cancel_invoice`. */
  InvoiceCanceled: z.object({ effect: z.string(), invoiceId: z.string() }),
  /** Result of `moyasar.fetch_invoice`: the invoice and every payment tried on it. */
  InvoiceFetched: z.object({
    effect: z.string(),
    invoiceId: z.string(),
    status: z.enum(['initiated', 'paid', 'failed', 'refunded', 'canceled', 'on_hold', 'expired', 'voided']),
    payments: z.array(providerPayment),
    rowsWithinMs,
  }),
  /** Result of `moyasar.fetch_payment`; null: the provider does not know it (404, or of the other mode). */
  PaymentFetched: z.object({ effect: z.string(), paymentId: z.string(), payment: providerPayment.nullable(), rowsWithinMs }),
  /** From a webhook through `reference`: only a hint to look. */
  ProviderHint: z.object({ eventId: z.string(), eventType: z.string(), paymentId: z.string() }),
  /** From `settlement-page` through `reference`; carries the signed gross (payment +, refund, void, chargeback -). */
  RowSettled: z.object({
    page: actorId,
    document: z.string(),
    row: settlementRow,
    terms: settlementTerms,
  }),
  /** From `virtual-account` under the customer policy; carries the fee. */
  FeeCollected: z.object({ amount: minor, currency: currencyCode, row: z.string() }),
  TimerDue: timerDue,
  EffectExhausted: effectExhausted,
};

/** +1 for payment rows, -1 for those that take money back, 0 for costs. */
export function rowSign(type: SettlementRow['type']): bigint {
  if (type === 'payment' || type === 'installment') return 1n;
  return type === 'refund' || type === 'void' || type === 'chargeback' ? -1n : 0n;
}
