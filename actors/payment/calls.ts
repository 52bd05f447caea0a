/** The calls to the provider that are owed an answer, the looks to come, and what is held: all read from the state (P1). */
import type { Effect, Row, Timer } from '../../engine/actor.ts';
import { PROVIDER, rowSign } from './messages.ts';
import { KNOWN_MAX, POLL_AFTER_END_MS, POLL_INTERVAL_MS_MAX, POLLS_MAX } from './state.ts';
import type { FetchCall, Invoice, KeptRow, PaymentState } from './state.ts';

/** None for a top-up that nobody has asked for: its facts have no wallet to go to. */
export function openEffects(state: PaymentState): Effect[] {
  if (state.account === null) return [];
  const create = state.creating ? [createInvoice(state)] : [];
  const cancels = state.invoices.filter((one) => one.state === 'canceling').map(({ id }) => cancelInvoice(id));
  return [...create, ...cancels, ...state.fetches.map(fetchEffect)];
}

function createInvoice({ topUpId, attempts, amount, currency, description }: PaymentState): Effect {
  const body = { topUpId, amount, currency, description, attempt: attempts };
  return { id: `create-${attempts}`, type: `${PROVIDER}.create_invoice`, body };
}

function cancelInvoice(invoiceId: string): Effect {
  return { id: `cancel-${invoiceId}`, type: `${PROVIDER}.cancel_invoice`, body: { invoiceId } };
}

function fetchEffect({ effect, kind, id }: FetchCall): Effect {
  if (kind === 'payment') return { id: effect, type: `${PROVIDER}.fetch_payment`, body: { paymentId: id } };
  return { id: effect, type: `${PROVIDER}.fetch_invoice`, body: { invoiceId: id } };
}

/** Asks the provider once more. News while a look is under way means another one after it; too many at once wait for the next poll. */
export function withFetch(state: PaymentState, kind: FetchCall['kind'], id: string): PaymentState {
  const same = state.fetches.find((one) => one.kind === kind && one.id === id);
  if (same !== undefined) return { ...state, fetches: state.fetches.map((one) => (one === same ? { ...one, again: true } : one)) };
  if (state.fetches.length >= KNOWN_MAX) return state;
  const n = state.fetchCount + 1;
  return { ...state, fetchCount: n, fetches: [...state.fetches, { effect: `fetch-${id}-${n}`, kind, id, again: false }] };
}

export interface FetchEnd {
  readonly state: PaymentState;
  /** The call that was answered; undefined when nobody waits for this answer any more. */
  readonly call: FetchCall | undefined;
}

export function withoutFetch(state: PaymentState, effect: string): FetchEnd {
  const call = state.fetches.find((one) => one.effect === effect);
  return { state: { ...state, fetches: state.fetches.filter((one) => one !== call) }, call };
}

// ---- polling -----------------------------------------------------------------------------------------------------------------------

/** The first look at an invoice for which no webhook came. */
export function firstPoll(everyMs: number, at: number): NonNullable<PaymentState['poll']> {
  return { at: at + everyMs, everyMs, count: 0 };
}

/** The next look, each twice as far away as the one before; the last is a while after the invoice's end. */
export function nextPoll(poll: NonNullable<PaymentState['poll']>, invoice: Invoice, at: number): PaymentState['poll'] {
  const last = invoice.expiresAt + POLL_AFTER_END_MS;
  if (at >= last) return null;
  const everyMs = Math.min(poll.everyMs * 2, POLL_INTERVAL_MS_MAX);
  const count = poll.count + 1;
  return { at: count >= POLLS_MAX ? last : Math.min(at + everyMs, last), everyMs, count };
}

export function timers(state: PaymentState): Timer[] {
  const poll = state.poll === null ? [] : [{ key: 'poll', at: state.poll.at }];
  const owed = state.owed === null || state.owed.overdue ? [] : [{ key: 'owed', at: state.owed.until }];
  return [...poll, ...owed, ...state.kept.map(({ n, until }) => ({ key: `row-${n}`, at: until }))];
}

// ---- what is held ------------------------------------------------------------------------------------------------------------------

/** Credit-normal: what a row's message carries. */
export function carriedBy({ row }: Pick<KeptRow, 'row'>): bigint {
  return rowSign(row.type) * row.gross;
}

export function figures(state: PaymentState): Row[] {
  const suspense = state.kept.map((kept) => ({ account: 'suspense', currency: kept.row.currency, amount: -carriedBy(kept) }));
  const receivable = { account: `psp-receivable:${PROVIDER}`, currency: state.currency, amount: receivableOf(state) };
  return [receivable, ...suspense].filter(({ amount }) => amount !== 0n);
}

/** Verified, not settled; less what was taken back, until its rows come. A chargeback is known by its row and leaves nothing open. */
export function receivableOf({ payment }: PaymentState): bigint {
  if (payment === null) return 0n;
  return payment.amount - (payment.settled?.gross ?? 0n) - payment.reversed + payment.reversedSettled;
}
