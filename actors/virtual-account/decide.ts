/** The rules of a virtual account: what clients and operators may do, in the order in which it is refused; money messages always pass. */
import { accept, defineKind, refuse, send } from '../../engine/actor.ts';
import type { Carried, Decision, Entry } from '../../engine/actor.ts';
import { paymentMessages } from '../payment/messages.ts';
import { carrying, move } from '../postings.ts';
import { referenceMessages } from '../reference/messages.ts';
import type { Message, Of } from './entry.ts';
import { virtualAccountMessages } from './messages.ts';
import { note } from './notes.ts';
import {
  accountFigures,
  AMOUNT_MAX,
  findTopUp,
  initialVirtualAccount,
  OPEN_OUTGOINGS_MAX,
  OPEN_TOP_UPS_MAX,
  TOP_UP_MIN,
  virtualAccountState,
  withTopUp,
} from './state.ts';
import type { TopUp, VirtualAccountRefusal, VirtualAccountState } from './state.ts';
import { topUpPending, topUpReversed, topUpSettled, topUpStatusChanged } from './top-ups.ts';
import { credit, outgoingSettled, recall } from './transfers.ts';

type Decided = Decision<VirtualAccountState, VirtualAccountRefusal>;

/** What clients and operators ask for may be refused; facts from other actors have happened. */
function decide(state: VirtualAccountState, entry: Entry<Message>): Decided {
  switch (entry.type) {
    case 'OpenAccount':
      return open(state, entry);
    case 'RequestTopUp':
      return requestTopUp(state, entry);
    case 'Debit':
      return debit(state, entry);
    case 'SetStatus':
      return setStatus(state, entry);
    case 'TopUpPending':
      return topUpPending(state, entry);
    case 'TopUpStatusChanged':
      return topUpStatusChanged(state, entry);
    case 'TopUpSettled':
      return topUpSettled(state, entry);
    case 'TopUpReversed':
      return topUpReversed(state, entry);
    case 'Credit':
      return credit(state, entry);
    case 'RecallCredit':
      return recall(state, entry);
    case 'OutgoingSettled':
      return outgoingSettled(state, entry);
  }
}

/** A number is given to one owner, once. */
function open(state: VirtualAccountState, { body, at }: Of<'OpenAccount'>): Decided {
  return accept(state.status === 'unopened' ? { ...state, ...body, status: 'active', createdAt: at } : state);
}

function requestTopUp(state: VirtualAccountState, { body, at, self }: Of<'RequestTopUp'>): Decided {
  const { topUpId, owner, amount, currency, description, fingerprint } = body;
  const first = findTopUp(state, topUpId);
  if (state.status === 'unopened' || state.owner !== owner) return refuse('wallet_not_found');
  if (first !== undefined && first.fingerprint !== fingerprint) return refuse('idempotency_key_reused');
  if (first !== undefined) return accept(state, { answer: topUpAnswer(first, currency) });
  if (state.status === 'retired') return refuse('account_retired');
  if (state.status === 'frozen') return refuse('account_frozen');
  if (currency !== state.currency) return refuse('currency_mismatch');
  if (amount < TOP_UP_MIN || amount > AMOUNT_MAX) return refuse('amount_out_of_range');
  if (state.topUps.length >= OPEN_TOP_UPS_MAX) return refuse('too_many_open_top_ups');
  // From here on the top-up is requested.
  const money = { amount, pending: 0n, credited: 0n, reversed: 0n };
  const topUp: TopUp = { id: topUpId, status: 'awaiting_payment', ...money, description, fingerprint, createdAt: at, updatedAt: at };
  const created = { account: self, owner, amount, currency, description, fingerprint };
  return accept(withTopUp(state, topUp), {
    sends: [send(paymentMessages, `payment:${topUpId}`, { type: 'CreatePayment', body: created })],
    answer: topUpAnswer(topUp, currency),
  });
}

function topUpAnswer({ id, status, amount, createdAt }: TopUp, currency: string) {
  return { id, status, amount, currency, createdAt };
}

function debit(state: VirtualAccountState, { body, at, self }: Of<'Debit'>): Decided {
  const { amount, currency, reference, purpose, by } = body;
  const used = [...state.outgoings, ...state.settledOutgoings].some((one) => one.reference === reference);
  if (state.status === 'unopened') return refuse('wallet_not_found');
  if (state.status === 'retired') return refuse('account_retired');
  if (state.status === 'frozen') return refuse('account_frozen');
  if (currency !== state.currency) return refuse('currency_mismatch');
  if (amount < 1n || amount > AMOUNT_MAX) return refuse('amount_out_of_range');
  if (used) return refuse('reference_already_used');
  if (state.outgoings.length >= OPEN_OUTGOINGS_MAX) return refuse('too_many_open_outgoings');
  if (amount > state.available) return refuse('insufficient_balance', { available: state.available });
  // From here on the money leaves the wallet.
  const outgoing = { reference, amount, left: amount, purpose, by, at };
  const next = { ...state, available: state.available - amount, outgoings: [...state.outgoings, outgoing] };
  return accept(next, {
    rows: move(currency, amount, { debit: 'va', credit: 'outgoing' }),
    sends: [send(referenceMessages, `reference:anb:outgoing:${reference}`, { type: 'Bind', body: { to: self } })],
    answer: { reference, amount, currency, available: next.available, createdAt: at },
    note: note(next, { kind: 'debit', amount: -amount, reference, description: purpose }),
  });
}

function setStatus(state: VirtualAccountState, { body: { status } }: Of<'SetStatus'>): Decided {
  if (state.status === 'unopened') return refuse('wallet_not_found');
  if (state.status === 'retired' && status !== 'retired') return refuse('account_retired');
  // Retired is for ever, and a retired wallet cannot be debited: what it still holds would be out of its customer's reach.
  if (state.status !== 'retired' && status === 'retired' && accountFigures(state).length > 0) return refuse('balance_not_zero');
  return accept({ ...state, status }, { answer: { status } });
}

function carries({ type, body }: Message): Carried | null {
  switch (type) {
    case 'TopUpPending':
    case 'Credit':
      return carrying(body.currency, body.amount);
    case 'TopUpReversed':
    case 'RecallCredit':
    case 'OutgoingSettled':
      return carrying(body.currency, -body.amount);
    case 'OpenAccount':
    case 'RequestTopUp':
    case 'TopUpStatusChanged':
    case 'TopUpSettled':
    case 'Debit':
    case 'SetStatus':
      return null;
  }
}

export const virtualAccount = defineKind({
  name: 'virtual-account',
  role: 'wallet',
  rules: 2,
  messages: virtualAccountMessages,
  state: virtualAccountState,
  initial: initialVirtualAccount,
  decide,
  carries,
  figures: accountFigures,
});
