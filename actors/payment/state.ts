/**
 * What a payment knows: one top-up's whole life at the provider.
 *
 * P1  Effects and timers are derived (`calls.ts`): `creating`, `fetches` and canceling invoices are the calls still owed an answer.
 * P2  Money is counted by totals that only grow: verified, settled, reversed as known, reversed as settled. What is posted is the growth,
 *     so whoever brings a fact first, re-fetch or settlement row, posts it, and the other finds nothing to do.
 */
import { z } from 'zod';
import { actorId, currencyCode, minor, signedMinor } from '../money.ts';
import { topUpStatus } from '../virtual-account/messages.ts';
import { ROWS_WITHIN_MS, rowType } from './messages.ts';

/** Invoices, failed tries, foreign payments, event ids and fetches remembered or open, each. */
export const KNOWN_MAX = 8;
export const EVENTS_MAX = 20;
/** Settlement rows that may wait for their re-fetch. */
export const KEPT_ROWS_MAX = 8;
/** Longest time between two looks at an open invoice. */
export const POLL_INTERVAL_MS_MAX = 30 * 60 * 1000;
/** An invoice is looked at once more this long after its end: the last payment may be under way. */
export const POLL_AFTER_END_MS = 10 * 60 * 1000;
/** When the provider did not answer the last look either: looks go on this long after the invoice's end, then it counts as expired. */
export const LOOK_AGAIN_MS_MAX = 7 * 24 * 60 * 60 * 1000;
/** Creations of an invoice that may fail for good before the top-up has failed. */
export const CREATE_ATTEMPTS_MAX = 3;
/** Looks at one invoice, whatever its end. */
export const POLLS_MAX = 200;

const invoice = z.object({
  id: z.string(),
  url: z.string(),
  /** Milliseconds since 1970. */
  expiresAt: z.number(),
  /** `canceling`: a cancel call is owed an answer; `ended`: paid, expired or canceled at the provider. */
  state: z.enum(['open', 'canceling', 'ended']),
});
export type Invoice = z.output<typeof invoice>;

const fetchCall = z.object({
  /** Effect id, unique for ever. */
  effect: z.string(),
  kind: z.enum(['payment', 'invoice']),
  id: z.string(),
  /** News came while it was under way: look once more. */
  again: z.boolean(),
});
export type FetchCall = z.output<typeof fetchCall>;

const keptRow = z.object({
  /** Counts rows ever kept: names the timer. */
  n: z.number().int(),
  until: z.number(),
  page: actorId,
  document: z.string(),
  row: z.object({
    index: z.number().int(),
    type: rowType,
    paymentId: z.string().nullable(),
    currency: currencyCode,
    gross: minor,
    net: signedMinor,
    fee: minor,
    tax: minor,
  }),
  terms: z.object({
    feePolicy: z.enum(['platform', 'customer']),
    rates: z.array(z.object({ scheme: z.string(), percent: z.string(), fixed: minor })),
    vatPercent: z.string(),
    tolerance: minor,
    rowGraceMs: z.number(),
    windowDays: z.number(),
  }),
});
export type KeptRow = z.output<typeof keptRow>;

const verified = z.object({
  id: z.string(),
  invoiceId: z.string(),
  amount: minor,
  scheme: z.string().nullable(),
  /** The provider's estimate, VAT included; the settlement row says what was charged. */
  estimatedFee: minor,
  at: z.number(),
  /** Taken back by refund, void or failure, as known; and that part of it whose settlement rows came. Both only grow. */
  reversed: minor,
  reversedSettled: minor,
  /** Charged back; a chargeback is first known by its row. */
  chargedBack: minor,
  /** By when a settlement row is expected, from the moment it is owed. Not in snapshots of rules 1 and 2. */
  rowsWithinMs: z.number().default(ROWS_WITHIN_MS),
  /** The settlement row that paid it out. */
  settled: z.object({ document: z.string(), row: z.string(), gross: minor, fee: minor, tax: minor, at: z.number() }).nullable(),
});
export type VerifiedPayment = z.output<typeof verified>;

export const paymentState = z.object({
  topUpId: z.string(),
  /** The virtual account; null before `CreatePayment`. */
  account: actorId.nullable(),
  owner: z.string(),
  amount: minor,
  /** Empty before `CreatePayment`. */
  currency: z.union([currencyCode, z.literal('')]),
  description: z.string().nullable(),
  fingerprint: z.string(),
  createdAt: z.number(),
  status: topUpStatus,
  /** Invoices asked for; the open call is `create-<attempts>`. */
  attempts: z.number().int(),
  creating: z.boolean(),
  /** Oldest first; the newest open one is where the customer pays. */
  invoices: z.array(invoice).max(KNOWN_MAX),
  poll: z.object({ at: z.number(), everyMs: z.number(), count: z.number().int() }).nullable(),
  /** Fetches ever asked for. */
  fetchCount: z.number().int(),
  fetches: z.array(fetchCall).max(KNOWN_MAX),
  /** Webhook events seen last. */
  events: z.array(z.string()).max(EVENTS_MAX),
  /** Attempts of the customer that failed. */
  failures: z.array(z.object({ id: z.string(), message: z.string().nullable() })).max(KNOWN_MAX),
  /** The payment that funds the top-up, once verified. */
  payment: verified.nullable(),
  /** Further paid payments on our invoices: money nobody asked for. */
  others: z.array(z.string()).max(KNOWN_MAX),
  /** The rows that are missing are expected until then; `overdue`: a break says that they are late. Not in snapshots of rules 1 and 2. */
  owed: z.object({ until: z.number(), overdue: z.boolean() }).nullable().default(null),
  keptCount: z.number().int(),
  kept: z.array(keptRow).max(KEPT_ROWS_MAX),
});
export type PaymentState = Readonly<z.output<typeof paymentState>>;

export function initialPayment(topUpId: string): PaymentState {
  const request = {
    topUpId,
    account: null,
    owner: '',
    amount: 0n,
    currency: '' as const,
    description: null,
    fingerprint: '',
    createdAt: 0,
  };
  const calls = { attempts: 0, creating: false, invoices: [], poll: null, fetchCount: 0, fetches: [], events: [], failures: [] };
  return { ...request, status: 'awaiting_payment', ...calls, payment: null, others: [], owed: null, keptCount: 0, kept: [] };
}

/** Where the customer pays: the newest open invoice's page, or null while there is none. */
export function checkoutUrl(state: PaymentState): string | null {
  return state.invoices.findLast((one) => one.state === 'open')?.url ?? null;
}
