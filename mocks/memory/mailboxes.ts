import { beginning, compareEntries, toJson } from '../../engine/message.ts';
import type { ActorId, EntryId } from '../../engine/message.ts';
import type { Lease, Mailboxes, NameSnapshot, ReadRequest, ReadResult, Sent, Shard } from '../../engine/ports.ts';
import { commitAll } from './commits.ts';
import { deliver, entriesAfter, headOf, isHeld, queueOf, shardStore, storeOf } from './store.ts';
import type { ShardStore, Store } from './store.ts';

const READ_ENTRIES_MAX = 1500;
const DUE_TIMERS_MAX = 100;

export function createMemoryMailboxes(store: Store): Mailboxes {
  let rotation = 0;
  return {
    send: (messages, cap) =>
      Promise.resolve(
        messages.map((message): Sent => {
          const shard = storeOf(store, message.to);
          const waiting = cap === null ? 0 : entriesAfter(shard, message.to, headOf(shard.tips.get(message.to)).last).length;
          return cap !== null && waiting >= cap ? { sent: false, why: 'full' } : { sent: true, entry: deliver(store, message) };
        }),
      ),
    peek: (shards, limit) => {
      if (shards.length > 0) rotation += 1;
      return Promise.resolve(peek(store, shards, { limit, rotation }));
    },
    fetch: (lease, requests, careful) => {
      if (requests.length === 0) return Promise.resolve([]);
      if (!isHeld(store, lease)) return Promise.resolve(null);
      const shard = shardStore(store, lease.shard);
      const counted = new Set<ActorId>();
      return Promise.resolve(
        requests.map(({ actor, count }) => {
          const tip = shard.tips.get(actor) ?? null;
          const waiting = shard.parked.has(actor) ? [] : entriesAfter(shard, actor, tip?.last ?? beginning());
          if (careful && waiting.length > 0 && !counted.has(actor)) shard.attempts.set(actor, (shard.attempts.get(actor) ?? 0) + 1);
          counted.add(actor);
          return { actor, tip, entries: waiting.slice(0, count), attempts: shard.attempts.get(actor) ?? 0 };
        }),
      );
    },
    follow: (requests, count) =>
      Promise.resolve(requests.map(({ shard, actor, last }) => entriesAfter(shardStore(store, shard), actor, last).slice(0, count))),
    commit: (commits) => new Promise((resolve) => resolve(commitAll(store, commits))),
    trim: (lease, names) =>
      Promise.resolve(
        names.length === 0 ? 0 : isHeld(store, lease) ? names.filter((name) => trimOne(shardStore(store, lease.shard), name)).length : null,
      ),
    read: (requests) => Promise.resolve(requests.map((request) => readOne(store, request))),
    due: (leases) => Promise.resolve(leases.reduce((count, lease) => count + (isHeld(store, lease) ? due(store, lease) : 0), 0)),
  };
}

interface Look {
  readonly limit: number;
  /** Grows by one per look. */
  readonly rotation: number;
}

/** The limit is shared among the shards that have any, the shortest first: what they leave of their share is for the longer ones. */
function peek(store: Store, shards: readonly Shard[], { limit, rotation }: Look): Map<Shard, ActorId[]> {
  const place = new Map(shards.map((shard, index) => [shard, (index + 1 + rotation) % shards.length]));
  const waiting = shards.map((name) => shardStore(store, name)).filter(({ ready }) => ready.size > 0);
  waiting.sort((a, b) => a.ready.size - b.ready.size || (place.get(a.shard) ?? 0) - (place.get(b.shard) ?? 0));
  let left = limit;
  const found = new Map<Shard, ActorId[]>();
  for (const [index, shard] of waiting.entries()) {
    const share = Math.min(shard.ready.size, Math.ceil(left / (waiting.length - index)));
    left -= share;
    if (share > 0) found.set(shard.shard, peekShare(shard, share, rotation));
  }
  return found;
}

/** Half the oldest, half in windows that rotate through the rest. */
function peekShare(shard: ShardStore, share: number, rotation: number): ActorId[] {
  const queue = queueOf(shard).map(([actor]) => actor);
  const half = share === queue.length ? share : Math.ceil(share / 2);
  const rest = share - half;
  if (rest === 0) return queue.slice(0, half);
  const windows = Math.ceil((queue.length - half) / rest);
  const from = half + (rotation % windows) * rest;
  return [...queue.slice(0, half), ...queue.slice(from, from + rest)];
}

/** Whether the tip names the given snapshot now. */
function trimOne(shard: ShardStore, { actor, snapshot, keep }: NameSnapshot): boolean {
  const tip = shard.tips.get(actor);
  if (tip === undefined || compareEntries(snapshot.last, tip.last) > 0) return false;
  if (snapshot.last === tip.last && snapshot.chain !== tip.chain) return false;
  const name = `${snapshot.last}~${snapshot.chain}`;
  if (tip.snapshot === name) return true;
  if (tip.snapshot !== null && compareEntries(namedLast(tip.snapshot), snapshot.last) >= 0) return false;
  shard.tips.set(actor, { ...tip, snapshot: name });
  const mailbox = shard.mailboxes.get(actor);
  if (mailbox === undefined) return true;
  // The snapshot's own entry stays too, as XTRIM MINID has it.
  const uncovered = mailbox.entries.filter(({ entry }) => compareEntries(entry, snapshot.last) >= 0).length;
  mailbox.entries = mailbox.entries.slice(-Math.max(uncovered, keep, 1));
  return true;
}

/** The entry id in `<last>~<chain>`. */
function namedLast(snapshot: string): EntryId {
  return snapshot.slice(0, snapshot.indexOf('~')) as EntryId;
}

function readOne(store: Store, { actor, after }: ReadRequest): ReadResult {
  const shard = storeOf(store, actor);
  const tip = shard.tips.get(actor) ?? null;
  const named = tip?.snapshot ?? null;
  const covered = named === null ? beginning() : namedLast(named);
  const from = after ?? covered;
  return { tip, entries: entriesAfter(shard, actor, from).slice(0, READ_ENTRIES_MAX), parked: shard.parked.has(actor) };
}

function due(store: Store, lease: Lease): number {
  const shard = shardStore(store, lease.shard);
  const now = store.system.wallMs();
  const ripe = [...shard.timers.entries()].filter(([, timer]) => timer.at <= now);
  ripe.sort((a, b) => a[1].at - b[1].at || (a[0] < b[0] ? -1 : 1)).splice(DUE_TIMERS_MAX);
  for (const [name, { actor, key, at }] of ripe) {
    shard.timers.delete(name);
    deliver(store, { to: actor, id: `${name}@${at}`, type: 'TimerDue', body: toJson({ key, at }), from: 'timer', trace: '' });
  }
  return ripe.length;
}
