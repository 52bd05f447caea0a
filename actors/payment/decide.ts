/** The rules of a payment: one top-up's life at the provider. Nothing that is said to it is refused: they are facts. */
import { accept, defineKind } from '../../engine/actor.ts';
import type { Accepted, Carried, Entry } from '../../engine/actor.ts';
import { idOf } from '../../engine/message.ts';
import { carrying } from '../postings.ts';
import { figures, openEffects, timers, withFetch, withoutFetch } from './calls.ts';
import type { Message, Of } from './entry.ts';
import { createPayment, effectExhausted, invoiceCanceled, invoiceCreated, invoiceFetched, invoiceFound, pollDue } from './invoices.ts';
import { paymentMessages, rowSign } from './messages.ts';
import { OWED_TIMER, owedDue, watchOwed } from './owed.ts';
import { observe } from './provider-facts.ts';
import { feeCollected, giveUp, letGo, letGoUnknown, rowSettled } from './rows.ts';
import { EVENTS_MAX, initialPayment, paymentState } from './state.ts';
import type { PaymentState } from './state.ts';
import { step, then } from './step.ts';
import type { Facts, Step } from './step.ts';

function decide(state: PaymentState, entry: Entry<Message>): Accepted<PaymentState> {
  const facts = { self: entry.self, topUpId: idOf(entry.self), at: entry.at };
  const { state: next, rows, sends } = watchOwed(state, take(state, entry, facts), entry.at);
  return accept(next, { rows, sends });
}

function take(state: PaymentState, entry: Entry<Message>, facts: Facts): Step {
  if (isOfInvoice(entry)) return takeOfInvoice(state, entry, facts);
  switch (entry.type) {
    case 'CreatePayment':
      return createPayment(state, entry, facts);
    case 'PaymentFetched':
      return paymentFetched(state, entry, facts);
    case 'ProviderHint':
      return providerHint(state, entry);
    case 'RowSettled':
      return rowSettled(state, entry.body, facts);
    case 'FeeCollected':
      return step(state, [], feeCollected(entry.body.currency, entry.body.amount));
    case 'TimerDue':
      return timerDue(state, entry, facts);
    case 'EffectExhausted':
      return effectExhausted(state, entry, facts);
  }
}

function timerDue(state: PaymentState, entry: Of<'TimerDue'>, { topUpId }: Facts): Step {
  const { key } = entry.body;
  if (key === 'poll') return pollDue(state, entry);
  return key === OWED_TIMER ? owedDue(state, entry, topUpId) : giveUp(state, key);
}

type OfInvoice = Of<'InvoiceCreated' | 'InvoiceFound' | 'InvoiceCanceled' | 'InvoiceFetched'>;

function isOfInvoice(entry: Entry<Message>): entry is OfInvoice {
  return entry.type.startsWith('Invoice');
}

function takeOfInvoice(state: PaymentState, entry: OfInvoice, facts: Facts): Step {
  switch (entry.type) {
    case 'InvoiceCreated':
      return invoiceCreated(state, entry, facts);
    case 'InvoiceFound':
      return invoiceFound(state, entry.body);
    case 'InvoiceCanceled':
      return invoiceCanceled(state, entry.body.invoiceId);
    case 'InvoiceFetched':
      return invoiceFetched(state, entry, facts);
  }
}

/** A webhook says that there is something to see; what it says is not looked at. */
function providerHint(state: PaymentState, { body }: Of<'ProviderHint'>): Step {
  if (state.account === null || state.events.includes(body.eventId)) return step(state);
  const events = [...state.events, body.eventId].slice(-EVENTS_MAX);
  return step(withFetch({ ...state, events }, 'payment', body.paymentId));
}

/** Null: the provider does not know the payment, or knows it in the other mode. Another payment than was asked for is not looked at. */
function paymentFetched(state: PaymentState, { body }: Of<'PaymentFetched'>, facts: Facts): Step {
  const { effect, paymentId, payment, rowsWithinMs } = body;
  const { state: answered, call } = withoutFetch(state, effect);
  if (call === undefined) return step(state);
  const begun = step(call.again ? withFetch(answered, 'payment', paymentId) : answered);
  if (payment?.id !== paymentId) return then(begun, (now) => letGoUnknown(now, paymentId));
  return then(
    then(begun, (now) => observe(now, payment, { ...facts, rowsWithinMs })),
    (now) => letGo(now, payment, facts),
  );
}

function carries({ type, body }: Message): Carried | null {
  if (type === 'FeeCollected') return carrying(body.currency, body.amount);
  return type === 'RowSettled' ? carrying(body.row.currency, rowSign(body.row.type) * body.row.gross) : null;
}

export const payment = defineKind({
  name: 'payment',
  role: 'payments',
  rules: 3,
  messages: paymentMessages,
  state: paymentState,
  initial: initialPayment,
  decide,
  timers,
  openEffects,
  carries,
  figures,
});
