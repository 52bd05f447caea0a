import { beginning, compareEntries, toJson } from '../../engine/message.ts';
import type { ActorId, EntryId } from '../../engine/message.ts';
import type {
  CommitResult,
  Lease,
  Mailboxes,
  NameSnapshot,
  ReadRequest,
  ReadResult,
  Sent,
  Shard,
  ShardCommit,
  TimerRecord,
} from '../../engine/ports.ts';
import { addEffect, decideReady, deliver, entriesAfter, headOf, isHeld, sameHead, shardStore, storeOf } from './store.ts';
import type { ShardStore, Store } from './store.ts';

const READ_ENTRIES_MAX = 1500;
const DUE_TIMERS_MAX = 100;

export function createMemoryMailboxes(store: Store): Mailboxes {
  return {
    send: (messages, cap) =>
      Promise.resolve(
        messages.map((message): Sent => {
          const shard = storeOf(store, message.to);
          const waiting = cap === null ? 0 : entriesAfter(shard, message.to, headOf(shard.tips.get(message.to)).last).length;
          return cap !== null && waiting >= cap ? { sent: false, why: 'full' } : { sent: true, entry: deliver(store, message) };
        }),
      ),
    peek: (shards, limit) => Promise.resolve(peek(store, shards, limit)),
    fetch: (lease, requests, careful) => {
      if (!isHeld(store, lease)) return Promise.resolve(null);
      const shard = shardStore(store, lease.shard);
      return Promise.resolve(
        requests.map(({ actor, count }) => {
          const tip = shard.tips.get(actor) ?? null;
          const waiting = shard.parked.has(actor) ? [] : entriesAfter(shard, actor, tip?.last ?? beginning());
          if (careful && waiting.length > 0) shard.attempts.set(actor, (shard.attempts.get(actor) ?? 0) + 1);
          return { actor, tip, entries: waiting.slice(0, count), attempts: shard.attempts.get(actor) ?? 0 };
        }),
      );
    },
    commit: (commits) => Promise.resolve(commits.map((commit) => commitOne(store, commit))),
    trim: (lease, names) =>
      Promise.resolve(isHeld(store, lease) ? names.filter((name) => trimOne(shardStore(store, lease.shard), name)).length : null),
    read: (requests) => Promise.resolve(requests.map((request) => readOne(store, request))),
    due: (leases) => Promise.resolve(leases.reduce((count, lease) => count + (isHeld(store, lease) ? due(store, lease) : 0), 0)),
  };
}

/** The limit is shared among the shards that have any, the shortest first: what they leave of their share is for the longer ones. */
function peek(store: Store, shards: readonly Shard[], limit: number): Map<Shard, ActorId[]> {
  const waiting = shards.map((name) => shardStore(store, name)).filter(({ ready }) => ready.size > 0);
  waiting.sort((a, b) => a.ready.size - b.ready.size);
  let left = limit;
  const found = new Map<Shard, ActorId[]>();
  for (const [index, shard] of waiting.entries()) {
    const share = Math.min(shard.ready.size, Math.ceil(left / (waiting.length - index)));
    left -= share;
    if (share > 0) found.set(shard.shard, share === shard.ready.size ? [...shard.ready.keys()] : peekShare(shard, share));
  }
  return found;
}

/** Half the oldest, half rotating through the rest. */
function peekShare(shard: ShardStore, share: number): ActorId[] {
  const oldest = [...shard.ready.entries()].sort((a, b) => a[1] - b[1]).map(([actor]) => actor);
  const half = Math.ceil(share / 2);
  const rest = oldest.slice(half);
  const rotated = Array.from({ length: share - half }, (_, index) => rest[(shard.rotation + index) % rest.length]).filter(
    (actor) => actor !== undefined,
  );
  shard.rotation += share - half;
  return [...new Set([...oldest.slice(0, half), ...rotated])];
}

function commitOne(store: Store, commit: ShardCommit): CommitResult {
  if (!isHeld(store, commit.lease)) return { result: 'fenced' };
  const shard = shardStore(store, commit.lease.shard);
  const heads = commit.actors.map(({ actor }) => headOf(shard.tips.get(actor)));
  const stale = commit.actors.filter(({ expected }, index) => !sameHead(heads[index] ?? headOf(undefined), expected));
  if (stale.length === 0) {
    apply(store, shard, commit);
    return { result: 'applied' };
  }
  const already = commit.actors.every(({ next }, index) => sameHead(heads[index] ?? headOf(undefined), next));
  return already ? { result: 'already' } : { result: 'stale', actors: stale.map(({ actor }) => actor) };
}

function apply(store: Store, shard: ShardStore, commit: ShardCommit): void {
  for (const { actor, next, rules } of commit.actors) {
    shard.tips.set(actor, { ...next, rules, snapshot: shard.tips.get(actor)?.snapshot ?? null });
    shard.attempts.delete(actor);
  }
  for (const [account, amount] of commit.totals) shard.totals.set(account, (shard.totals.get(account) ?? 0n) + amount);
  for (const delivery of commit.deliveries) deliver(store, delivery);
  for (const record of commit.effects) addEffect(store, record);
  for (const timer of commit.timers) setTimer(shard, timer);
  for (const park of commit.parks) parkOne(store, shard, park);
  for (const { actor } of [...commit.actors, ...commit.parks]) decideReady(shard, actor);
}

function setTimer(shard: ShardStore, { actor, key, at }: TimerRecord): void {
  const name = `${actor} ${key}`;
  if (at === null) shard.timers.delete(name);
  else shard.timers.set(name, { actor, key, at });
}

/** A park that was overtaken (its entry is committed by now) is void. */
function parkOne(store: Store, shard: ShardStore, park: ShardCommit['parks'][number]): void {
  const overtaken = park.entry !== '-' && compareEntries(park.entry as EntryId, headOf(shard.tips.get(park.actor)).last) <= 0;
  if (overtaken || shard.parked.has(park.actor)) return;
  shard.parked.set(park.actor, { ...park, shard: shard.shard, since: store.system.wallMs() });
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
  const uncovered = entriesAfter(shard, actor, snapshot.last).length;
  const kept = Math.max(uncovered, keep);
  mailbox.entries = kept === 0 ? [] : mailbox.entries.slice(-kept);
  return true;
}

/** The entry id in `<last>~<chain>`. */
export function namedLast(snapshot: string): EntryId {
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
  const ripe = [...shard.timers.entries()].filter(([, timer]) => timer.at <= now).slice(0, DUE_TIMERS_MAX);
  for (const [name, { actor, key, at }] of ripe) {
    shard.timers.delete(name);
    deliver(store, { to: actor, id: `${name}@${at}`, type: 'TimerDue', body: toJson({ key, at }), from: 'timer', trace: '' });
  }
  return ripe.length;
}
