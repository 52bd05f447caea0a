/** Messages to a payment as tests write them: a top-up of 49.90 SAR by mada, and the world around it. */
import type { ProviderPayment, SettlementRow, SettlementTerms } from '../messages.ts';
import { T0 } from '../../testing/scenario.ts';

export const SELF = 'payment:t1' as const;
export const ACCOUNT = 'virtual-account:123170000000017' as const;
export const PAGE = 'settlement-page:moyasar:doc:1' as const;
export const GROSS = 4990n;
export const HOUR = 3_600_000;
export const POLL = 5000;
/** The provider settles within so much. */
export const ROWS_WITHIN = 100 * HOUR;

export const created = (over: { amount?: bigint; fingerprint?: string; description?: string | null } = {}) => ({
  type: 'CreatePayment' as const,
  body: { account: ACCOUNT, owner: 'alice', amount: GROSS, currency: 'SAR', description: null, fingerprint: 'f1', ...over },
});

export const invoiced = (invoiceId = 'inv-1', effect = 'create-1') => ({
  type: 'InvoiceCreated' as const,
  body: { effect, invoiceId, url: `https://checkout.example/${invoiceId}`, expiresAt: T0 + HOUR, pollEveryMs: POLL },
});

export const invoiceFound = (invoiceId = 'inv-1') => ({
  type: 'InvoiceFound' as const,
  body: { invoiceId, url: `https://checkout.example/${invoiceId}`, expiresAt: T0 + HOUR },
});

export const canceled = (invoiceId = 'inv-1') => ({
  type: 'InvoiceCanceled' as const,
  body: { effect: `cancel-${invoiceId}`, invoiceId },
});

export const hint = (eventId = 'e1', paymentId = 'p1') => ({
  type: 'ProviderHint' as const,
  body: { eventId, eventType: 'payment_paid', paymentId },
});

export const payment = (over: Partial<ProviderPayment> = {}): ProviderPayment => ({
  id: 'p1',
  status: 'paid',
  amount: GROSS,
  currency: 'SAR',
  refunded: 0n,
  fee: 170n,
  invoiceId: 'inv-1',
  scheme: 'mada',
  message: null,
  ...over,
});

/** The answer to the n-th fetch ever asked for. */
export const fetched = (seen: ProviderPayment | null = payment(), n = 1) => {
  const paymentId = seen?.id ?? 'p1';
  return {
    type: 'PaymentFetched' as const,
    body: { effect: `fetch-${paymentId}-${n}`, paymentId, payment: seen, rowsWithinMs: ROWS_WITHIN },
  };
};

type InvoiceStatus = 'initiated' | 'paid' | 'failed' | 'refunded' | 'canceled' | 'on_hold' | 'expired' | 'voided';

export const invoiceFetched = (status: InvoiceStatus, payments: ProviderPayment[] = [], { n = 1, invoiceId = 'inv-1' } = {}) => ({
  type: 'InvoiceFetched' as const,
  body: { effect: `fetch-${invoiceId}-${n}`, invoiceId, status, payments, rowsWithinMs: ROWS_WITHIN },
});

export const terms = (over: Partial<SettlementTerms> = {}): SettlementTerms => ({
  feePolicy: 'platform',
  rates: [
    { scheme: 'mada', percent: '1', fixed: 100n },
    { scheme: '*', percent: '2.75', fixed: 100n },
  ],
  vatPercent: '15',
  tolerance: 1n,
  rowGraceMs: HOUR,
  windowDays: 7,
  ...over,
});

/** 49.90 by mada: 1 % is 0.50, + 1.00, + 15 % VAT of 1.50 = 0.23: 1.73. */
export const row = (over: Partial<SettlementRow> = {}): SettlementRow => ({
  index: 0,
  type: 'payment',
  paymentId: 'p1',
  currency: 'SAR',
  gross: GROSS,
  net: 4817n,
  fee: 173n,
  tax: 23n,
  ...over,
});

export const rowSettled = (over: Partial<SettlementRow> = {}, agreed: Partial<SettlementTerms> = {}) => ({
  type: 'RowSettled' as const,
  body: { page: PAGE, document: 'doc', row: row(over), terms: terms(agreed) },
});

export const refundRow = (gross: bigint, over: Partial<SettlementRow> = {}) =>
  rowSettled({ index: 1, type: 'refund', gross, net: -gross, fee: 0n, tax: 0n, ...over });

export const due = (key: string, at: number) => ({ type: 'TimerDue' as const, body: { key, at }, at });

export const exhausted = (effect: string) => ({
  type: 'EffectExhausted' as const,
  body: { effect, type: 'moyasar.call', code: 'moyasar_unavailable', message: 'no answer' },
});

/** Paid and verified by a webhook. */
export const verified = () => [created(), invoiced(), hint(), fetched()];
