import type { ClaimedEffect, Effects } from '../../engine/ports.ts';
import { deliver, shardStore } from './store.ts';
import type { OpenEffect, Store } from './store.ts';

export function createMemoryEffects(store: Store): Effects {
  return {
    claim: (shards, { count, idleMs }) => {
      const now = store.system.wallMs();
      const free = (one: OpenEffect): boolean => one.claimedAt === null || now - one.claimedAt >= idleMs;
      const found = shards.flatMap((shard) => [...shardStore(store, shard).effects.values()].filter(free).map((one) => ({ shard, one })));
      return Promise.resolve(found.slice(0, count).map(({ shard, one }) => attempt(store, shard, one)));
    },
    retry: (effect) => {
      const open = shardStore(store, effect.shard).effects.get(effect.claim);
      return Promise.resolve(open === undefined ? null : attempt(store, effect.shard, open));
    },
    settle: (effect, result) => {
      const settled = shardStore(store, effect.shard).effects.delete(effect.claim);
      if (settled) deliver(store, { ...result, to: effect.actor });
      return Promise.resolve(settled);
    },
  };
}

function attempt(store: Store, shard: string, open: OpenEffect): ClaimedEffect {
  open.attempts += 1;
  open.claimedAt = store.system.wallMs();
  return { ...open.record, shard, claim: open.claim, attempt: open.attempts };
}
