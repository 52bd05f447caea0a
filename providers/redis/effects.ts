/** Calls to the outside world that wait for a runner, in one stream per shard. */
import type { Layout } from '../../engine/layout.ts';
import type { ClaimedEffect, EffectRecord, Effects, Shard } from '../../engine/ports.ts';
import { deliveriesOf } from './deliveries.ts';
import { shardKeys } from './keys.ts';
import { actorId, entryId, list, number, record } from './reply.ts';
import type { Outcome, Scripts } from './scripts.ts';

const CLAIMS_MAX = 1000;
const ALL_OF_THEM = '-';

export function createEffects(scripts: Scripts, layout: Layout): Effects {
  let rotation = 0;

  return {
    async claim(shards, { runner, count, idleMs, held }) {
      if (shards.length === 0 || count < 1) return [];
      rotation = (rotation + 1) % shards.length;
      if (scripts.cluster) return claimEach(shards, { runner, count, idleMs, held, rotation, scripts });
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

interface ClaimEach {
  readonly runner: string;
  readonly count: number;
  readonly idleMs: number;
  readonly held: readonly ClaimedEffect[] | undefined;
  readonly rotation: number;
  readonly scripts: Scripts;
}

/** In a cluster each shard is asked for itself, and those that have none are not asked. */
async function claimEach(shards: readonly Shard[], options: ClaimEach): Promise<ClaimedEffect[]> {
  const { runner, count, idleMs, held, rotation, scripts } = options;
  const turn = [...shards.slice(rotation), ...shards.slice(0, rotation)];
  const lengths = await scripts.askEach(
    turn.map((shard) => ({ key: shardKeys(shard).effects, name: 'xlen', args: [shardKeys(shard).effects] })),
  );
  const waiting = turn.filter((_, index) => lengthOf(lengths[index]) > 0).slice(0, count);
  const share = Math.min(CLAIMS_MAX, Math.max(1, Math.floor(count / Math.max(1, waiting.length))));
  const calls = waiting.map((shard) => {
    const { effects, effectAttempts } = shardKeys(shard);
    return { script: 'claim', keys: [effects, effectAttempts], args: [runner, share, idleMs, holdsOf(shard, held)] } as const;
  });
  const outcomes = await scripts.runEach(calls);
  return outcomes.flatMap((outcome, index) => {
    if ('fault' in outcome) return [];
    const [claimed] = list(outcome.answer);
    return list(claimed).map((item) => claimedEffect(waiting[index] ?? '', item));
  });
}

function lengthOf(outcome: Outcome | undefined): number {
  return outcome === undefined || 'fault' in outcome ? 0 : number(outcome.answer);
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
