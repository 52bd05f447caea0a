/**
 * The state that the in-memory ports share: what Redis would hold, with the same rules about ids, tips, ready and parked.
 * Every function here runs without a pause, as a script does.
 */
import { beginning, compareEntries, msOf } from '../../engine/message.ts';
import type { ActorId, Addressed, EntryId, StoredEntry } from '../../engine/message.ts';
import type { DeadEntry } from '../../engine/operations.ts';
import type { EffectRecord, Head, OutboxEntry, ParkedActor, Shard, System, Tip } from '../../engine/ports.ts';

export interface Mailbox {
  entries: StoredEntry[];
  /** The last id ever given, also to entries that are gone. */
  last: EntryId;
}

export interface OpenEffect {
  readonly record: EffectRecord;
  readonly claim: EntryId;
  attempts: number;
  /** null: nobody has it. */
  claimedAt: number | null;
  claimedBy: string;
}

export interface SeenEpoch {
  readonly epoch: string;
  last: EntryId;
}

export interface ShardStore {
  readonly shard: Shard;
  epoch: number;
  lease: { owner: string; token: string; expiresAt: number } | null;
  readonly mailboxes: Map<ActorId, Mailbox>;
  readonly ready: Map<ActorId, number>;
  readonly tips: Map<ActorId, Tip>;
  readonly totals: Map<string, bigint>;
  readonly parked: Map<ActorId, ParkedActor>;
  readonly attempts: Map<ActorId, number>;
  readonly timers: Map<string, { readonly actor: ActorId; readonly key: string; readonly at: number }>;
  readonly effects: Map<EntryId, OpenEffect>;
  /** The last claim ever given, also to effects that are settled. */
  lastClaim: EntryId;
  /** The newest first. */
  readonly dead: DeadEntry[];
  readonly outbox: { entries: OutboxEntry[]; last: EntryId };
  /** Sending shard -> its last epochs, the newest last, each with the last entry of it that was delivered here. */
  readonly seen: Map<Shard, SeenEpoch[]>;
}

export interface Store {
  readonly system: System;
  readonly shards: Map<Shard, ShardStore>;
  /** `<role> <worker>` -> when it was last heard of, ms since 1970. */
  readonly heartbeats: Map<string, number>;
  /** One write reaches one shard only, as in a cluster: the rest goes through the outbox. */
  readonly cluster: boolean;
  shardOf(actor: ActorId): Shard;
}

export function createStore(shardOf: (actor: ActorId) => Shard, system: System, cluster = false): Store {
  return { system, shards: new Map(), heartbeats: new Map(), cluster, shardOf };
}

export function shardStore(store: Store, shard: Shard): ShardStore {
  const known = store.shards.get(shard);
  if (known !== undefined) return known;
  const fresh: ShardStore = {
    shard,
    epoch: 0,
    lease: null,
    mailboxes: new Map(),
    ready: new Map(),
    tips: new Map(),
    totals: new Map(),
    parked: new Map(),
    attempts: new Map(),
    timers: new Map(),
    effects: new Map(),
    lastClaim: beginning(),
    dead: [],
    outbox: { entries: [], last: beginning() },
    seen: new Map(),
  };
  store.shards.set(shard, fresh);
  return fresh;
}

export function storeOf(store: Store, actor: ActorId): ShardStore {
  return shardStore(store, store.shardOf(actor));
}

export function isHeld(store: Store, lease: { readonly shard: Shard; readonly token: string }): boolean {
  return shardStore(store, lease.shard).lease?.token === lease.token;
}

export function headOf(tip: Tip | undefined): Head {
  return tip ?? { last: beginning(), n: 0, chain: '-' };
}

export function sameHead(a: Head, b: Head): boolean {
  return a.last === b.last && a.n === b.n && a.chain === b.chain;
}

/** The next id of a mailbox; it grows also when the clock stepped back. */
export function nextId(last: EntryId, nowMs: number): EntryId {
  const lastMs = msOf(last);
  return nowMs > lastMs ? `${nowMs}-0` : `${lastMs}-${Number(last.slice(last.indexOf('-') + 1)) + 1}`;
}

/** XADD and ready, unless parked; a missing mailbox begins at the actor's tip. */
export function deliver(store: Store, message: Addressed): EntryId {
  const shard = storeOf(store, message.to);
  let mailbox = shard.mailboxes.get(message.to);
  if (mailbox === undefined) {
    mailbox = { entries: [], last: headOf(shard.tips.get(message.to)).last };
    shard.mailboxes.set(message.to, mailbox);
  }
  const entry = nextId(mailbox.last, store.system.wallMs());
  const { id, type, body, from, trace } = message;
  mailbox.entries.push({ entry, id, type, body, from, trace });
  mailbox.last = entry;
  if (!shard.parked.has(message.to) && !shard.ready.has(message.to)) shard.ready.set(message.to, msOf(entry));
  return entry;
}

/** What follows from a shard's commit: delivered, or put into its outbox when another write must carry it. */
export function sendFrom(
  store: Store,
  from: ShardStore,
  { epoch, message }: { readonly epoch: string; readonly message: Addressed },
): void {
  if (!store.cluster || store.shardOf(message.to) === from.shard) {
    deliver(store, message);
    return;
  }
  const entry = nextId(from.outbox.last, store.system.wallMs());
  from.outbox.last = entry;
  from.outbox.entries.push({ ...message, entry, epoch });
}

/** The entries after `after`, by binary search. */
export function entriesAfter(shard: ShardStore, actor: ActorId, after: EntryId): readonly StoredEntry[] {
  const entries = shard.mailboxes.get(actor)?.entries ?? [];
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry !== undefined && compareEntries(entry.entry, after) <= 0) low = middle + 1;
    else high = middle;
  }
  return entries.slice(low);
}

/** Ready actors, those that wait longest first; in the order of their names among equals. */
export function queueOf(shard: ShardStore): (readonly [ActorId, number])[] {
  return [...shard.ready].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1));
}

/** Decides ready anew: last of all in everything that moves a tip, so that no wake-up can be lost (I4). */
export function decideReady(shard: ShardStore, actor: ActorId): void {
  const oldest = entriesAfter(shard, actor, headOf(shard.tips.get(actor)).last)[0];
  if (oldest === undefined || shard.parked.has(actor)) shard.ready.delete(actor);
  else shard.ready.set(actor, msOf(oldest.entry));
}

export function addEffect(store: Store, record: EffectRecord): void {
  const shard = storeOf(store, record.actor);
  const claim = nextId(shard.lastClaim, store.system.wallMs());
  shard.lastClaim = claim;
  shard.effects.set(claim, { record, claim, attempts: 0, claimedAt: null, claimedBy: '' });
}
