/** Moyasar's JSON as it answers: unknown keys are ignored, the known ones are checked. Amounts are integers of minor units. */
import { z } from 'zod';

const count = z.int();
/** Integers up to 2^53 are exact in JSON; larger ones are refused here. */
const amount = z.int();

export const errorBody = z.object({ message: z.string().nullish(), errors: z.record(z.string(), z.array(z.string())).nullish() });

export const payment = z.object({
  id: z.string().min(1),
  status: z.string(),
  amount,
  fee: amount.nullish(),
  currency: z.string(),
  refunded: amount.nullish(),
  invoice_id: z.string().nullish(),
  source: z.object({ company: z.string().nullish(), message: z.string().nullish() }).nullish(),
});
export type WirePayment = z.output<typeof payment>;

export const invoice = z.object({
  id: z.string().min(1),
  status: z.enum(['initiated', 'paid', 'failed', 'refunded', 'canceled', 'on_hold', 'expired', 'voided']),
  url: z.url(),
  expired_at: z.string().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  payments: z.array(payment).nullish(),
});

export const settlement = z.object({
  id: z.string().min(1),
  currency: z.string(),
  amount,
  fee: amount,
  tax: amount,
  settlement_count: count.nullish(),
  /** Its name in the webhook and in the older routes. */
  transaction_count: count.nullish(),
  created_at: z.string(),
});
export type WireSettlement = z.output<typeof settlement>;

const meta = z.object({ next_page: z.int().nullish() });

export const settlementList = z.object({ settlements: z.array(z.object({ id: z.string().min(1) })), meta });

export const settlementLine = z.object({
  payment_id: z.string().nullish(),
  type: z.string(),
  currency: z.string(),
  /** Gross; the sign of a refund's is not documented. */
  payment_amount: amount.nullish(),
  amount,
  fee: amount.nullish(),
  tax: amount.nullish(),
});
export type WireSettlementLine = z.output<typeof settlementLine>;

export const settlementLines = z.object({ lines: z.array(settlementLine), meta });
