import { Refusal } from '../control/refusal.ts';
import { companyOf, masked, type CardOutcome } from './cards.ts';
import { paymentFee, refundFee } from './fees.ts';
import { emit, timestamp, type MoyasarState, type PaymentRecord } from './state.ts';
import { formatAmount, type Metadata, type Payment, type PaymentSource } from './wire.ts';

/** How often the merchant hears of it: 0 is never. */
export interface Telling {
  copies: number;
}
export const ONCE: Telling = { copies: 1 };

export interface NewPayment {
  id?: string | undefined;
  amount: number;
  currency: string;
  live: boolean;
  card: { number: string; name: string | null; type?: string | undefined };
  description?: string | null | undefined;
  invoiceId?: string | null | undefined;
  callbackUrl?: string | null | undefined;
  metadata?: Metadata | null | undefined;
}

/** A payment that waits for its customer. */
export function initiate(state: MoyasarState, of: NewPayment): PaymentRecord {
  const id = of.id ?? state.random.uuid();
  const now = timestamp(state);
  const company = companyOf(of.card.number);
  const { fee } = paymentFee(state.fees, company, of.amount);
  const payment: Payment = {
    id,
    status: 'initiated',
    amount: of.amount,
    fee,
    currency: of.currency,
    refunded: 0,
    refunded_at: null,
    captured: 0,
    captured_at: null,
    voided_at: null,
    description: of.description ?? null,
    amount_format: formatAmount(of.amount, of.currency),
    fee_format: formatAmount(fee, of.currency),
    refunded_format: formatAmount(0, of.currency),
    captured_format: formatAmount(0, of.currency),
    invoice_id: of.invoiceId ?? null,
    ip: '203.0.113.7',
    callback_url: of.callbackUrl ?? null,
    created_at: now,
    updated_at: now,
    metadata: of.metadata ?? null,
    source: sourceOf(state, of, id),
  };
  const record: PaymentRecord = { payment, live: of.live, settledIn: null, due: [] };
  state.payments.set(id, record);
  return record;
}

function sourceOf(state: MoyasarState, { card }: NewPayment, id: string): PaymentSource {
  const company = companyOf(card.number);
  return {
    type: card.type ?? 'creditcard',
    company,
    name: card.name,
    number: masked(card.number),
    gateway_id: `moyasar_cc_${id.replaceAll('-', '').slice(0, 22)}`,
    reference_number: `6${state.random.digits(11)}`,
    token: null,
    message: null,
    transaction_url: `${state.url()}/v1/card_auth/${id}/prepare`,
    response_code: null,
    authorization_code: null,
    issuer_name: 'TEST BANK',
    issuer_country: 'SA',
    issuer_card_type: company === 'mada' ? 'debit' : 'credit',
    issuer_card_category: 'CLASSIC',
  };
}

/** The customer's bank has answered. A declined card is a failed payment, never an error. */
export function finish(state: MoyasarState, record: PaymentRecord, of: { outcome: CardOutcome; manual?: boolean; tell?: Telling }): void {
  const { payment } = record;
  const { outcome, manual = false, tell = ONCE } = of;
  const approved = manual ? 'authorized' : 'paid';
  payment.status = outcome.approved ? approved : 'failed';
  payment.source.message = outcome.message;
  payment.source.response_code = outcome.code;
  payment.source.authorization_code = outcome.approved ? state.random.digits(6) : null;
  changed(state, record, tell);
}

/** Gives money back: all that is left, or a part. The original fee is kept and a flat one comes on top. */
export function refund(state: MoyasarState, record: PaymentRecord, of: { amount?: number | undefined; tell?: Telling } = {}): void {
  const { payment } = record;
  const taken = payment.captured > 0 ? payment.captured : payment.amount;
  const left = taken - payment.refunded;
  const amount = of.amount ?? left;
  if (!['paid', 'captured', 'refunded'].includes(payment.status))
    throw new Refusal(400, `Cannot refund a payment that is ${payment.status}`);
  if (left <= 0) throw new Refusal(400, 'Payment is already refunded');
  if (amount < 1 || amount > left)
    throw new Refusal(400, 'Validation Failed', { amount: ['must be less than or equal to the remaining amount'] });
  const now = timestamp(state);
  payment.refunded += amount;
  payment.refunded_at = now;
  payment.refunded_format = formatAmount(payment.refunded, payment.currency);
  payment.status = 'refunded';
  const { fee, tax } = refundFee(state.fees);
  const sign = state.options.refundSign === 'negative' ? -1 : 1;
  record.due.push({
    ...rowHead(payment),
    type: 'refund',
    payment_amount: sign * amount,
    amount: -(amount + fee),
    fee,
    tax,
    refunded_at: now,
  });
  const invoice = payment.invoice_id === null ? undefined : state.invoices.get(payment.invoice_id);
  if (invoice) invoice.invoice.status = 'refunded';
  changed(state, record, of.tell ?? ONCE);
}

/** Undoes a payment that no settlement holds yet; it will not be in one. */
export function voidPayment(state: MoyasarState, record: PaymentRecord, tell: Telling = ONCE): void {
  const { payment } = record;
  if (!['paid', 'authorized', 'captured'].includes(payment.status))
    throw new Refusal(400, `Cannot void a payment that is ${payment.status}`);
  if (record.settledIn !== null) throw new Refusal(400, 'Payment is already settled and cannot be voided');
  payment.status = 'voided';
  payment.voided_at = timestamp(state);
  const invoice = payment.invoice_id === null ? undefined : state.invoices.get(payment.invoice_id);
  if (invoice) invoice.invoice.status = 'voided';
  changed(state, record, tell);
}

/** Takes what was authorised, or a part of it; the rest is released. */
export function capture(state: MoyasarState, record: PaymentRecord, of: { amount?: number | undefined; tell?: Telling } = {}): void {
  const { payment } = record;
  const amount = of.amount ?? payment.amount;
  if (payment.status !== 'authorized') throw new Refusal(400, `Cannot capture a payment that is ${payment.status}`);
  if (amount < 1 || amount > payment.amount)
    throw new Refusal(400, 'Validation Failed', { amount: ['must be less than or equal to the authorized amount'] });
  payment.status = 'captured';
  payment.captured = amount;
  payment.captured_at = timestamp(state);
  payment.captured_format = formatAmount(amount, payment.currency);
  changed(state, record, of.tell ?? ONCE);
}

/** The bank's customer disputes: two rows in the next settlement and no event of their own. */
export function chargeBack(
  state: MoyasarState,
  record: PaymentRecord,
  of: { amount?: number | undefined; penalty?: number | undefined },
): void {
  const { payment } = record;
  const amount = of.amount ?? payment.amount;
  const now = timestamp(state);
  record.due.push({ ...rowHead(payment), type: 'chargeback', payment_amount: amount, amount: -amount, fee: 0, tax: 0, created_at: now });
  if (!of.penalty) return;
  record.due.push({
    ...rowHead(payment),
    type: 'chargeback_penalty',
    payment_amount: 0,
    amount: -of.penalty,
    fee: of.penalty,
    tax: 0,
    created_at: now,
  });
}

/** The part of a settlement row that every kind has. */
export function rowHead({ id, currency, source }: Payment): {
  payment_id: string;
  currency: string;
  reference_number: string;
  source: string;
} {
  return { payment_id: id, currency, reference_number: source.reference_number, source: source.type };
}

/** Stamps a change and tells the merchant of the payment's new status. */
export function changed(state: MoyasarState, { payment, live }: PaymentRecord, tell: Telling): void {
  payment.updated_at = timestamp(state);
  const misspelt = payment.status === 'failed' && state.options.misspellFailed === true;
  emit(state, { type: misspelt ? 'payment_faild' : `payment_${payment.status}`, data: payment, live }, tell.copies);
}
