/** Fills an empty store from snapshots, with the rules of the restore scripts. */
import { Fault } from '../../engine/fault.ts';
import type { EffectRecord, Shard } from '../../engine/ports.ts';
import type { RestoredActor, Restoration } from '../../engine/restoration.ts';
import { addEffect, deliver, shardStore } from './store.ts';
import type { Store } from './store.ts';

export function createMemoryRestoration(store: Store): Restoration {
  const state: { installation: string | null; finished: boolean; readonly delivered: Set<string> } = {
    installation: null,
    finished: false,
    delivered: new Set(),
  };
  const check = (): void => {
    if (state.installation === null || state.finished) throw notRestoring();
  };
  const attempt = <T>(work: () => T): Promise<T> => new Promise((resolve) => resolve(work()));
  return {
    begin: (installation) =>
      attempt(() => {
        if (store.cluster) throw new Fault({ code: 'restore_needs_one_server', retry: 'never' });
        const goesOn = state.installation === installation && !state.finished;
        if (!goesOn && (store.shards.size > 0 || state.installation !== null)) throw new Fault({ code: 'redis_not_empty', retry: 'never' });
        state.installation = installation;
      }),
    put: (shard, actors) =>
      attempt(() => {
        check();
        return actors.filter((one) => putOne(store, shard, one)).length;
      }),
    deliver: (messages) =>
      attempt(() => {
        if (messages.length > 0) check();
        const before = state.delivered.size;
        for (const { key, message } of messages) {
          const name = `${message.to} ${key}`;
          if (state.delivered.has(name)) continue;
          state.delivered.add(name);
          deliver(store, message);
        }
        return state.delivered.size - before;
      }),
    finish: (installation) =>
      attempt(() => {
        if (state.installation !== installation) throw notRestoring();
        state.finished = true;
      }),
  };
}

function notRestoring(): Fault {
  return new Fault({ code: 'not_restoring', retry: 'never' });
}

function putOne(store: Store, name: Shard, { actor, tip, sums, timers, effects }: RestoredActor): boolean {
  const shard = shardStore(store, name);
  if (shard.tips.has(actor)) return false;
  shard.tips.set(actor, tip);
  for (const [account, sum] of Object.entries(sums)) shard.totals.set(account, (shard.totals.get(account) ?? 0n) + sum);
  for (const { key, at } of timers) shard.timers.set(`${actor} ${key}`, { actor, key, at });
  for (const effect of effects satisfies readonly EffectRecord[]) addEffect(store, effect);
  return true;
}
