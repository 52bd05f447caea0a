/**
 * The hosted invoices of a top-up.
 *
 * P9   A repeated creation may leave several invoices: the newest is where the customer pays, older open ones are canceled, and all of
 *      them, canceled ones too, are looked at: the customer may have paid in between.
 * P10  A failed attempt is no failed top-up while an invoice is open; money that comes after the end is taken all the same.
 */
import { send } from '../../engine/actor.ts';
import { PROVIDER } from './messages.ts';
import { referenceMessages } from '../reference/messages.ts';
import { virtualAccountMessages } from '../virtual-account/messages.ts';
import type { TopUpStatus } from '../virtual-account/messages.ts';
import { firstPoll, nextPoll, withFetch, withoutFetch } from './calls.ts';
import type { Of } from './entry.ts';
import { accountOf, observe } from './provider-facts.ts';
import { letGo } from './rows.ts';
import { CREATE_ATTEMPTS_MAX, KNOWN_MAX, LOOK_AGAIN_MS_MAX, POLL_AFTER_END_MS, POLL_INTERVAL_MS_MAX } from './state.ts';
import type { Invoice, PaymentState } from './state.ts';
import { findingOf, step, then } from './step.ts';
import type { Facts, Step } from './step.ts';

/** The first request creates the invoice; a repeated one only hears how it stands. */
export function createPayment(state: PaymentState, { body, at }: Of<'CreatePayment'>, facts: Facts): Step {
  if (state.account !== null) return step(state, [statusSend(state, facts)]);
  return step({ ...state, ...body, createdAt: at, attempts: 1, creating: true });
}

export function invoiceCreated(state: PaymentState, { body, at }: Of<'InvoiceCreated'>, facts: Facts): Step {
  const { invoiceId, url, expiresAt, pollEveryMs } = body;
  const answered = { ...state, creating: state.creating && body.effect !== `create-${state.attempts}` };
  if (state.invoices.some(({ id }) => id === invoiceId)) return step(answered);
  const bind = send(referenceMessages, `reference:${PROVIDER}:invoice:${invoiceId}`, { type: 'Bind', body: { to: facts.self } });
  const isPaid = state.payment !== null;
  const made: Invoice = { id: invoiceId, url, expiresAt, state: isPaid ? 'canceling' : 'open' };
  const invoices = [...state.invoices.map(superseded), made].slice(-KNOWN_MAX);
  const next = { ...answered, invoices, poll: isPaid ? null : firstPoll(pollEveryMs, at) };
  return then(step(next, [bind]), (now) => (isPaid ? step(now) : withStatus(now, 'awaiting_payment', facts)));
}

function superseded(invoice: Invoice): Invoice {
  return invoice.state === 'open' ? { ...invoice, state: 'canceling' } : invoice;
}

/**
 * An invoice of ours that we had forgotten: older than what we know, so no longer where the customer pays. It is canceled and looked at like
 * any other (P9), as soon as the top-up is asked for again if that was forgotten too.
 */
export function invoiceFound(state: PaymentState, { invoiceId, url, expiresAt }: Of<'InvoiceFound'>['body']): Step {
  if (state.invoices.length >= KNOWN_MAX || state.invoices.some(({ id }) => id === invoiceId)) return step(state);
  return step({ ...state, invoices: [{ id: invoiceId, url, expiresAt, state: 'canceling' }, ...state.invoices] });
}

/** Also the answer when it could no longer be canceled: one more look tells whether it was paid. */
export function invoiceCanceled(state: PaymentState, invoiceId: string): Step {
  return step(withFetch(withInvoiceEnded(state, invoiceId), 'invoice', invoiceId));
}

export function invoiceFetched(state: PaymentState, { body, at }: Of<'InvoiceFetched'>, facts: Facts): Step {
  const { state: answered, call } = withoutFetch(state, body.effect);
  if (call === undefined) return step(state);
  const answer = { ...facts, rowsWithinMs: body.rowsWithinMs };
  const seen = body.payments.map((payment) => ({ ...payment, invoiceId: payment.invoiceId ?? body.invoiceId }));
  const observed = seen.reduce(
    (done, payment) =>
      then(
        then(done, (now) => observe(now, payment, answer)),
        (now) => letGo(now, payment, facts),
      ),
    step(call.again ? withFetch(answered, 'invoice', body.invoiceId) : answered),
  );
  const end = endOf(observed.state, body, at);
  return end === null ? observed : then(observed, (now) => ended(now, { invoiceId: body.invoiceId, end }, facts));
}

/** How the invoice ended without money, as the provider says or, when it keeps silent long after the end, as the clock says. */
function endOf(state: PaymentState, { invoiceId, status }: Of<'InvoiceFetched'>['body'], at: number): TopUpStatus | null {
  switch (status) {
    case 'expired':
    case 'failed':
    case 'canceled':
      return status;
    case 'voided':
      return 'canceled';
    case 'initiated':
    case 'on_hold':
      return isLastLook(state, invoiceId, at) ? 'expired' : null;
    case 'paid':
    case 'refunded':
      return null;
  }
}

/** No look is to come, or this one was late enough: the clock that woke us may be a little ahead of the entry's. */
function isLastLook(state: PaymentState, invoiceId: string, at: number): boolean {
  const invoice = state.invoices.find(({ id }) => id === invoiceId);
  return invoice !== undefined && (state.poll === null || at >= invoice.expiresAt + POLL_AFTER_END_MS);
}

function ended(state: PaymentState, { invoiceId, end }: { invoiceId: string; end: TopUpStatus }, facts: Facts): Step {
  const next = withInvoiceEnded(state, invoiceId);
  if (state.payment !== null || next.creating || next.invoices.some((one) => one.state === 'open')) return step(next);
  return withStatus({ ...next, poll: null }, end, facts);
}

/** The effect failed for good; what it was for is left in a sensible state, and a person may look. */
export function effectExhausted(state: PaymentState, { body }: Of<'EffectExhausted'>, facts: Facts): Step {
  const { effect, type, code, message } = body;
  const given = giveUpCall(state, effect, facts);
  if (given === null) return step(state);
  const evidence = { effect, type, code, message: message.slice(0, 200) };
  const { amount, currency } = state;
  const found = findingOf({ reason: 'effect_exhausted', subject: facts.topUpId, severity: 'medium', amount, currency, evidence });
  return then(given, (now) => step(now, [found]));
}

/** Null when nobody waits for this call. */
function giveUpCall(state: PaymentState, effect: string, facts: Facts): Step | null {
  if (state.creating && effect === `create-${state.attempts}`) return giveUpCreating({ ...state, creating: false }, facts);
  const canceling = state.invoices.find((one) => one.state === 'canceling' && effect === `cancel-${one.id}`);
  if (canceling !== undefined) return invoiceCanceled(state, canceling.id);
  const { state: next, call } = withoutFetch(state, effect);
  if (call === undefined) return null;
  if (call.again) return step(withFetch(next, call.kind, call.id));
  return call.kind === 'invoice' && state.payment === null && state.poll === null ? lookAgain(next, call.id, facts) : step(next);
}

/** The outcome is unknown and cannot be looked up: another one is made, a few times. */
function giveUpCreating(state: PaymentState, facts: Facts): Step {
  if (state.payment !== null || state.invoices.some((one) => one.state === 'open')) return step(state);
  if (state.attempts < CREATE_ATTEMPTS_MAX) return step({ ...state, attempts: state.attempts + 1, creating: true });
  return withStatus(state, 'failed', facts);
}

/** The last look at an invoice found nobody: it is repeated, but not for ever. */
function lookAgain(state: PaymentState, invoiceId: string, facts: Facts): Step {
  const expiresAt = state.invoices.find(({ id }) => id === invoiceId)?.expiresAt ?? 0;
  if (facts.at >= expiresAt + LOOK_AGAIN_MS_MAX) return ended(state, { invoiceId, end: 'expired' }, facts);
  return step({ ...state, poll: { at: facts.at + POLL_INTERVAL_MS_MAX, everyMs: POLL_INTERVAL_MS_MAX, count: 0 } });
}

/** Looks at the invoice that the customer may be paying. A timer that was moved meanwhile is none; clocks are not compared. */
export function pollDue(state: PaymentState, { body, at }: Of<'TimerDue'>): Step {
  const invoice = state.invoices.at(-1);
  if (state.poll === null || body.at < state.poll.at || invoice === undefined) return step(state);
  const next = { ...state, poll: nextPoll(state.poll, invoice, Math.max(at, body.at)) };
  const isLooking = state.fetches.some((one) => one.kind === 'invoice' && one.id === invoice.id);
  return step(isLooking ? next : withFetch(next, 'invoice', invoice.id));
}

function withInvoiceEnded(state: PaymentState, invoiceId: string): PaymentState {
  return { ...state, invoices: state.invoices.map((one) => (one.id === invoiceId ? { ...one, state: 'ended' } : one)) };
}

function withStatus(state: PaymentState, status: TopUpStatus, facts: Facts): Step {
  if (state.status === status) return step(state);
  const next = { ...state, status };
  return step(next, [statusSend(next, facts)]);
}

function statusSend(state: PaymentState, { topUpId }: Facts) {
  const body = { topUpId, status: state.status };
  return send(virtualAccountMessages, accountOf(state), { type: 'TopUpStatusChanged', body });
}
