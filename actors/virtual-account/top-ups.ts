/**
 * Top-ups as the wallet sees them. The payment behind each decides its status; here it moves the balances.
 *
 * V1  What a top-up has pending is in exactly one of `topUps`, whatever its status says.
 * V2  A settlement makes available what is still pending, not what was once paid: refunds before it are gone from there already.
 */
import { accept, send } from '../../engine/actor.ts';
import type { Accepted } from '../../engine/actor.ts';
import { breakActor, breakMessages } from '../break/messages.ts';
import { paymentMessages } from '../payment/messages.ts';
import { post } from '../postings.ts';
import { moved, paidIn, smaller, takenBack } from './balance.ts';
import type { Moved } from './balance.ts';
import { exceeds, sentOn, takenFromBreak, waitsFor } from './breaks.ts';
import type { Of } from './entry.ts';
import { note } from './notes.ts';
import { findTopUp, isOpen, PENDING_TOP_UPS_MAX, withTopUp } from './state.ts';
import type { RefusedCredit, TopUp, VirtualAccountState } from './state.ts';

type Decided = Accepted<VirtualAccountState>;

/** The provider took the customer's money. A late payment opens an ended top-up again. */
export function topUpPending(state: VirtualAccountState, entry: Of<'TopUpPending'>): Decided {
  const { topUpId, amount, currency } = entry.body;
  const reason = refusalOf(state, entry.body);
  if (reason !== null) {
    const evidence = { topUpId, account: entry.self, status: state.status, openTopUps: state.topUps.length.toString() };
    return sentOn(state, entry, { source: topUpId, reason, narrative: null, evidence });
  }
  const known = findTopUp(state, topUpId) ?? unknownTopUp(topUpId, amount, entry.at);
  const next = withTopUp(state, { ...known, status: 'processing', pending: known.pending + amount, updatedAt: entry.at });
  return accept(next, {
    rows: post(currency, { debit: [{ account: 'in-transit', amount }], credit: [{ account: 'va-pending', amount }] }),
    note: note(next, { kind: 'top_up_pending', amount, reference: topUpId, description: known.description }),
  });
}

/** Why the money of a top-up is not booked, or null when it is. A frozen or retired account was open when its customer paid. */
function refusalOf(state: VirtualAccountState, { topUpId, currency }: Of<'TopUpPending'>['body']): RefusedCredit['reason'] | null {
  if (state.status === 'unopened') return 'unattributed_credit';
  if (state.currency !== currency) return 'currency_mismatch';
  return hasRoomFor(state, topUpId) ? null : 'status_conflict';
}

function hasRoomFor(state: VirtualAccountState, topUpId: string): boolean {
  return state.topUps.length < PENDING_TOP_UPS_MAX || state.topUps.some(({ id }) => id === topUpId);
}

/** Changes without money: failed, expired, canceled, or waiting again. What had money is not theirs to change. */
export function topUpStatusChanged(state: VirtualAccountState, { body, at }: Of<'TopUpStatusChanged'>): Decided {
  const known = findTopUp(state, body.topUpId);
  if (known === undefined || known.pending > 0n || known.credited > 0n || known.reversed > 0n) return accept(state);
  if (isOpen(body.status) && !hasRoomFor(state, body.topUpId)) return accept(state);
  return accept(withTopUp(state, { ...known, status: body.status, updatedAt: at }));
}

/** The settlement row came. Money in another currency waits in a break, and its fee stays with the company. */
export function topUpSettled(state: VirtualAccountState, entry: Of<'TopUpSettled'>): Decided {
  return state.currency === entry.body.currency ? settle(state, entry) : accept(state);
}

/** Pending p becomes available, less the fee f that the customer bears. */
function settle(state: VirtualAccountState, { body, at }: Of<'TopUpSettled'>): Decided {
  const { topUpId, fee, currency, row } = body;
  const known = findTopUp(state, topUpId) ?? unknownTopUp(topUpId, body.gross, at);
  const isKnown = state.topUps.some(({ id }) => id === topUpId);
  const { pending } = known;
  const balance = pending >= fee ? paidIn(state, pending - fee) : owedFor(state, fee - pending);
  const credited = pending > fee ? pending - fee : 0n;
  const ended: TopUp = {
    ...known,
    status: isOpen(known.status) ? 'paid' : known.status,
    pending: 0n,
    credited: known.credited + credited,
    updatedAt: at,
  };
  const paid = moved(state, balance);
  const next = isKnown ? withTopUp(paid, ended) : paid;
  const taken = [{ account: 'va-pending' as const, amount: pending }, ...(pending < fee ? balance.legs : [])];
  const given = [...(pending < fee ? [] : balance.legs), { account: 'in-transit' as const, amount: fee }];
  const told = { amount: pending - fee, fee, reference: topUpId, description: known.description };
  const collected = { type: 'FeeCollected' as const, id: `${row}/fee`, body: { amount: fee, currency, row } };
  return accept(next, {
    rows: post(currency, { debit: taken, credit: given }),
    sends: fee === 0n ? [] : [send(paymentMessages, `payment:${topUpId}`, collected)],
    note: pending === 0n && fee === 0n ? null : note(next, { ...told, kind: pending === 0n ? 'fee' : 'top_up' }),
  });
}

/** A fee larger than what is pending is owed, whatever the balance: only reversals reach into it. */
function owedFor(state: VirtualAccountState, amount: bigint): Moved {
  return { available: state.available, owing: state.owing + amount, legs: [{ account: 'va-owing', amount }], owed: amount };
}

/** The provider took money back: what is pending first, then the balance, and what is not there any more is owed. */
export function topUpReversed(state: VirtualAccountState, entry: Of<'TopUpReversed'>): Decided {
  const { body, at } = entry;
  const { topUpId, amount, currency, cause, status } = body;
  const taken = { source: topUpId, amount, currency, narrative: null };
  const from = waitsFor(state, taken);
  if (from !== null) return takenFromBreak(state, entry, { from, taken });
  const known = findTopUp(state, topUpId) ?? unknownTopUp(topUpId, amount, at);
  const unsettled = smaller(amount, known.pending);
  const balance = takenBack(state, amount - unsettled);
  const changed: TopUp = { ...known, status, pending: known.pending - unsettled, reversed: known.reversed + amount, updatedAt: at };
  const less = moved(state, balance);
  const next = isOpen(status) && !hasRoomFor(state, topUpId) ? less : withTopUp(less, changed);
  const debit = [{ account: 'va-pending' as const, amount: unsettled }, ...balance.legs];
  const short = { subject: topUpId, amount: balance.owed, currency, evidence: { topUpId, cause, reversed: amount.toString() } };
  return accept(next, {
    rows: post(currency, { debit, credit: [{ account: 'in-transit', amount }] }),
    sends: balance.owed > 0n ? [send(breakMessages, breakActor('reversal_exceeds_balance', topUpId), exceeds(short))] : [],
    note: note(next, { kind: 'top_up_reversed', amount: -amount, reference: topUpId, description: cause }),
  });
}

/** A top-up that fell out of the last ended ones; its payment still knows all of it. */
function unknownTopUp(id: string, amount: bigint, at: number): TopUp {
  const money = { amount, pending: 0n, credited: 0n, reversed: 0n };
  return { id, status: 'processing', ...money, description: null, fingerprint: '', createdAt: at, updatedAt: at };
}
