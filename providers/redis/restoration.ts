/** Fills a Redis that lost everything. Its marks are gone when it has ended. */
import { Fault } from '../../engine/fault.ts';
import type { Layout } from '../../engine/layout.ts';
import type { Shard } from '../../engine/ports.ts';
import type { RestoredActor, Restoration } from '../../engine/restoration.ts';
import { deliveriesOf } from './deliveries.ts';
import { shapeOf } from './installation.ts';
import { META, shardKeys } from './keys.ts';
import { number } from './reply.ts';
import type { ScriptCall, Scripts } from './scripts.ts';
import { headText } from './tip.ts';

type Message = Parameters<Restoration['deliver']>[0][number];

const NOT_RESTORING = 'NOT_RESTORING';

export function createRestoration(scripts: Scripts, layout: Layout): Restoration {
  const restored = layout.allShards.map((shard) => shardKeys(shard).restored);
  return {
    async begin(installation) {
      if (scripts.cluster) throw clusterRefused();
      const answer = await scripts.run({ script: 'restore-begin', keys: [META, ...restored], args: [installation] });
      if (answer === 'begun' || answer === 'goes_on') return;
      throw new Fault({
        code: 'redis_not_empty',
        retry: 'never',
        message: 'This Redis is not empty: a restore fills only an empty one, or goes on with one that it began',
      });
    },
    async put(shard, actors) {
      const { restored: mark, tip, totals, timers, effects } = shardKeys(shard);
      return newOnes(
        await scripts.run({ script: 'restore-put', keys: [mark, tip, totals, timers, effects], args: actors.flatMap(argsOf) }),
      );
    },
    async deliver(messages) {
      const byShard = new Map<Shard, Message[]>();
      for (const one of messages) {
        const shard = layout.shardOf(one.message.to);
        byShard.set(shard, [...(byShard.get(shard) ?? []), one]);
      }
      const answers = await scripts.runAll([...byShard].map(([shard, some]) => deliverCall(layout, shard, some)));
      return answers.reduce<number>((sum, answer) => sum + newOnes(answer), 0);
    },
    async finish(installation) {
      const keys = [META, ...layout.allShards.flatMap((shard) => [shardKeys(shard).lease, shardKeys(shard).restored])];
      const answer = await scripts.run({ script: 'restore-finish', keys, args: [installation, layout.version, shapeOf(layout)] });
      if (answer === NOT_RESTORING) throw notRestoring();
    },
  };
}

function argsOf({ actor, tip, sums, timers, effects }: RestoredActor): (string | number)[] {
  const amounts = Object.entries(sums);
  return [
    ...[actor, `${headText(tip)} ${tip.snapshot ?? '-'} ${String(tip.rules)}`, amounts.length, timers.length, effects.length],
    ...amounts.flatMap(([name, amount]) => [name, amount.toString()]),
    ...timers.flatMap(({ key, at }) => [key, at]),
    ...effects.flatMap(({ id, type, body, trace }) => [id, type, body, trace]),
  ];
}

function deliverCall(layout: Layout, shard: Shard, messages: readonly Message[]): ScriptCall {
  const targets = deliveriesOf(
    layout,
    messages.map(({ message }) => message),
  );
  const names = messages.map(({ key, message }) => `${message.to} ${key}`);
  return {
    script: 'restore-deliver',
    keys: [shardKeys(shard).restored, ...targets.keys],
    args: [names.length, ...names, ...targets.args],
  };
}

function clusterRefused(): Fault {
  return new Fault({
    code: 'restore_needs_one_server',
    retry: 'never',
    message: 'A Redis Cluster cannot be filled: no write would reach all of it. Restore into one empty Redis (without REDIS_CLUSTER_NODES)',
  });
}

function newOnes(answer: unknown): number {
  if (answer === NOT_RESTORING) throw notRestoring();
  return number(answer);
}

function notRestoring(): Fault {
  return new Fault({ code: 'not_restoring', retry: 'never', message: 'This restore has ended already, or was never begun here' });
}
