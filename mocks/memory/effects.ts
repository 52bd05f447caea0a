import type { ClaimedEffect, Effects } from '../../engine/ports.ts';
import { deliver, shardStore } from './store.ts';
import type { OpenEffect, Store } from './store.ts';

export function createMemoryEffects(store: Store): Effects {
  return {
    claim: (shards, { runner, count, idleMs, held }) => {
      const now = store.system.wallMs();
      const isHeld = (shard: string, claim: string): boolean => held?.some((one) => one.shard === shard && one.claim === claim) ?? true;
      const isFree = (shard: string, { claim, claimedAt, claimedBy }: OpenEffect): boolean =>
        claimedAt === null || (claimedBy === runner ? !isHeld(shard, claim) : now - claimedAt >= idleMs);
      const found = shards.flatMap((shard) =>
        [...shardStore(store, shard).effects.values()].filter((one) => isFree(shard, one)).map((one) => ({ shard, one })),
      );
      return Promise.resolve(found.slice(0, count).map(({ shard, one }) => attempt(store, { shard, open: one, runner })));
    },
    retry: ({ shard, claim }, runner) => {
      const open = shardStore(store, shard).effects.get(claim);
      return Promise.resolve(open === undefined ? null : attempt(store, { shard, open, runner }));
    },
    settle: (effect, result) => {
      const settled = shardStore(store, effect.shard).effects.delete(effect.claim);
      if (settled) deliver(store, { ...result, to: effect.actor });
      return Promise.resolve(settled);
    },
  };
}

interface Attempt {
  readonly shard: string;
  readonly open: OpenEffect;
  readonly runner: string;
}

function attempt(store: Store, { shard, open, runner }: Attempt): ClaimedEffect {
  open.attempts += 1;
  open.claimedAt = store.system.wallMs();
  open.claimedBy = runner;
  return { ...open.record, shard, claim: open.claim, attempt: open.attempts };
}
