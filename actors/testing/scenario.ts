/**
 * Given / when / then for one actor, folded by the engine's own `decideEntry`: bodies pass through JSON and the kind's schema, rows must
 * balance, and the state must survive its snapshot.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ExecutionContext } from 'ava';
import type { Kind, MessageSchemas, MessagesOf, Row } from '../../engine/actor.ts';
import { decideEntry, freshEnvelope, postingsText } from '../../engine/envelope.ts';
import type { Envelope, Outcome } from '../../engine/envelope.ts';
import { toCanonicalJson, toJson } from '../../engine/message.ts';
import type { ActorId, StoredEntry } from '../../engine/message.ts';
import { decodeEnvelope, decodePostings, encodeEnvelope } from '../../engine/snapshot-codec.ts';

/** Where test time begins, milliseconds since 1970. */
export const T0 = Date.UTC(2026, 10, 23, 9, 0, 0);

/** The state of a kind. */
export type StateOf<K extends Kind> = ReturnType<K['initial']>;

/** A message as a test writes it: amounts as bigint, optionally when and from whom. */
export type Told<T extends MessageSchemas> = MessagesOf<T> & { readonly at?: number; readonly from?: string; readonly id?: string };

export interface SentMessage {
  readonly to: ActorId;
  readonly type: string;
  readonly id: string;
  /** As it travels: amounts are decimal strings. */
  readonly body: Record<string, unknown>;
}

/** What a test may expect of an outcome; what is left out is not looked at. */
export interface Expected {
  /** `accepted` unless said. */
  readonly code?: string;
  /** As the table of postings writes it: `va 7000, va-owing 3000 / in-transit 10000`; empty for none. */
  readonly rows?: string;
  /** `<type> -> <actor>`, in order. */
  readonly sends?: readonly string[];
  /** Fields of the state that must be so. */
  readonly state?: Record<string, unknown>;
  readonly answer?: unknown;
  /** Fields of the note that must be so. */
  readonly note?: Record<string, unknown> | null;
  /** Ids of the effects that this entry opened. */
  readonly effects?: readonly string[];
  /** `<key>@<milliseconds after T0>`, or `<key>@-` for a canceled one. */
  readonly timers?: readonly string[];
}

/** Decides as the owner does, and as whoever begins at a snapshot: the chain must be the same, or every replay would diverge. */
export function decideTwice(kind: Kind, before: Envelope, stored: StoredEntry): Outcome {
  const outcome = decideEntry(kind, before, stored);
  const replayed = decideEntry(kind, decodeEnvelope(kind, encodeEnvelope(before)), stored);
  if (replayed.envelope.head.chain !== outcome.envelope.head.chain)
    throw new Error(`${before.actor} decides ${stored.type} otherwise from its snapshot`);
  return outcome;
}

export class Scenario<S, T extends MessageSchemas> {
  readonly kind: Kind;
  readonly self: ActorId;
  envelope: Envelope;
  outcome: Outcome | null = null;

  constructor(kind: Kind, self: ActorId) {
    this.kind = kind;
    this.self = self;
    this.envelope = freshEnvelope(kind, self);
  }

  given(...messages: readonly Told<T>[]): this {
    for (const message of messages) this.when(message);
    return this;
  }

  when(message: Told<T>): this {
    this.outcome = decideTwice(this.kind, this.envelope, entryOf(message, this.envelope.head.n));
    this.envelope = this.outcome.envelope;
    survivesSnapshot(this.kind, this.envelope.state);
    return this;
  }

  then(t: ExecutionContext, expected: Expected): this {
    const outcome = this.last;
    t.is(outcome.code, expected.code ?? 'accepted');
    if (expected.rows !== undefined) t.is(postingText(outcome.rows), expected.rows);
    if (expected.sends !== undefined)
      t.deepEqual(
        outcome.sends.map(({ type, to }) => `${type} -> ${to}`),
        [...expected.sends],
      );
    if (expected.state !== undefined) t.like(this.state, expected.state);
    if ('answer' in expected) t.deepEqual(outcome.answer, expected.answer);
    if (expected.note !== undefined) likeOrNull(t, this.note, expected.note);
    if (expected.effects !== undefined)
      t.deepEqual(
        outcome.effects.map(({ id }) => id),
        [...expected.effects],
      );
    if (expected.timers !== undefined) t.deepEqual(outcome.timers.map(timerText), [...expected.timers]);
    return this;
  }

  /** The messages that the last entry sent. */
  get sent(): SentMessage[] {
    return this.last.sends.map(({ to, type, id, body }) => ({ to, type, id, body: JSON.parse(body) as Record<string, unknown> }));
  }

  get state(): S {
    return this.kind.state.parse(JSON.parse(toCanonicalJson(this.envelope.state))) as S;
  }

  /** The note of the last entry, or null. */
  get note(): Record<string, unknown> | null {
    const filled = this.outcome?.filled ?? null;
    const last = decodePostings(filled === null ? postingsText(this.envelope.postings) : filled.bytes).at(-1);
    return last?.entry === this.envelope.head.last ? (last.note as Record<string, unknown> | null) : null;
  }

  get last(): Outcome {
    if (this.outcome === null) throw new Error('nothing was told yet');
    return this.outcome;
  }
}

export function scenario<K extends Kind>(kind: K, self: ActorId): Scenario<StateOf<K>, K['messages']> {
  return new Scenario(kind, self);
}

/** Entries stand a second apart unless a message says when. */
function entryOf<T extends MessageSchemas>(message: Told<T>, n: number): StoredEntry {
  const { type, body, at = T0 + n * 1000, from = 'test', id = `test/${n}` } = message;
  return { entry: `${at}-${n}`, id, type, body: toJson(body), from, trace: '' };
}

export function survivesSnapshot(kind: Pick<Kind, 'name' | 'state'>, state: unknown): void {
  const again = kind.state.parse(JSON.parse(toCanonicalJson(state)));
  if (!isDeepStrictEqual(again, state))
    throw new Error(`the state of ${kind.name} does not survive its snapshot: ${toCanonicalJson(state)}`);
}

/** Rows as the table of postings writes them: debits / credits, amounts without sign, currency only when it is not SAR. */
export function postingText(rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const side = (legs: readonly Row[]) => legs.map(legText).join(', ');
  return `${side(rows.filter(({ amount }) => amount > 0n))} / ${side(rows.filter(({ amount }) => amount < 0n))}`;
}

function legText({ account, currency, amount }: Row): string {
  const size = (amount < 0n ? -amount : amount).toString();
  return currency === 'SAR' ? `${account} ${size}` : `${account} ${size} ${currency}`;
}

function timerText({ key, at }: { readonly key: string; readonly at: number | null }): string {
  return `${key}@${at === null ? '-' : at - T0}`;
}

function likeOrNull(t: ExecutionContext, note: Record<string, unknown> | null, expected: Record<string, unknown> | null): void {
  if (expected === null) t.is(note, null);
  else if (note === null) t.fail('no note was left');
  else t.like(note, expected);
}
