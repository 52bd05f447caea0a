/** How long nothing was committed: the committed totals of all shards, looked at ten times a second, past all cables. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Layout } from '../engine/layout.ts';
import type { RedisPorts } from '../providers/redis/ports.ts';

export interface Progress {
  /** Ends the watch; the longest time without a commit that moved money, in milliseconds. */
  stop(): Promise<number>;
}

const LOOK_MS = 100;

export function watchProgress({ look, layout }: { readonly look: RedisPorts; readonly layout: Layout }): Progress {
  let [seen, movedAt, longest, isOver] = ['', performance.now(), 0, false];
  const run = async (): Promise<void> => {
    while (!isOver) {
      // A Redis that is away has committed nothing.
      const totals = await look.operations.totals(layout.allShards).catch(() => null);
      const now = totals === null ? seen : [...totals].join();
      if (now !== seen) movedAt = performance.now();
      else longest = Math.max(longest, performance.now() - movedAt);
      seen = now;
      await sleep(LOOK_MS);
    }
  };
  const running = run();
  return {
    async stop() {
      isOver = true;
      await running;
      return Math.round(longest);
    },
  };
}
