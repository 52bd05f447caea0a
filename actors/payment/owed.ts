/**
 * Settlement rows that are still owed.
 *
 * P11  A verified payment whose rows do not yet add up to what is known of it expects one within the provider's calendar. When that time is
 *      over a break says so, without money; whatever makes the sum right closes it, however late. Nothing expires.
 */
import { send } from '../../engine/actor.ts';
import type { ActorId } from '../../engine/message.ts';
import { breakActor, breakMessages } from '../break/messages.ts';
import { receivableOf } from './calls.ts';
import { size } from './fees.ts';
import type { Of } from './entry.ts';
import type { PaymentState, VerifiedPayment } from './state.ts';
import { findingOf, step } from './step.ts';
import type { Step } from './step.ts';

/** The key of the timer. */
export const OWED_TIMER = 'owed';

/** After every decision: the wait begins, ends, or turns round when a payment is settled whose refund has no row yet. */
export function watchOwed(before: PaymentState, decided: Step, at: number): Step {
  const { payment } = decided.state;
  if (payment === null || isSameWait(before, decided.state)) return decided;
  const { owed: waited } = before;
  const owed = receivableOf(decided.state) === 0n ? null : { until: at + payment.rowsWithinMs, overdue: false };
  const sends = waited?.overdue === true ? [...decided.sends, closed(payment)] : decided.sends;
  return { ...decided, state: { ...decided.state, owed }, sends };
}

/** Also true while nothing is owed. A snapshot of former rules may owe a row without knowing since when: its wait begins now. */
function isSameWait(before: PaymentState, after: PaymentState): boolean {
  const [was, is] = [receivableOf(before), receivableOf(after)];
  if (is === 0n) return before.owed === null;
  return before.owed !== null && was > 0n === is > 0n && was < 0n === is < 0n;
}

/** A timer that was moved meanwhile is none. */
export function owedDue(state: PaymentState, { body }: Of<'TimerDue'>, topUpId: string): Step {
  const { owed, payment, currency } = state;
  if (payment === null || owed === null || owed.overdue || body.at < owed.until) return step(state);
  const open = receivableOf(state);
  const evidence = {
    payment: payment.id,
    topUp: topUpId,
    missing: open > 0n ? 'payment row' : 'refund row',
    verifiedAt: new Date(payment.at).toISOString(),
    expectedBy: new Date(owed.until).toISOString(),
  };
  const overdue = { ...state, owed: { ...owed, overdue: true } };
  const { id: subject } = payment;
  return step(overdue, [findingOf({ reason: 'settlement_overdue', subject, severity: 'medium', amount: size(open), currency, evidence })]);
}

function closed({ id }: VerifiedPayment) {
  const to: ActorId = breakActor('settlement_overdue', id);
  return send(breakMessages, to, { type: 'CloseBreak', body: { because: 'nothing is missing for this payment any more' } });
}
