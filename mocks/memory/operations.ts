import type { ActorId } from '../../engine/message.ts';
import type { Operations, Shard, ShardGauges } from '../../engine/ports.ts';
import { totalGauges } from '../../engine/gauges.ts';
import { namedLast } from './mailboxes.ts';
import { decideReady, deliver, headOf, isHeld, sameHead, shardStore, storeOf } from './store.ts';
import type { ShardStore, Store } from './store.ts';

export function createMemoryOperations(store: Store): Operations {
  const all = (shards: readonly Shard[]): ShardStore[] => shards.map((shard) => shardStore(store, shard));
  return {
    parked: (shards) => Promise.resolve(all(shards).flatMap((shard) => [...shard.parked.values()])),
    resume: (actor) => Promise.resolve(unpark(storeOf(store, actor), actor)),
    skip: (request) => Promise.resolve(skip(store, request)),
    dead: (shards) => Promise.resolve(all(shards).flatMap((shard) => shard.dead)),
    waiting: (shards, limit) => {
      const waiting = all(shards).flatMap((shard) => [...shard.ready].map(([actor, since]) => ({ actor, shard: shard.shard, since })));
      return Promise.resolve(waiting.sort((a, b) => a.since - b.since).slice(0, limit));
    },
    actors: (shard) => Promise.resolve({ cursor: '0', actors: new Map(shardStore(store, shard).tips) }),
    totals: (shards) => {
      const sums = new Map<string, bigint>();
      for (const shard of all(shards)) for (const [account, sum] of shard.totals) sums.set(account, (sums.get(account) ?? 0n) + sum);
      return Promise.resolve(sums);
    },
    forget: (lease, actor) => Promise.resolve(isHeld(store, lease) && forget(shardStore(store, lease.shard), actor)),
    gauges: (shards) => {
      const byShard = new Map(all(shards).map((shard) => [shard.shard, shardGauges(shard, store.system.wallMs())]));
      return Promise.resolve({ ...totalGauges(byShard.values()), memoryUsed: 0, memoryMax: 0, byShard });
    },
  };
}

function shardGauges({ ready, parked, dead }: ShardStore, nowMs: number): ShardGauges {
  const oldest = [...ready.values()].reduce((a, b) => Math.min(a, b), Infinity);
  return {
    ready: ready.size,
    oldestReadyMs: ready.size === 0 ? null : Math.max(0, nowMs - oldest),
    parked: parked.size,
    dead: dead.length,
  };
}

function unpark(shard: ShardStore, actor: ActorId): boolean {
  const parked = shard.parked.delete(actor);
  shard.attempts.delete(actor);
  if (parked) decideReady(shard, actor);
  return parked;
}

function skip(store: Store, request: Parameters<Operations['skip']>[0]): boolean {
  const { actor, entry, expected, next, rules, by, why, deliveries } = request;
  const shard = storeOf(store, actor);
  const mailbox = shard.mailboxes.get(actor);
  const skipped = mailbox?.entries.find((one) => one.entry === entry);
  if (mailbox === undefined || skipped === undefined) return false;
  if (!sameHead(headOf(shard.tips.get(actor)), expected) || shard.parked.get(actor)?.entry !== entry) return false;
  shard.tips.set(actor, { ...next, rules, snapshot: `${next.last}~${next.chain}` });
  mailbox.entries = mailbox.entries.filter((one) => one.entry !== entry);
  shard.dead.push({ ...skipped, actor, by, why, at: store.system.wallMs() });
  for (const delivery of deliveries) deliver(store, delivery);
  return unpark(shard, actor);
}

function forget(shard: ShardStore, actor: ActorId): boolean {
  const tip = shard.tips.get(actor);
  const mailbox = shard.mailboxes.get(actor);
  const named = tip?.snapshot ?? null;
  if (tip === undefined || named === null || mailbox === undefined) return false;
  if (mailbox.last !== tip.last || namedLast(named) !== tip.last) return false;
  return shard.mailboxes.delete(actor);
}
