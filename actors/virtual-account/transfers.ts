/** Bank money of a virtual account: credits and their recalls, outgoings and their debits. Nothing of it is refused, it is sent on. */
import { accept, send } from '../../engine/actor.ts';
import type { Accepted } from '../../engine/actor.ts';
import { breakActor, breakMessages } from '../break/messages.ts';
import { post } from '../postings.ts';
import { moved, paidIn, smaller, takenBack } from './balance.ts';
import { bookedFor, exceeds, sentOn, takenFromBreak, toBreak, waitsFor } from './breaks.ts';
import type { Of } from './entry.ts';
import { note } from './notes.ts';
import { cut, lastOf, lastWith, transferOf, transferText } from './state.ts';
import type { RefusedCredit, VirtualAccountState } from './state.ts';

type Decided = Accepted<VirtualAccountState>;

export function credit(state: VirtualAccountState, entry: Of<'Credit'>): Decided {
  const reason = refusalOf(state, entry.body.currency);
  if (reason !== null) return refuseCredit(state, entry, reason);
  const { source, amount, currency, sender, narrative, valueDate, via } = entry.body;
  const { available, owing, legs } = paidIn(state, amount);
  const texts = { sender: sender === null ? null : cut(sender), narrative: cut(narrative) };
  const received = transferText({ source, amount, ...texts, valueDate, via, status: 'paid', at: entry.at });
  const next = { ...state, available, owing, transfers: lastWith(state.transfers, received) };
  return accept(next, {
    rows: post(currency, { debit: [{ account: 'in-transit', amount }], credit: legs }),
    note: note(next, { kind: 'transfer', amount, reference: source, counterparty: texts.sender, description: texts.narrative }),
  });
}

/** Why money for this account is not booked, or null when it is. */
function refusalOf(state: VirtualAccountState, currency: string): RefusedCredit['reason'] | null {
  if (state.status === 'unopened') return 'unattributed_credit';
  if (state.status !== 'active') return 'inactive_account_credit';
  return state.currency === currency ? null : 'currency_mismatch';
}

/** Sent on whole to a break that knows whose number it was. */
function refuseCredit(state: VirtualAccountState, entry: Of<'Credit'>, reason: RefusedCredit['reason']): Decided {
  const { source, sender, narrative, valueDate } = entry.body;
  const account = { account: entry.self, status: state.status, owner: state.owner, iban: state.iban };
  const evidence = { ...account, sender: cut(sender ?? ''), narrative: cut(narrative), valueDate };
  return sentOn(state, entry, { source, reason, narrative, evidence });
}

/** The bank took a credit back: from the balance, or, when this account refused it, from the break that holds it. A frozen account gives too. */
export function recall(state: VirtualAccountState, entry: Of<'RecallCredit'>): Decided {
  const { source, amount, currency, narrative } = entry.body;
  const from = waitsFor(state, entry.body);
  if (from !== null) return takenFromBreak(state, entry, { from, taken: entry.body });
  const balance = takenBack(state, amount);
  const received = state.transfers.map(transferOf);
  const booked = bookedFor(received, entry.body);
  const transfers = received.map((one) => transferText(one === booked ? { ...one, status: 'recalled' } : one));
  const next = { ...moved(state, balance), transfers };
  const short = { subject: source, amount: balance.owed, currency, evidence: { account: entry.self, recalled: amount.toString() } };
  return accept(next, {
    rows: post(currency, { debit: balance.legs, credit: [{ account: 'in-transit', amount }] }),
    sends: balance.owed > 0n ? [send(breakMessages, breakActor('reversal_exceeds_balance', source), exceeds(short))] : [],
    note: note(next, { kind: 'transfer_recalled', amount: -amount, reference: source, description: cut(narrative) }),
  });
}

/** The bank debit of an outgoing: its fee is ours, and what it leaves open stays outgoing. */
export function outgoingSettled(state: VirtualAccountState, entry: Of<'OutgoingSettled'>): Decided {
  const { reference, amount, currency, source } = entry.body;
  const open = state.outgoings.find((one) => one.reference === reference);
  if (open === undefined || state.currency !== currency) {
    const evidence = { account: entry.self, reference };
    return accept(state, { sends: [toBreak(entry, { reason: 'unexpected_debit', subject: source, money: 'debit', evidence })] });
  }
  const settled = smaller(amount, open.left);
  const changed = { ...open, left: open.left - settled };
  const others = state.outgoings.filter((one) => one !== open);
  const done = changed.left === 0n;
  const next = {
    ...state,
    outgoings: done ? others : state.outgoings.map((one) => (one === open ? changed : one)),
    settledOutgoings: done ? lastOf([...state.settledOutgoings, changed]) : state.settledOutgoings,
  };
  const debit = [
    { account: 'outgoing' as const, amount: settled },
    { account: 'platform-due' as const, amount: amount - settled },
  ];
  return accept(next, {
    rows: post(currency, { debit, credit: [{ account: 'in-transit', amount }] }),
    note: note(next, { kind: 'debit_settled', amount: -settled, reference, description: open.purpose }),
  });
}
