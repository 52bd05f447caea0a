/**
 * The rules of a foreign id: pass on when it is known whose it is, keep until then.
 *
 * F1  A message that is passed on is untouched: its money stays in transit, this actor posts nothing.
 * F2  Money that is kept is suspense, and leaves it again when it is passed on or goes to a break.
 * F3  A message that money or a page hangs on is never dropped: when there is no room or time for it, it becomes a break.
 * F4  An invoice or a payment that nobody has bound is looked up at the provider, where our own words say whose it is: what told us of it was lost.
 */
import { accept, defineKind, send } from '../../engine/actor.ts';
import type { Accepted, Entry, MessagesOf, Row, Send } from '../../engine/actor.ts';
import { idOf } from '../../engine/message.ts';
import type { ActorId } from '../../engine/message.ts';
import { breakActor, breakMessages, breakReason } from '../break/messages.ts';
import { carrying, move } from '../postings.ts';
import { paymentMessages, PROVIDER } from '../payment/messages.ts';
import { settlementPageMessages } from '../settlement-page/messages.ts';
import { referenceMessages } from './messages.ts';
import { initialReference, KEPT_MAX, keepTimers, keptFigures, referenceState, searchEffects } from './state.ts';
import type { Kept, ReferenceState } from './state.ts';

type Message = MessagesOf<typeof referenceMessages>;
type Forward = Extract<Message, { type: 'Forward' }>['body'];
type Decided = Accepted<ReferenceState>;

function decide(state: ReferenceState, entry: Entry<Message>): Decided {
  switch (entry.type) {
    case 'Bind':
      return bind(state, entry.body.to);
    case 'Forward':
      return forward(state, entry);
    case 'OwnerFound':
      return ownerFound(state, entry.body);
    case 'TimerDue':
      return giveUp(state, entry.body.key);
    case 'EffectExhausted':
      return accept(isSearched(state, entry.body.effect) ? { ...state, search: null } : state);
  }
}

/** Whatever waited goes on in the order it came. */
function bind(state: ReferenceState, to: ActorId): Decided {
  if (state.owner !== null) return accept(state);
  return accept(
    { ...state, owner: to, kept: [], search: null },
    { rows: state.kept.flatMap(released), sends: state.kept.map((kept) => passOn(kept, to)) },
  );
}

function forward(state: ReferenceState, { body: message, at, self }: Entry<Extract<Message, { type: 'Forward' }>>): Decided {
  if (state.owner !== null) return accept(state, { sends: [passOn(message, state.owner)] });
  const kept: Kept = { ...untimed(message), n: state.count + 1, until: isHint(message) ? null : at + message.graceMs };
  const room = withRoom(state.kept);
  if (room.length >= KEPT_MAX) return accept(state, { sends: isHint(kept) ? [] : breakSends(kept) });
  const search = state.search ?? searchFor(idOf(self), kept.n);
  return accept({ ...state, count: kept.n, kept: [...room, kept], search }, { rows: heldBack(kept) });
}

/** F4; what a bank or we ourselves have named cannot be looked up. */
function searchFor(reference: string, n: number): ReferenceState['search'] {
  const [provider, kind, id = ''] = reference.split(':');
  if (provider !== PROVIDER) return null;
  return kind === 'invoice' || kind === 'payment' ? { n, kind, id } : null;
}

function isSearched({ search }: ReferenceState, effect: string): boolean {
  return search !== null && effect === `find-${search.n}`;
}

/** The invoice goes ahead of what waited: who is told of its payment must know it. */
function ownerFound(state: ReferenceState, { effect, owner }: Extract<Message, { type: 'OwnerFound' }>['body']): Decided {
  if (!isSearched(state, effect)) return accept(state);
  if (owner === null) return accept({ ...state, search: null });
  const to: ActorId = `payment:${owner.topUpId}`;
  const bound = bind(state, to);
  return { ...bound, sends: [send(paymentMessages, to, { type: 'InvoiceFound', body: owner.invoice }), ...bound.sends] };
}

/** A full list makes room by forgetting its oldest hint: a hint is only a reason to look, and polling looks anyway. */
function withRoom(kept: readonly Kept[]): readonly Kept[] {
  const oldestHint = kept.find(isHint);
  return kept.length < KEPT_MAX || oldestHint === undefined ? kept : kept.filter((one) => one !== oldestHint);
}

/** Patience has ended: what waited becomes a break, and the page that waits for the row is told. */
function giveUp(state: ReferenceState, key: string): Decided {
  const kept = state.kept.find(({ n }) => key === `keep-${n}`);
  if (kept === undefined) return accept(state);
  const left = state.kept.filter((one) => one !== kept);
  return accept({ ...state, kept: left }, { rows: released(kept), sends: breakSends(kept) });
}

function untimed({ type, body, key, amount, currency, orElse, answer }: Forward): Omit<Kept, 'n' | 'until'> {
  const { reason, subject, evidence } = orElse;
  return { type, body, key, amount, currency, orElse: { reason: breakReason.parse(reason), subject, evidence: inOrder(evidence) }, answer };
}

/** As a snapshot keeps it: what is sent on from here must be the same text for whoever folds from a snapshot, and the chain hashes it. */
function inOrder(evidence: Kept['orElse']['evidence']): Kept['orElse']['evidence'] {
  return Object.fromEntries(Object.entries(evidence).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isHint({ amount, answer }: Pick<Forward, 'amount' | 'answer'>): boolean {
  return amount === 0n && answer === null;
}

function passOn({ type, body, key }: Pick<Forward, 'type' | 'body' | 'key'>, to: ActorId): Send {
  const parsed: unknown = JSON.parse(body);
  return key === null ? { to, type, body: parsed } : { to, type, body: parsed, id: key };
}

function heldBack({ currency, amount }: Kept): Row[] {
  return currency === null ? [] : move(currency, amount, { debit: 'in-transit', credit: 'suspense' });
}

function released({ currency, amount }: Kept): Row[] {
  return currency === null ? [] : move(currency, amount, { debit: 'suspense', credit: 'in-transit' });
}

function breakSends({ key, amount, currency, orElse, answer }: Kept): Send[] {
  const { reason, subject, evidence } = orElse;
  const money = amount === 0n ? ('none' as const) : amount > 0n ? ('credit' as const) : ('debit' as const);
  const size = amount < 0n ? -amount : amount;
  const body = { reason, subject, severity: 'high' as const, money, amount: size, currency, evidence };
  const named = key === null ? {} : { id: `${key}/break` };
  const opened = send(breakMessages, breakActor(reason, subject), { type: 'OpenBreak', body, ...named });
  if (answer === null) return [opened];
  const outcome = { index: answer.index, outcome: 'broken' as const };
  return [opened, send(settlementPageMessages, answer.page, { type: 'RowAnswered', body: outcome })];
}

export const reference = defineKind({
  name: 'reference',
  role: 'payments',
  rules: 2,
  messages: referenceMessages,
  state: referenceState,
  initial: initialReference,
  decide,
  timers: keepTimers,
  openEffects: searchEffects,
  carries: (message: Message) => (message.type === 'Forward' ? carrying(message.body.currency, message.body.amount) : null),
  figures: keptFigures,
});
