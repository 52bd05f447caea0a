/**
 * The rules of clearing: a bank credit meets the document it pays. Either may come first, late, or alone; nothing expires.
 *
 * C4  A join is exact or it is not made: same amount, inside the window, and as many credits as documents that could be meant.
 * C5  Overdue is only an overlay: its break holds no money and is closed by the change that ends its cause.
 * C6  Each document is funded once by one credit, or carried.
 */
import { accept, defineKind, send } from '../../engine/actor.ts';
import type { Accepted, Entry, MessagesOf, Row, Send } from '../../engine/actor.ts';
import { breakMessages, breakActor } from '../break/messages.ts';
import { carrying, move } from '../postings.ts';
import { settlementMessages } from '../settlement/messages.ts';
import { causesOf, sameBreak } from './breaks.ts';
import type { Cause } from './breaks.ts';
import { expectationsOf, groupsOf, joinsOf, windowEnd } from './matching.ts';
import type { Expectation, Join } from './matching.ts';
import { clearingMessages } from './messages.ts';
import { byPlace, clearingState, evolve, initial, isKnown } from './state.ts';
import type { Clearing, WaitingCredit, WaitingDocument } from './state.ts';

type Said = Entry<MessagesOf<typeof clearingMessages>>;
type On<K extends Said['type']> = Extract<Said, { type: K }>;

/** Documents and credits that wait at once; beyond it the oldest live on in their breaks. */
export const ITEMS_MAX = 1_000;
/** Whoever comes late, after its window, still gives the other side this long before a break is opened. */
export const PATIENCE_MS = 15 * 60_000;

/** A decision in the making: every step takes one and gives one. */
interface Step {
  readonly state: Clearing;
  readonly rows: readonly Row[];
  readonly sends: readonly Send[];
}

function decide(state: Clearing, entry: Said): Accepted<Clearing> {
  switch (entry.type) {
    case 'DocumentReady':
      return takeDocument(state, entry);
    case 'CreditSeen':
      return takeCredit(state, entry);
    case 'TimerDue':
      return meet({ state, rows: [], sends: [] }, entry.at);
  }
}

function takeDocument(state: Clearing, { body, at }: On<'DocumentReady'>): Accepted<Clearing> {
  if (body.currency !== state.currency) throw new Error(`${body.document} is in ${body.currency}, not ${state.currency}`);
  if (isKnown(state, { document: body.document })) return accept(state);
  const { settlement, document, net, date, windowDays } = body;
  const due = Math.max(windowEnd(date, windowDays), at + PATIENCE_MS);
  const taken = evolve(state, { type: 'DocumentWaits', document: { settlement, document, net, date, windowDays, due } });
  return meet({ state: taken, rows: [], sends: [] }, at);
}

/** Its money waits here, as suspense, until its document comes. */
function takeCredit(state: Clearing, { body, at }: On<'CreditSeen'>): Accepted<Clearing> {
  if (body.currency !== state.currency) throw new Error(`${body.source} is in ${body.currency}, not ${state.currency}`);
  if (isKnown(state, { source: body.source })) return accept(state);
  const { source, amount, party, windowDays } = body;
  const due = Math.max(windowEnd(body.postDate, windowDays), at + PATIENCE_MS);
  const taken = evolve(state, { type: 'CreditWaits', credit: { source, amount, party, date: body.postDate, windowDays, due } });
  return meet({ state: taken, rows: move(state.currency, amount, { debit: 'in-transit', credit: 'suspense' }), sends: [] }, at);
}

/** Something came, or time passed: who meets now, and what must people know? */
function meet(step: Step, at: number): Accepted<Clearing> {
  const now = { ...step, state: evolve(step.state, { type: 'TimePassed', at }) };
  const { state, rows, sends } = tellBreaks(shed(joinEqual(carryNegative(now))));
  return accept(state, { rows, sends, note: rows.length === 0 ? null : { kind: 'payout', provider: state.provider } });
}

/** Documents for which the bank will pay nothing: what is left over goes to the next one. */
function carryNegative(step: Step): Step {
  const found = expectationsOf(step.state).find((one) => one.amount <= 0n);
  return found === undefined ? step : carryNegative(carry(step, found));
}

function carry(step: Step, { document, amount, carried, consumed }: Expectation): Step {
  const { date, arrival } = document;
  const left = evolve(step.state, { type: 'DocumentLeft', document: document.document, consumed });
  const state = amount === 0n ? left : evolve(left, { type: 'NetCarried', carry: { amount: -amount, date, arrival } });
  const told = send(settlementMessages, document.settlement, { type: 'DocumentCarried', body: { carried } });
  return { ...step, state, sends: [...step.sends, told] };
}

function joinEqual(step: Step): Step {
  const joins = groupsOf(expectationsOf(step.state), step.state.credits).flatMap((group) => joinsOf(group) ?? []);
  return joins.reduce(join, step);
}

function join(step: Step, { expectation: { document, carried, consumed }, credit }: Join): Step {
  const { currency } = step.state;
  const { source, amount } = credit;
  const funded = send(settlementMessages, document.settlement, {
    type: 'DocumentFunded',
    body: { amount, carried, currency, source },
    id: `${document.document}/funded`,
  });
  const without = evolve(step.state, { type: 'DocumentLeft', document: document.document, consumed });
  return {
    state: evolve(without, { type: 'CreditLeft', source }),
    rows: [...step.rows, ...move(currency, amount, { debit: 'suspense', credit: 'in-transit' })],
    sends: [...step.sends, funded],
  };
}

/** Keeps the state bounded: the oldest overdue item, or the oldest of all, leaves for a break that nobody closes from here. */
function shed(step: Step): Step {
  const { documents, credits } = step.state;
  if (documents.length + credits.length <= ITEMS_MAX) return step;
  const overdue = [...documents, ...credits].filter((one) => one.overdue).sort(byPlace);
  const [oldest] = overdue.length > 0 ? overdue : [...documents, ...credits].sort(byPlace);
  if (oldest === undefined) return step;
  return shed('source' in oldest ? shedCredit(step, oldest) : shedDocument(step, oldest));
}

function shedDocument(step: Step, { document, net }: WaitingDocument): Step {
  const { state } = step;
  const cause: Cause = { reason: 'settlement_overdue', subject: document, amount: net < 0n ? -net : net, evidence: { document } };
  const opened = state.breaks.some((one) => sameBreak(one, cause)) ? [] : [openBreak(state, cause)];
  const left = evolve(state, { type: 'DocumentLeft', document, consumed: [] });
  return { ...step, state: disowned(left, cause), sends: [...step.sends, ...opened] };
}

/** Takes its money along: the break holds it from now on. */
function shedCredit(step: Step, { source, amount }: WaitingCredit): Step {
  const { state } = step;
  const cause: Cause = { reason: 'payout_without_settlement', subject: source, amount, evidence: { source } };
  const left = evolve(state, { type: 'CreditLeft', source });
  const opened = { ...openBreak(state, cause, 'credit'), id: `${source}/break` };
  const rows = move(state.currency, amount, { debit: 'suspense', credit: 'in-transit' });
  return { state: disowned(left, cause), rows: [...step.rows, ...rows], sends: [...step.sends, opened] };
}

function disowned(state: Clearing, cause: Cause): Clearing {
  return evolve(state, { type: 'BreaksChanged', breaks: state.breaks.filter((one) => !sameBreak(one, cause)) });
}

/** C5: opens what is new, closes what has no cause any more. */
function tellBreaks(step: Step): Step {
  const { state } = step;
  const causes = causesOf(state);
  const opened = causes.filter((cause) => !state.breaks.some((one) => sameBreak(one, cause)));
  const ended = state.breaks.filter((one) => !causes.some((cause) => sameBreak(one, cause)));
  if (opened.length + ended.length === 0) return step;
  const closes = ended.map(({ reason, subject }) =>
    send(breakMessages, breakActor(reason, subject), { type: 'CloseBreak', body: { because: 'its counterpart came' } }),
  );
  const breaks = causes.map(({ reason, subject }) => ({ reason, subject }));
  const sends = [...step.sends, ...closes, ...opened.map((cause) => openBreak(state, cause))];
  return { ...step, state: evolve(state, { type: 'BreaksChanged', breaks }), sends };
}

function openBreak(state: Clearing, cause: Cause, money: 'credit' | 'none' = 'none'): Send {
  const { reason, subject, amount, evidence } = cause;
  const severity = reason === 'payout_amount_mismatch' ? 'high' : 'medium';
  return send(breakMessages, breakActor(reason, subject), {
    type: 'OpenBreak',
    body: { reason, subject, severity, money, amount, currency: state.currency, evidence: { provider: state.provider, ...evidence } },
  });
}

function sumOf(items: readonly { readonly amount: bigint }[]): bigint {
  return items.reduce((sum, one) => sum + one.amount, 0n);
}

export const clearing = defineKind({
  name: 'clearing',
  role: 'omnibus',
  rules: 1,
  messages: clearingMessages,
  state: clearingState,
  initial,
  decide,
  timers: ({ documents, credits }) => {
    const due = [...documents, ...credits].filter((one) => !one.overdue).map((one) => one.due);
    return due.length === 0 ? [] : [{ key: 'due', at: due.reduce((a, b) => Math.min(a, b)) }];
  },
  carries: (message) => (message.type === 'CreditSeen' ? carrying(message.body.currency, message.body.amount) : null),
  /** Suspense it keeps; and what the provider is owed until a later document pays less, which no payment counts. */
  figures: ({ provider, currency, credits, carries }) =>
    [
      { account: 'suspense', currency, amount: -sumOf(credits) },
      { account: `psp-receivable:${provider}`, currency, amount: -sumOf(carries) },
    ].filter((row) => row.amount !== 0n),
});
