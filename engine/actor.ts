/**
 * The actor contract: what a kind of actor is to the engine. Pure: no clock, no randomness, no I/O.
 *
 * A1  `decide(state, entry)` gives the whole outcome; the same state and entry give the same outcome for ever (under the same `rules`).
 * A2  Timers and effects are not said, they are *derived*: the engine compares `timers(state)` and `openEffects(state)` before and after
 *     an entry and commits the difference. So state is the one place that knows them, and a restore finds them there.
 * A3  The rows of a decision balance per currency (debit positive).
 * A4  Configuration enters through messages, never through closures: replay must not depend on today's settings.
 */
import { z } from 'zod';
import type { ActorId, EntryId } from './message.ts';

/** Schemas of the messages a kind understands, by message type. */
export type MessageSchemas = Readonly<Record<string, z.ZodType>>;

/** The union of a kind's messages: `{ type, body }`. */
export type MessagesOf<T extends MessageSchemas> = {
  [K in keyof T & string]: { readonly type: K; readonly body: z.output<T[K]> };
}[keyof T & string];

/** Where and when a message stands in the mailbox. */
export interface EntryFacts {
  /** The actor that decides, `<kind>:<id>`. */
  readonly self: ActorId;
  readonly entry: EntryId;
  /** Milliseconds since 1970, from the entry id: an actor's only clock. */
  readonly at: number;
  readonly id: string;
  readonly from: string;
  readonly trace: string;
}

export type Entry<M> = M & EntryFacts;

/** One leg of a posting: debit positive, credit negative, minor units. */
export interface Row {
  readonly account: string;
  readonly currency: string;
  readonly amount: bigint;
}

export interface Send {
  readonly to: ActorId;
  readonly type: string;
  readonly body: unknown;
  /** The natural key of a message that moves money; the engine names the others. */
  readonly id?: string;
}

/** A call to the outside world that the state says is still owed an answer. */
export interface Effect {
  /** Unique within the actor for ever: the provider's idempotency key is made of it. */
  readonly id: string;
  /** `<provider>.<verb>`, e.g. `moyasar.create_invoice`. */
  readonly type: string;
  readonly body: unknown;
}

/** A wish to be woken: `TimerDue { key, at }` arrives at or after `at`. A changed `at` moves it, a missing key cancels it. */
export interface Timer {
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Schema of the message that a due timer becomes; kinds with timers list it as `TimerDue`. */
export const timerDue = z.object({ key: z.string(), at: z.number() });

/** Schema of the message when an effect failed for good; kinds with effects list it as `EffectExhausted`. */
export const effectExhausted = z.object({ effect: z.string(), type: z.string(), code: z.string(), message: z.string() });

export interface Accepted<S> {
  readonly ok: true;
  readonly state: S;
  readonly rows: readonly Row[];
  readonly sends: readonly Send[];
  /** The answer to an edge command: JSON-able (bigint allowed, becomes a string). */
  readonly answer: unknown;
  /** What readers of the ledger see beside the rows: kind of transaction, counterparty, reference. JSON-able. */
  readonly note: unknown;
}

/** A refusal is part of the API: nothing changes, nothing is sent. A money message is never refused, it is sent on. */
export interface Refused<R extends string = string> {
  readonly ok: false;
  readonly refusal: R;
  readonly detail: unknown;
}

export type Decision<S, R extends string = string> = Accepted<S> | Refused<R>;

export interface Consequences {
  readonly rows?: readonly Row[];
  readonly sends?: readonly Send[];
  readonly answer?: unknown;
  readonly note?: unknown;
}

export function accept<S>(state: S, consequences: Consequences = {}): Accepted<S> {
  const { rows = [], sends = [], answer = null, note = null } = consequences;
  return { ok: true, state, rows, sends, answer, note };
}

export function refuse<R extends string>(refusal: R, detail: unknown = null): Refused<R> {
  return { ok: false, refusal, detail };
}

/** Makes a typed message to another actor. `schemas` are the receiving kind's; the types are checked, the value is parsed on arrival. */
export function send<T extends MessageSchemas, K extends keyof T & string>(
  _schemas: T,
  to: ActorId,
  message: { readonly type: K; readonly body: z.output<T[K]>; readonly id?: string },
): Send {
  return { to, ...message };
}

/** Money that a message carries through `in-transit`, credit-normal: what the receiver will debit `in-transit` with (negative: credit). */
export interface Carried {
  readonly currency: string;
  readonly amount: bigint;
}

/** A line of the directory: what lists of actors of this kind need, or null when it need not be listed. */
export type Listing = Readonly<Record<string, string | number | boolean | null>> | null;

/** A message of any kind, its body parsed. */
export interface AnyMessage {
  readonly type: string;
  readonly body: unknown;
}

/** Everything the engine needs to know of a kind. Methods (not properties), so that kinds of different states fit one registry. */
export interface Kind<S = unknown> {
  readonly name: string;
  /** The role whose workers own such actors. */
  readonly role: string;
  /** Version of `decide`; raised when the same state and entry would be decided otherwise. */
  readonly rules: number;
  readonly messages: MessageSchemas;
  /** Parses a snapshot's state. Amounts are decimal strings there. */
  readonly state: z.ZodType<S>;
  initial(id: string): S;
  decide(state: S, entry: Entry<AnyMessage>): Decision<S>;
  timers?(state: S): readonly Timer[];
  openEffects?(state: S): readonly Effect[];
  /** Money in a message to this kind, while it waits in a mailbox. Absent: this kind's messages carry none. */
  carries?(message: AnyMessage): Carried | null;
  /** What the actor itself says it holds per account class, from its own fields: the independent side of the proof. Debit positive. */
  figures?(state: S): readonly Row[];
  /** For kinds that are listed (breaks, settlements, days). */
  listing?(state: S): Listing;
}

/** A kind as its folder defines it: its own messages and refusals are types. */
export interface KindDefinition<S, T extends MessageSchemas, R extends string> extends Omit<Kind<S>, 'decide' | 'carries'> {
  readonly messages: T;
  decide(state: S, entry: Entry<MessagesOf<T>>): Decision<S, R>;
  carries?(message: MessagesOf<T>): Carried | null;
}

/** Checks a definition's types and gives it to the engine, which parses every body by `messages` before it comes back to `decide`. */
export function defineKind<S, T extends MessageSchemas, R extends string>(
  kind: KindDefinition<S, T, R>,
): Kind<S> & { readonly messages: T } {
  return kind;
}
