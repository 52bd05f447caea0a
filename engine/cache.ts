/**
 * The actors in memory: an LRU of those that a snapshot covers wholly, and a pinned map of those with unsaved entries.
 *
 * C1  An envelope enters only after its commit succeeded, or after a load whose chain equalled the tip's.
 * C2  Unsaved actors are never evicted: while MongoDB is away, memory is the only fast way to their state. They are in the order in
 *     which they became unsaved, so that the first is the oldest.
 */
import { LRUCache } from 'lru-cache';
import type { Traffic } from './commits.ts';
import type { Envelope } from './envelope.ts';
import { charsOf } from './journal.ts';
import type { Limits } from './limits.ts';
import type { ActorId } from './message.ts';
import type { Head, LedgerPage, Shard } from './ports.ts';

export interface Unsaved {
  /** Monotonic, of the oldest unsaved entry. */
  readonly sinceMs: number;
  readonly entries: number;
  /** Ledger pages that must be inserted before a snapshot of the envelope. */
  readonly pages: readonly LedgerPage[];
  /** Where the last snapshot stands: the journal's span begins there. */
  readonly from: Head;
  /** Messages since then, one item per commit; to be journalled before a snapshot. Grows in place: a copy per commit would cost more and more. */
  readonly traffic: Traffic[];
  /** About what pages and traffic take, in characters. */
  readonly chars: number;
}

export interface HotActor {
  readonly shard: Shard;
  readonly envelope: Envelope;
  /** `<last>~<chain>` of the snapshot that the tip is known to name. */
  readonly named: string | null;
  readonly unsaved: Unsaved | null;
  /** It may have been parked where it stands: its mailbox says whether it still is. */
  readonly parked: boolean;
}

/** What a commit adds to an actor in memory. */
export interface Advance {
  readonly shard: Shard;
  readonly envelope: Envelope;
  readonly entries: number;
  readonly pages: readonly LedgerPage[];
  readonly before: Head;
  readonly traffic: Traffic;
  readonly nowMs: number;
}

/** A snapshot that the tip names now; entries after it remain unsaved. */
export interface Saved {
  readonly head: Head;
  /** Monotonic, when the envelope was taken for it. */
  readonly takenMs: number;
  /** Ledger pages that were inserted with it: the first ones of the unsaved. */
  readonly pages: number;
  /** Items of the traffic that were journalled with it, the first ones. */
  readonly traffic: number;
}

export interface Cache {
  get(actor: ActorId): HotActor | undefined;
  put(hot: HotActor): void;
  advance(change: Advance): void;
  saved(actor: ActorId, snapshot: Saved): void;
  park(actor: ActorId): void;
  drop(actor: ActorId): void;
  dropShards(shards: ReadonlySet<Shard>): void;
  /** Oldest first. */
  dirty(): Iterable<HotActor>;
  oldestDirty(): HotActor | undefined;
  readonly size: number;
  readonly dirtySize: number;
  /** Entries that no snapshot covers, and characters that MongoDB must be given before one does, of all actors. */
  readonly unsaved: Readonly<Record<'entries' | 'chars', number>>;
}

/** How much of what may be unsaved is: beyond 1 nothing is decided. */
export function unsavedShare({ unsaved }: Pick<Cache, 'unsaved'>, limits: Pick<Limits, 'unsavedEntries' | 'unsavedChars'>): number {
  return Math.max(unsaved.entries / limits.unsavedEntries, unsaved.chars / limits.unsavedChars);
}

/** What follows on a head that was saved, counted. */
export function unsavedOf(facts: Omit<Unsaved, 'chars'>): Unsaved {
  return { ...facts, chars: charsIn(facts) };
}

function charsIn({ pages, traffic }: { readonly pages: readonly LedgerPage[]; readonly traffic: readonly Traffic[] }): number {
  const ofPages = pages.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return traffic.reduce((sum, one) => sum + charsOf(one), ofPages);
}

export function createCache({ hotActors }: { readonly hotActors: number }): Cache {
  const clean = new LRUCache<ActorId, HotActor>({ max: hotActors });
  const dirty = new Map<ActorId, HotActor>();
  const unsaved = { entries: 0, chars: 0 };
  const count = (one: Unsaved | null | undefined, sign: 1 | -1): void => {
    unsaved.entries += sign * (one?.entries ?? 0);
    unsaved.chars += sign * (one?.chars ?? 0);
  };
  const forgetDirty = (actor: ActorId): void => {
    count(dirty.get(actor)?.unsaved, -1);
    dirty.delete(actor);
  };
  const put = (hot: HotActor): void => {
    const { actor } = hot.envelope;
    if (hot.unsaved === null) {
      forgetDirty(actor);
      clean.set(actor, hot);
    } else {
      clean.delete(actor);
      count(dirty.get(actor)?.unsaved, -1);
      count(hot.unsaved, 1);
      dirty.set(actor, hot); // where it was, if it was there
    }
  };
  return {
    get: (actor) => dirty.get(actor) ?? clean.get(actor),
    put,
    advance: (change) => {
      put(advanced(dirty.get(change.envelope.actor) ?? clean.get(change.envelope.actor), change));
    },
    saved: (actor, snapshot) => {
      const hot = dirty.get(actor);
      if (hot === undefined) return;
      forgetDirty(actor); // what remains is younger than the others: it goes to the end
      put(afterSnapshot(hot, snapshot));
    },
    park: (actor) => {
      const hot = dirty.get(actor) ?? clean.get(actor);
      if (hot !== undefined) put({ ...hot, parked: true });
    },
    drop: (actor) => {
      forgetDirty(actor);
      clean.delete(actor);
    },
    dropShards: (shards) => {
      for (const [actor, hot] of dirty) if (shards.has(hot.shard)) forgetDirty(actor);
      for (const [actor, hot] of [...clean.entries()]) if (shards.has(hot.shard)) clean.delete(actor);
    },
    dirty: () => dirty.values(),
    oldestDirty: () => {
      for (const hot of dirty.values()) return hot;
      return undefined;
    },
    get size() {
      return clean.size + dirty.size;
    },
    get dirtySize() {
      return dirty.size;
    },
    unsaved,
  };
}

function advanced(hot: HotActor | undefined, change: Advance): HotActor {
  const { shard, envelope } = change;
  return { shard, envelope, named: hot?.named ?? null, parked: false, unsaved: grown(hot?.unsaved ?? null, change) };
}

function grown(unsaved: Unsaved | null, { entries, pages, before, traffic, nowMs }: Advance): Unsaved {
  if (unsaved === null) return unsavedOf({ sinceMs: nowMs, entries, pages, from: before, traffic: [traffic] });
  const more = traffic.sent.length + traffic.heard.length > 0 ? [traffic] : [];
  unsaved.traffic.push(...more);
  return {
    sinceMs: unsaved.sinceMs,
    entries: unsaved.entries + entries,
    pages: pages.length === 0 ? unsaved.pages : [...unsaved.pages, ...pages],
    from: unsaved.from,
    traffic: unsaved.traffic,
    chars: unsaved.chars + charsIn({ pages, traffic: more }),
  };
}

function afterSnapshot(hot: HotActor, { head, takenMs, pages, traffic }: Saved): HotActor {
  const named = `${head.last}~${head.chain}`;
  const entries = hot.envelope.head.n - head.n;
  if (entries <= 0) return { ...hot, named, unsaved: null };
  const left = { pages: (hot.unsaved?.pages ?? []).slice(pages), traffic: (hot.unsaved?.traffic ?? []).slice(traffic) };
  return { ...hot, named, unsaved: unsavedOf({ sinceMs: takenMs, entries, from: head, ...left }) };
}
