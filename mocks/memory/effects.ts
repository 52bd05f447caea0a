import type { ClaimedEffect, Effects } from '../../engine/ports.ts';
import { deliver, shardStore } from './store.ts';
import type { OpenEffect, Store } from './store.ts';

const CLAIMS_MAX = 1000;

type ClaimOptions = Parameters<Effects['claim']>[1];

export function createMemoryEffects(store: Store): Effects {
  let rotation = 0;
  return {
    claim: (shards, options) => {
      if (shards.length === 0 || options.count < 1) return Promise.resolve([]);
      rotation = (rotation + 1) % shards.length;
      const claimed: ClaimedEffect[] = [];
      for (const shard of [...shards.slice(rotation), ...shards.slice(0, rotation)]) {
        const count = Math.min(options.count, CLAIMS_MAX) - claimed.length;
        claimed.push(...claimIn(store, shard, { ...options, count }));
      }
      return Promise.resolve(claimed);
    },
    retry: (effect, runner) => {
      const open = shardStore(store, effect.shard).effects.get(effect.claim);
      if (open?.claimedBy !== runner) return Promise.resolve(null);
      // The attempt that this one follows, or this one: an answer that was lost is given again.
      const attempt = effect.attempt + 1;
      if (open.attempts !== effect.attempt && open.attempts !== attempt) return Promise.resolve(null);
      open.attempts = attempt;
      open.claimedAt = store.system.wallMs();
      return Promise.resolve({ ...effect, attempt });
    },
    settle: (effect, result) => {
      const settled = shardStore(store, effect.shard).effects.delete(effect.claim);
      if (settled) deliver(store, { ...result, to: effect.actor });
      return Promise.resolve(settled);
    },
  };
}

/** First those that nobody carries out, then new ones. */
function claimIn(store: Store, shard: string, options: ClaimOptions): ClaimedEffect[] {
  const { count, runner, held } = options;
  const all = [...shardStore(store, shard).effects.values()];
  const holds = held?.filter((one) => one.shard === shard).map(({ claim }) => claim);
  const now = store.system.wallMs();
  const forsaken = all
    .filter(({ claimedAt }) => claimedAt !== null)
    // Behind those it holds there is room for as many as are wanted; what is not silent yet is so a little later.
    .slice(0, count + (holds?.length ?? 0))
    .filter((one) => isFree(one, { ...options, now, holds }));
  const fresh = all.filter(({ claimedAt }) => claimedAt === null);
  return [...forsaken, ...fresh].slice(0, count).map((open) => {
    open.attempts += 1;
    open.claimedAt = now;
    open.claimedBy = runner;
    return { ...open.record, shard, claim: open.claim, attempt: open.attempts };
  });
}

interface Now extends ClaimOptions {
  readonly now: number;
  readonly holds: readonly string[] | undefined;
}

function isFree({ claim, claimedAt, claimedBy }: OpenEffect, { runner, idleMs, now, holds }: Now): boolean {
  if (claimedBy === runner) return holds !== undefined && !holds.includes(claim);
  return now - (claimedAt ?? now) >= idleMs;
}
