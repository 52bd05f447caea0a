/**
 * What travels between actors: plain messages in mailboxes.
 *
 * M1  A message is `{ id, type, body, from, trace }`; its body is JSON text whose schema the receiving kind owns.
 * M2  An entry is a message at its place in one mailbox; the entry id is the only order and the only clock an actor sees.
 * M3  Amounts travel as decimal strings of minor units, because JSON numbers are floats.
 */

/** `<kind>:<id>`, for example `virtual-account:123170000000017`; ids may hold further colons. */
export type ActorId = `${string}:${string}`;

/** A Redis stream id, `<ms>-<sequence>`. */
export type EntryId = `${number}-${number}`;

export interface Message {
  /** Names the message for ever: a natural key when money moves, else `<sender>/<entry>~<chain>/<n>`. */
  readonly id: string;
  readonly type: string;
  /** JSON text. */
  readonly body: string;
  /** The sending actor, or `edge:<role>`, `effect:<type>`, `timer`, `operator:<name>`. */
  readonly from: string;
  /** W3C trace id of the request that began it all, or empty. */
  readonly trace: string;
}

/** A message addressed to a mailbox. */
export interface Addressed extends Message {
  readonly to: ActorId;
}

/** A message in a mailbox. */
export interface StoredEntry extends Message {
  readonly entry: EntryId;
}

const NOTHING: EntryId = '0-0';

/** The id before every entry: where a new mailbox begins. */
export function beginning(): EntryId {
  return NOTHING;
}

export function kindOf(actor: ActorId): string {
  return actor.slice(0, actor.indexOf(':'));
}

export function idOf(actor: ActorId): string {
  return actor.slice(actor.indexOf(':') + 1);
}

/** Milliseconds since 1970 of an entry id. */
export function msOf(entry: EntryId): number {
  return Number(entry.slice(0, entry.indexOf('-')));
}

/** -1, 0, 1 as `a` comes before, is, or comes after `b` in a stream. */
export function compareEntries(a: EntryId, b: EntryId): number {
  const dashA = a.indexOf('-');
  const dashB = b.indexOf('-');
  return Math.sign(Number(a.slice(0, dashA)) - Number(b.slice(0, dashB)) || Number(a.slice(dashA + 1)) - Number(b.slice(dashB + 1)));
}

// The language leaves it to the program how a bigint looks in JSON. A replacer instead costs twice the time per body (2.3 against 1.1 µs).
Object.defineProperty(BigInt.prototype, 'toJSON', {
  value(this: bigint) {
    return this.toString();
  },
});

/** JSON text of a body; bigint becomes a decimal string (M3). */
export function toJson(value: unknown): string {
  return JSON.stringify(value);
}

/** A text that is kept. `JSON.stringify` leaves longer ones in pieces, each an object that the collector follows; whoever looks at a character joins them. */
export function inOnePiece(text: string): string {
  if (Number.isNaN(text.charCodeAt(0))) throw new Error('no text');
  return text;
}

/** JSON text with sorted keys: equal values have equal bytes, whoever built them. For snapshots and hashes. */
export function toCanonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

/**
 * The value with its keys in order, all the way down; what is in order already is not copied. The copy and a plain stringify take 70 µs for a
 * typical envelope; sorting in a replacer took 159, and building the text by hand 166.
 */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return sortedItems(value);
  if (!isObject(value)) return value;
  let copy: Record<string, unknown> | null = null;
  let before = '';
  for (const key of Object.keys(value)) {
    const item = value[key];
    const done = sorted(item);
    if (copy === null && (key < before || done !== item)) copy = { ...value };
    if (copy !== null) copy[key] = done;
    before = key;
  }
  return copy === null ? value : inOrder(copy);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object';
}

function inOrder(items: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(items).sort()) copy[key] = items[key];
  return copy;
}

function sortedItems(items: readonly unknown[]): readonly unknown[] {
  const copies = items.map(sorted);
  return copies.every((copy, index) => copy === items[index]) ? items : copies;
}
