import { Fault } from '../../engine/fault.ts';
import type { ActorId } from '../../engine/message.ts';
import type { Operations, ShardGauges } from '../../engine/operations.ts';
import type { Shard } from '../../engine/ports.ts';
import { totalGauges } from '../../engine/gauges.ts';
import { decideReady, entriesAfter, headOf, isHeld, queueOf, sameHead, sendFrom, shardStore, storeOf } from './store.ts';
import type { ShardStore, Store } from './store.ts';

export function createMemoryOperations(store: Store): Operations {
  const all = (shards: readonly Shard[]): ShardStore[] => shards.map((shard) => shardStore(store, shard));
  return {
    parked: (shards) => Promise.resolve(all(shards).flatMap((shard) => [...shard.parked.values()])),
    resume: (actor) => Promise.resolve(unpark(storeOf(store, actor), actor)),
    skip: (request) => new Promise((resolve) => resolve(skip(store, request))),
    dead: (shards) => Promise.resolve(all(shards).flatMap((shard) => shard.dead)),
    waiting: (shards, limit) => {
      const waiting = all(shards).flatMap((shard) => queueOf(shard).map(([actor, since]) => ({ actor, shard: shard.shard, since })));
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
  if (!shard.parked.delete(actor)) return false;
  shard.attempts.delete(actor);
  decideReady(shard, actor);
  return true;
}

function skip(store: Store, request: Parameters<Operations['skip']>[0]): boolean {
  const { actor, entry, expected, next } = request;
  if (next.last !== entry) throw new Fault({ code: 'bad_head', retry: 'never' });
  const shard = storeOf(store, actor);
  const tip = shard.tips.get(actor);
  // Done already: a repeated call is answered as at first.
  if (tip !== undefined && sameHead(tip, next) && tip.snapshot === `${next.last}~${next.chain}`) return true;
  if (!sameHead(headOf(tip), expected) || shard.parked.get(actor)?.entry !== entry) return false;
  return skipNext(store, shard, request);
}

function skipNext(store: Store, shard: ShardStore, request: Parameters<Operations['skip']>[0]): boolean {
  const { actor, entry, expected, next, rules, by, why, deliveries } = request;
  const mailbox = shard.mailboxes.get(actor);
  const [skipped] = entriesAfter(shard, actor, expected.last);
  if (mailbox === undefined || skipped?.entry !== entry) return false;
  shard.tips.set(actor, { ...next, rules, snapshot: `${next.last}~${next.chain}` });
  mailbox.entries = mailbox.entries.filter((one) => one.entry !== entry);
  shard.dead.unshift({ ...skipped, actor, by, why, at: store.system.wallMs() });
  const epoch = shard.lease?.token ?? `${shard.epoch}:`;
  for (const message of deliveries) sendFrom(store, shard, { epoch, message });
  return unpark(shard, actor);
}

/** Whether there is no mailbox now. */
function forget(shard: ShardStore, actor: ActorId): boolean {
  const tip = shard.tips.get(actor);
  if (tip === undefined || tip.snapshot !== `${tip.last}~${tip.chain}`) return false;
  if (shard.ready.has(actor) || shard.parked.has(actor)) return false;
  const mailbox = shard.mailboxes.get(actor);
  if (mailbox !== undefined && mailbox.last !== tip.last) return false;
  shard.mailboxes.delete(actor);
  return true;
}
