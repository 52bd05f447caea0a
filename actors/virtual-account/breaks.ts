/**
 * What a virtual account has to say to breaks.
 *
 * V3  Money that is sent on to a break is remembered with it: whoever takes it back is sent there too, and no customer owes for it.
 */
import { accept, send } from '../../engine/actor.ts';
import type { Accepted, MessagesOf, Send } from '../../engine/actor.ts';
import { breakActor, breakMessages } from '../break/messages.ts';
import type { BreakReason } from '../break/messages.ts';
import { cut, lastOf, transferOf } from './state.ts';
import type { RefusedCredit, Transfer, VirtualAccountState } from './state.ts';

type OpenBreak = Extract<MessagesOf<typeof breakMessages>, { type: 'OpenBreak' }>;

/** What a message about money says of itself. */
interface Facts {
  readonly id: string;
  readonly at: number;
  readonly body: { readonly amount: bigint; readonly currency: string };
}

/** Money taken back. `source`: the statement line or the top-up. */
export interface TakenBack {
  readonly source: string;
  readonly amount: bigint;
  readonly currency: string;
  /** Null: only what has the same source is meant. */
  readonly narrative: string | null;
}

/** A break that money waits in. */
export type Waiting = Pick<RefusedCredit, 'source' | 'reason'>;

/** A money message that this account cannot book: it is sent on whole, named after the message that brought it. */
export function toBreak(
  entry: Facts,
  what: { reason: BreakReason; subject: string; money: 'credit' | 'debit'; evidence: Record<string, string> },
): Send {
  const { amount, currency } = entry.body;
  const body = { ...what, severity: 'medium' as const, amount, currency };
  return send(breakMessages, breakActor(what.reason, what.subject), { type: 'OpenBreak', id: `${entry.id}/refused`, body });
}

/** Sends a credit on and remembers where it waits. */
export function sentOn(
  state: VirtualAccountState,
  entry: Facts,
  { evidence, narrative, ...waiting }: Waiting & { readonly narrative: string | null; readonly evidence: Record<string, string> },
): Accepted<VirtualAccountState> {
  const { source, reason } = waiting;
  const { amount, currency } = entry.body;
  const one: RefusedCredit = { source, reason, amount, currency, narrative: narrative === null ? null : cut(narrative), at: entry.at };
  const refused = lastOf([...state.refused.filter((other) => other.source !== source), one]);
  return accept({ ...state, refused }, { sends: [toBreak(entry, { reason, subject: source, money: 'credit', evidence })] });
}

/** Takes it back from the break that it waits in. */
export function takenFromBreak(
  state: VirtualAccountState,
  { id }: { readonly id: string },
  { from, taken }: { readonly from: Waiting; readonly taken: TakenBack },
): Accepted<VirtualAccountState> {
  const left = state.refused.map((one) => (one.source === from.source ? { ...one, amount: one.amount - taken.amount } : one));
  const refused = left.filter(({ amount }) => amount > 0n);
  const body = { ...taken, narrative: taken.narrative ?? '' };
  const recall = { type: 'RecallCredit' as const, id: `${id}/refused`, body };
  return accept({ ...state, refused }, { sends: [send(breakMessages, breakActor(from.reason, from.source), recall)] });
}

/**
 * Where the money waits that is taken back; null when it was booked here. A recall is a statement line of its own, so mostly only amount
 * and narrative tell which credit it is about: of two alike the newer one.
 */
export function waitsFor(state: VirtualAccountState, taken: TakenBack): Waiting | null {
  const isOurs = state.currency === taken.currency;
  const received = state.transfers.map(transferOf);
  const booked = isOurs ? bookedFor(received, taken) : undefined;
  const refused = refusedFor(state.refused, received, taken);
  if (refused !== undefined && (booked === undefined || isCloser(refused, booked, taken.source))) return refused;
  if (isOurs) return null;
  return { source: taken.source, reason: state.status === 'unopened' ? 'unattributed_credit' : 'currency_mismatch' };
}

/** The received transfer that is recalled: the one it names, else the newest alike. */
export function bookedFor(transfers: readonly Transfer[], { source, amount, narrative }: TakenBack): Transfer | undefined {
  const text = narrative === null ? null : cut(narrative);
  const alike = (one: Transfer) => one.status === 'paid' && one.amount === amount && one.narrative === text;
  return transfers.findLast((one) => one.source === source) ?? transfers.findLast(alike);
}

/** What an operator gave to this wallet after all waits no longer. */
function refusedFor(
  refused: readonly RefusedCredit[],
  received: readonly Transfer[],
  { source, amount, currency, narrative }: TakenBack,
): RefusedCredit | undefined {
  const waiting = refused.filter((one) => one.currency === currency && !received.some((given) => given.source === one.source));
  const alike = (one: RefusedCredit) => narrative !== null && one.amount === amount && one.narrative === cut(narrative);
  return waiting.find((one) => one.source === source) ?? waiting.findLast(alike);
}

function isCloser(refused: RefusedCredit, booked: Transfer, source: string): boolean {
  if (booked.source === source) return false;
  return refused.source === source || refused.at >= booked.at;
}

/** The customer spent what was taken back: no money for the break, but somebody has to collect. */
export function exceeds(short: { subject: string; amount: bigint; currency: string; evidence: Record<string, string> }): OpenBreak {
  return { type: 'OpenBreak', body: { ...short, reason: 'reversal_exceeds_balance', severity: 'high', money: 'none' } };
}
