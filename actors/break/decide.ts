/** The rules of a break: opened by whoever found it, closed by the missing half or by a person; its money leaves only as K1 says. */
import { accept, defineKind, refuse, send } from '../../engine/actor.ts';
import type { Accepted, Carried, Decision, Entry, Listing, MessagesOf, Row } from '../../engine/actor.ts';
import { carrying } from '../postings.ts';
import { opened, resolved, withComment, withEvidence, withHistory } from './evolve.ts';
import { breakMessages } from './messages.ts';
import { isOtherCurrency, moneyOf, paidOut, rowsOfOpening, withMoney } from './money.ts';
import type { OpenBreak } from './money.ts';
import { answerOf, resolve } from './resolve.ts';
import { breakState, initialBreak } from './state.ts';
import type { Break, BreakRefusal } from './state.ts';

type Message = MessagesOf<typeof breakMessages>;
type Of<T extends Message['type']> = Entry<Extract<Message, { type: T }>>;

const SEVERITIES = ['low', 'medium', 'high'] as const;

function decide(state: Break, entry: Entry<Message>): Decision<Break, BreakRefusal> {
  switch (entry.type) {
    case 'OpenBreak':
      return open(state, entry);
    case 'CloseBreak':
      return close(state, entry);
    case 'RecallCredit':
      return recall(state, entry);
    case 'OutgoingSettled':
      return returned(state, entry);
    case 'ResolveBreak':
      return resolve(state, entry);
    case 'AssignBreak':
      return assign(state, entry);
    case 'CommentBreak':
      return comment(state, entry);
  }
}

/** Opens, opens again, or adds to what is open. Money is never refused. */
function open(state: Break, { body, at, self }: Of<'OpenBreak'>): Accepted<Break> {
  if (isOtherCurrency(state, body)) return passOn(state, body, self);
  const rows = rowsOfOpening(body);
  const severity = graver(state.severity, body.severity);
  const told = withEvidence(withMoney({ ...state, severity }, body), body.evidence);
  const isOpen = state.status === 'open' || state.status === 'returning';
  if (rows.length === 0 && (isOpen || !opensAgain(state, body))) return accept(told);
  const next = isOpen ? told : opened(told, at);
  const explained = body.closed === true && !isOpen && next.held === 0n;
  const end = { at, resolution: 'explained', reason: 'explained when it was found', by: null };
  return accept(explained ? resolved(next, end) : next, { rows, note: noteOf(body) });
}

/** What a person resolved stays so until money or something new comes; what closed by itself opens whenever it is found again. */
function opensAgain(state: Break, body: OpenBreak): boolean {
  if (state.status !== 'resolved' || state.resolution?.by === null) return true;
  return Object.entries(body.evidence).some(([key, value]) => state.evidence[key] !== value);
}

function passOn(state: Break, body: OpenBreak, self: string): Accepted<Break> {
  const subject = `${self.slice('break:'.length)}/${body.currency ?? ''}`;
  const message = { type: 'OpenBreak' as const, id: `${subject}/break`, body: { ...body, reason: 'currency_mismatch' as const, subject } };
  return accept(state, { sends: [send(breakMessages, `break:currency_mismatch:${subject}`, message)] });
}

function graver(one: Break['severity'], other: Break['severity']): Break['severity'] {
  return SEVERITIES.indexOf(one) > SEVERITIES.indexOf(other) ? one : other;
}

/** The missing half came. A break that holds money, and one that nobody opened, stay as they are (K2). */
function close(state: Break, { body, at }: Of<'CloseBreak'>): Accepted<Break> {
  if (state.status !== 'open' || state.held > 0n) return accept(state);
  return accept(resolved(state, { at, resolution: 'closed_by_itself', reason: body.because, by: null }), { note: body });
}

/** The bank took the credit back: out of suspense; what no longer waits here the company owes. */
function recall(state: Break, { body, at }: Of<'RecallCredit'>): Accepted<Break> {
  const paid = paidOut(state, body);
  const told = withHistory(paid.state, { at, what: `recalled by the bank: ${body.source}`, by: null });
  const end = { at, resolution: 'recalled', reason: 'the bank recalled the credit', by: null };
  if (paid.excess > 0n) return accept(reopened(told, at), { rows: paid.rows, note: body });
  return accept(told.held === 0n ? resolved(told, end) : told, { rows: paid.rows, note: body });
}

/** The bank debit of a return to the sender; what it is more than was held is the bank's fee. */
function returned(state: Break, { body, at }: Of<'OutgoingSettled'>): Accepted<Break> {
  const paid = paidOut(state, body);
  const told = withHistory(
    { ...paid.state, reference: null },
    { at, what: `returned by transfer ${body.reference}: ${body.source}`, by: null },
  );
  const end = { at, resolution: 'return_to_sender', reason: `transfer ${body.reference}`, by: state.resolution?.by ?? null };
  const isWhole = state.held > 0n && paid.state.held === 0n;
  return accept(isWhole ? resolved(told, end) : reopened(told, at), { rows: paid.rows, note: body });
}

/** Money went otherwise than foreseen: a person has to look. */
function reopened(state: Break, at: number): Break {
  const open: Break = { ...state, status: 'open', severity: 'high' };
  return state.status === 'none' || state.status === 'resolved' ? opened(open, at) : open;
}

function assign(state: Break, { body, at, self }: Of<'AssignBreak'>): Decision<Break, BreakRefusal> {
  if (state.status === 'none') return refuse('break_not_found');
  if (state.status === 'resolved') return refuse('break_already_resolved');
  const next = withHistory({ ...state, assignee: body.assignee }, { at, what: `assigned to ${body.assignee}`, by: body.by });
  return accept(next, { answer: answerOf(self, next), note: body });
}

function comment(state: Break, { body, at, self }: Of<'CommentBreak'>): Decision<Break, BreakRefusal> {
  if (state.status === 'none') return refuse('break_not_found');
  const next = withComment(state, { at, by: body.by, text: body.text });
  return accept(next, { answer: answerOf(self, next), note: body });
}

function noteOf({ money, evidence }: OpenBreak): unknown {
  return { kind: 'break_opened', money, evidence };
}

function carries({ type, body }: Message): Carried | null {
  if (type === 'RecallCredit' || type === 'OutgoingSettled') return carrying(body.currency, -body.amount);
  if (type !== 'OpenBreak' || moneyOf(body) === 'none') return null;
  return carrying(body.currency, body.money === 'credit' ? body.amount : -body.amount);
}

function figures({ held, currency }: Break): readonly Row[] {
  return currency === null || held === 0n ? [] : [{ account: 'suspense', currency, amount: -held }];
}

function listing(state: Break): Listing {
  const { reason, status, severity, amount, currency, subject, openedAt, assignee } = state;
  return status === 'none' ? null : { reason, status, severity, amount: amount.toString(), currency, subject, openedAt, assignee };
}

export const breakKind = defineKind({
  name: 'break',
  role: 'omnibus',
  rules: 1,
  messages: breakMessages,
  state: breakState,
  initial: initialBreak,
  decide,
  carries,
  figures,
  listing,
});
