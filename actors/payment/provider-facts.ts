/**
 * What the provider says of a payment, and what follows.
 *
 * P3  Only a re-fetched payment counts, and only if its invoice, currency and amount are those of the top-up.
 * P4  One payment funds a top-up; a further paid one is a conflict, and its rows are answered here.
 * P5  What was taken back only grows: a provider that says less than it said before is a conflict, and nothing is credited again.
 *     Refunds and chargebacks together never take more than was paid.
 */
import { send } from '../../engine/actor.ts';
import type { Send } from '../../engine/actor.ts';
import type { ActorId } from '../../engine/message.ts';
import type { BreakReason } from '../break/messages.ts';
import { move } from '../postings.ts';
import { referenceMessages } from '../reference/messages.ts';
import { virtualAccountMessages } from '../virtual-account/messages.ts';
import type { TopUpStatus } from '../virtual-account/messages.ts';
import { PROVIDER } from './messages.ts';
import type { ProviderPayment } from './messages.ts';
import { KNOWN_MAX } from './state.ts';
import type { PaymentState, VerifiedPayment } from './state.ts';
import { findingOf, step, then } from './step.ts';
import type { Answer, Facts, Step } from './step.ts';

export const RECEIVABLE = `psp-receivable:${PROVIDER}` as const;

export type Cause = 'refund' | 'void' | 'failure' | 'chargeback';

/** The payment as re-fetched: verified once, then followed. */
export function observe(state: PaymentState, seen: ProviderPayment, facts: Answer): Step {
  if (state.payment === null) return verify(state, seen, facts);
  return seen.id === state.payment.id ? follow(state, seen, facts) : further(state, seen, facts);
}

/** Whether the customer's money was taken, even if it was given back since. */
export function tookMoney({ status }: ProviderPayment): boolean {
  return status === 'paid' || status === 'captured' || status === 'refunded' || status === 'voided';
}

/** Why a payment that took money does not fund this top-up; null when it does. */
export function mismatchOf(state: PaymentState, seen: ProviderPayment): BreakReason | null {
  if (!state.invoices.some(({ id }) => id === seen.invoiceId)) return 'unknown_payment';
  if (seen.currency !== state.currency) return 'currency_mismatch';
  return seen.amount === state.amount ? null : 'payment_amount_mismatch';
}

function verify(state: PaymentState, seen: ProviderPayment, facts: Answer): Step {
  if (!tookMoney(seen)) return step(seen.status === 'failed' ? withFailure(state, seen) : state);
  const mismatch = mismatchOf(state, seen);
  if (mismatch !== null) return step(state, [...boundAllTheSame(mismatch, seen, facts), conflict(mismatch, state, seen)]);
  const { id, invoiceId, amount, currency, scheme, fee } = seen;
  const { at, rowsWithinMs } = facts;
  const totals = { reversed: 0n, reversedSettled: 0n, chargedBack: 0n, settled: null };
  const payment: VerifiedPayment = { id, invoiceId: invoiceId ?? '', amount, scheme, estimatedFee: fee, at, rowsWithinMs, ...totals };
  const paid = { ...state, payment, status: 'processing' as const, poll: null, invoices: settledInvoices(state, invoiceId) };
  const pending = { type: 'TopUpPending' as const, id: `${facts.topUpId}/pending`, body: { topUpId: facts.topUpId, amount, currency } };
  const sends = [send(virtualAccountMessages, accountOf(state), pending), bindPayment(id, facts.self)];
  const verified = step(paid, sends, move(currency, amount, { debit: RECEIVABLE, credit: 'in-transit' }));
  return then(verified, (next) => follow(next, seen, facts));
}

/** Wrong, but on our invoice: its settlement row shall come here and be judged, not wait for an owner who never comes. */
function boundAllTheSame(mismatch: BreakReason, { id }: ProviderPayment, { self }: Facts): Send[] {
  return mismatch === 'unknown_payment' ? [] : [bindPayment(id, self)];
}

/** The paid invoice has ended; others that are open must not be paid too. */
function settledInvoices(state: PaymentState, paidId: string | null): PaymentState['invoices'] {
  return state.invoices.map((one) => {
    if (one.id === paidId) return { ...one, state: 'ended' };
    return one.state === 'open' ? { ...one, state: 'canceling' } : one;
  });
}

/** Refunds, voids and failures, by the growth of the provider's total. */
function follow(state: PaymentState, seen: ProviderPayment, facts: Facts): Step {
  const { payment } = state;
  if (payment === null) return step(state);
  if (seen.currency !== state.currency) return step(state, [conflict('currency_mismatch', state, seen)]);
  const total = takenBackOf(seen);
  if (seen.amount !== payment.amount || total > payment.amount) return step(state, [conflict('payment_amount_mismatch', state, seen)]);
  const growth = total - payment.reversed;
  if (growth === 0n) return step(state);
  if (growth < 0n) return step(state, [conflict('status_conflict', state, seen)]); // paid after refunded
  if (seen.status === 'voided' && payment.settled !== null) return step(state, [conflict('status_conflict', state, seen)]);
  if (total + payment.chargedBack > payment.amount) return step(state, [conflict('status_conflict', state, seen)]); // charged back before
  return reverse(state, { amount: growth, cause: causeOf(seen) }, facts);
}

function takenBackOf({ status, amount, refunded }: ProviderPayment): bigint {
  if (status === 'voided' || status === 'failed') return amount;
  return status === 'refunded' && refunded === 0n ? amount : refunded;
}

function causeOf({ status }: ProviderPayment): Cause {
  if (status === 'voided') return 'void';
  return status === 'failed' ? 'failure' : 'refund';
}

/** Money goes back to the customer's card: the provider owes us less, the wallet learns it. */
export function reverse(state: PaymentState, { amount, cause }: { amount: bigint; cause: Cause }, facts: Facts): Step {
  const { payment, currency } = state;
  if (payment === null) return step(state);
  const charged = cause === 'chargeback' ? amount : 0n;
  const changed = { ...payment, reversed: payment.reversed + amount - charged, chargedBack: payment.chargedBack + charged };
  const status = statusAfter(state.status, changed, cause);
  const total = changed.reversed + changed.chargedBack;
  const { topUpId } = facts;
  const reversed = {
    type: 'TopUpReversed' as const,
    id: `${topUpId}/reversed/${total}`,
    body: { topUpId, amount, currency, cause, status },
  };
  return step(
    { ...state, payment: changed, status },
    [send(virtualAccountMessages, accountOf(state), reversed)],
    move(currency, amount, { debit: 'in-transit', credit: RECEIVABLE }),
  );
}

/** A part that was taken back does not end the top-up. */
function statusAfter(status: TopUpStatus, { reversed, amount }: VerifiedPayment, cause: Cause): TopUpStatus {
  if (cause === 'chargeback') return 'charged_back';
  if (reversed < amount) return status;
  return cause === 'failure' ? 'failed' : 'refunded';
}

/** Another payment on our invoices: when it took money, somebody paid twice. */
function further(state: PaymentState, seen: ProviderPayment, facts: Facts): Step {
  if (!tookMoney(seen)) return step(seen.status === 'failed' ? withFailure(state, seen) : state);
  if (state.others.includes(seen.id)) return step(state);
  const others = [...state.others, seen.id].slice(-KNOWN_MAX);
  return step({ ...state, others }, [bindPayment(seen.id, facts.self), conflict('status_conflict', state, seen)]);
}

function withFailure(state: PaymentState, { id, message }: ProviderPayment): PaymentState {
  const others = state.failures.filter((one) => one.id !== id);
  return { ...state, failures: [...others, { id, message: message?.slice(0, 200) ?? null }].slice(-KNOWN_MAX) };
}

function bindPayment(id: string, self: ActorId) {
  return send(referenceMessages, `reference:${PROVIDER}:payment:${id}`, { type: 'Bind', body: { to: self } });
}

function conflict(reason: BreakReason, state: PaymentState, seen: ProviderPayment) {
  const { id, status, amount, currency, refunded, invoiceId } = seen;
  const ours = { topUpAmount: state.amount.toString(), topUpCurrency: state.currency, topUpStatus: state.status };
  const theirs = { payment: id, status, amount: amount.toString(), currency, refunded: refunded.toString(), invoice: invoiceId ?? 'none' };
  const known = { fundedBy: state.payment?.id ?? 'none', reversed: (state.payment?.reversed ?? 0n).toString() };
  return findingOf({ reason, subject: id, severity: 'high', amount, currency, evidence: { ...theirs, ...ours, ...known } });
}

/** The wallet's account; a payment that nobody created asks no provider and so learns no facts. */
export function accountOf({ account }: PaymentState): ActorId {
  if (account === null) throw new Error('a payment without an account learned a fact');
  return account;
}
