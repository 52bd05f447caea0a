/** What people and gauges look at, and the few things they may do: resume, skip, forget. */
import type { Layout } from '../../engine/layout.ts';
import type { ActorId } from '../../engine/message.ts';
import { totalGauges } from '../../engine/gauges.ts';
import type { DeadEntry, Gauges, Operations, ShardGauges, WaitingActor } from '../../engine/operations.ts';
import type { ParkedActor, Shard, Tip } from '../../engine/ports.ts';
import { exchange } from './client.ts';
import type { RedisClient } from './client.ts';
import { deliveriesOf, outgoingArgs, splitOf } from './deliveries.ts';
import { faultOf } from './faults.ts';
import { mailboxKey, shardKeys } from './keys.ts';
import type { ShardKeys } from './keys.ts';
import type { MemoryGauge } from './memory.ts';
import { parkedActor } from './parked.ts';
import { actorId, entries, entryId, isActorId, list, number, pairs, record, text } from './reply.ts';
import type { ScriptCall, Scripts } from './scripts.ts';
import { headText, parseTip } from './tip.ts';

/** Newest first; older ones are for `redis-cli XRANGE`. */
const DEAD_PER_SHARD_MAX = 1000;
const ACTORS_PER_PAGE = 500;

export interface OperationsParts {
  readonly redis: RedisClient;
  readonly scripts: Scripts;
  readonly layout: Layout;
  readonly memory: MemoryGauge;
}

export function createOperations({ redis, scripts, layout, memory }: OperationsParts): Operations {
  const ask = (shards: readonly Shard[], command: Command): Promise<unknown[]> => askShards(redis, shards, command);

  return {
    async parked(shards) {
      const answers = await ask(shards, ({ parked }) => ['hgetall', parked]);
      return shards.flatMap((shard, index) =>
        [...pairs(answers[index])].map(([actor, json]): ParkedActor => parkedActor(shard, actor, json)),
      );
    },

    async resume(actor) {
      const shard = layout.shardOf(actor);
      const { tip, ready, parked, attempts } = shardKeys(shard);
      return (await scripts.run({ script: 'resume', keys: [tip, ready, parked, attempts, mailboxKey(shard, actor)], args: [actor] })) === 1;
    },

    async skip({ actor, entry, expected, next, rules, by, why, deliveries }) {
      const shard = layout.shardOf(actor);
      const { tip, ready, parked, attempts, dead, lease, outbox } = shardKeys(shard);
      const { near, outgoing } = splitOf({ layout, cluster: scripts.cluster }, shard, deliveries);
      const targets = deliveriesOf(layout, near);
      const keys = [tip, ready, parked, attempts, dead, mailboxKey(shard, actor), lease, outbox, ...targets.keys];
      const decided = [actor, entry, headText(expected), headText(next), rules, by, why];
      const args = [...decided, outgoing.length, ...outgoingArgs(outgoing), ...targets.args];
      return (await scripts.run({ script: 'skip', keys, args })) === 1;
    },

    async dead(shards) {
      const answers = await ask(shards, ({ dead }) => ['xrevrange', dead, '+', '-', 'COUNT', DEAD_PER_SHARD_MAX]);
      return answers.flatMap((answer) => list(answer).map(deadEntry));
    },

    async waiting(shards, limit) {
      if (limit < 1) return [];
      const answers = await ask(shards, ({ ready }) => ['zrange', ready, 0, limit - 1, 'WITHSCORES']);
      const all = shards.flatMap((shard, index) =>
        [...pairs(answers[index])].map(([actor, since]): WaitingActor => ({ actor: actorId(actor), shard, since: Number(since) })),
      );
      return all.sort((a, b) => a.since - b.since).slice(0, limit);
    },

    async actors(shard, cursor) {
      const [answer] = await ask([shard], ({ tip }) => ['hscan', tip, cursor, 'COUNT', ACTORS_PER_PAGE]);
      const [next, page] = list(answer);
      return { cursor: text(next), actors: tipsOf(pairs(page)) };
    },

    async totals(shards) {
      const answers = await ask(shards, ({ totals }) => ['hgetall', totals]);
      const sums = new Map<string, bigint>();
      for (const answer of answers) for (const [name, sum] of pairs(answer)) sums.set(name, (sums.get(name) ?? 0n) + BigInt(sum));
      return sums;
    },

    async forget(lease, actor) {
      const { lease: leaseKey, tip, ready, parked } = shardKeys(lease.shard);
      const keys = [leaseKey, tip, ready, parked, mailboxKey(lease.shard, actor)];
      return (await scripts.run({ script: 'forget', keys, args: [lease.token, actor] })) === 1;
    },

    gauges: (shards) => gaugesOf(shards, { scripts, memory }),
  };
}

async function gaugesOf(shards: readonly Shard[], { scripts, memory }: Pick<OperationsParts, 'scripts' | 'memory'>): Promise<Gauges> {
  const calls = shards.map((shard): ScriptCall => {
    const { ready, parked, dead } = shardKeys(shard);
    return { script: 'gauges', keys: [ready, parked, dead], args: [] };
  });
  const [answers, figures] = await Promise.all([scripts.runAll(calls), memory.read()]);
  const byShard = new Map(shards.map((shard, index): [Shard, ShardGauges] => [shard, shardGauges(answers[index])]));
  return { ...totalGauges(byShard.values()), memoryUsed: figures.used, memoryMax: figures.max, byShard };
}

function shardGauges(answer: unknown): ShardGauges {
  const [ready, age, parked, dead] = list(answer).map(number);
  return { ready: ready ?? 0, oldestReadyMs: age === undefined || age < 0 ? null : age, parked: parked ?? 0, dead: dead ?? 0 };
}

type Command = (keys: ShardKeys) => readonly [string, ...(string | number)[]];

async function askShards(redis: RedisClient, shards: readonly Shard[], command: Command): Promise<unknown[]> {
  const requests = shards.map((shard) => {
    const [name, ...args] = command(shardKeys(shard));
    return { key: String(args[0]), name, args };
  });
  return (await exchange(redis, requests)).map(([error, answer]) => {
    if (error !== null) throw faultOf(error);
    return answer;
  });
}

function tipsOf(values: ReadonlyMap<string, string>): Map<ActorId, Tip> {
  const tips = new Map<ActorId, Tip>();
  for (const [actor, value] of values) {
    const tip = parseTip(value);
    if (tip !== null && isActorId(actor)) tips.set(actor, tip);
  }
  return tips;
}

/** A skipped entry keeps its own fields; who, why, when and from which mailbox stand before them. */
function deadEntry(item: unknown): DeadEntry {
  const [, fields] = list(item);
  const all = list(fields);
  const own = 10;
  const facts = record(all.slice(0, own));
  const entry = entryId(facts.get('entry'));
  const [stored] = entries([[entry, all.slice(own)]]);
  const { id = '', type = '', body = '', from = '', trace = '' } = stored ?? {};
  return {
    entry,
    id,
    type,
    body,
    from,
    trace,
    actor: actorId(facts.get('actor')),
    by: facts.get('by') ?? '',
    why: facts.get('why') ?? '',
    at: Number(facts.get('at')),
  };
}
