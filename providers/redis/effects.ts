/** Calls to the outside world that wait for a runner, in one stream per shard. */
import type { Layout } from '../../engine/layout.ts';
import type { ClaimedEffect, EffectRecord, Effects, Shard } from '../../engine/ports.ts';
import { deliveriesOf } from './deliveries.ts';
import { shardKeys } from './keys.ts';
import { actorId, entryId, list, number, record } from './reply.ts';
import type { Scripts } from './scripts.ts';

const CLAIMS_MAX = 1000;
const ALL_OF_THEM = '-';

export function createEffects(scripts: Scripts, layout: Layout): Effects {
  let rotation = 0;

  return {
    async claim(shards, { runner, count, idleMs, held }) {
      if (shards.length === 0 || count < 1) return [];
      rotation = (rotation + 1) % shards.length;
      const turn = [...shards.slice(rotation), ...shards.slice(0, rotation)];
      const keys = turn.flatMap((shard) => [shardKeys(shard).effects, shardKeys(shard).effectAttempts]);
      const holds = turn.map((shard) => holdsOf(shard, held));
      const answers = list(await scripts.run({ script: 'claim', keys, args: [runner, Math.min(count, CLAIMS_MAX), idleMs, ...holds] }));
      return turn.flatMap((shard, index) => list(answers[index]).map((item) => claimedEffect(shard, item)));
    },

    async retry(effect, runner) {
      const { effects, effectAttempts } = shardKeys(effect.shard);
      const attempt = number(
        await scripts.run({ script: 'retry', keys: [effects, effectAttempts], args: [runner, effect.claim, effect.attempt] }),
      );
      return attempt === 0 ? null : { ...effect, attempt };
    },

    async settle(effect, result) {
      const { effects, effectAttempts } = shardKeys(effect.shard);
      const { keys, args } = deliveriesOf(layout, [{ ...result, to: effect.actor }]);
      const settled = await scripts.run({ script: 'settle', keys: [effects, effectAttempts, ...keys], args: [effect.claim, ...args] });
      return settled === 1;
    },
  };
}

function holdsOf(shard: Shard, held: readonly ClaimedEffect[] | undefined): string {
  if (held === undefined) return ALL_OF_THEM;
  return held
    .filter((one) => one.shard === shard)
    .map(({ claim }) => claim)
    .join(' ');
}

function claimedEffect(shard: Shard, item: unknown): ClaimedEffect {
  const [claim, fields, attempt] = list(item);
  return { ...effectRecord(list(fields)), shard, claim: entryId(claim), attempt: number(attempt) };
}

function effectRecord(fields: readonly unknown[]): EffectRecord {
  const named = record(fields);
  const field = (name: string): string => named.get(name) ?? '';
  return { actor: actorId(named.get('actor')), id: field('id'), type: field('type'), body: field('body'), trace: field('trace') };
}
