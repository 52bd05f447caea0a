/** Sums over shards of what waits, is parked and was skipped. */
import type { ShardGauges } from './operations.ts';

/** Sums, and the oldest of all. */
export function totalGauges(shards: Iterable<ShardGauges>): ShardGauges {
  let total: ShardGauges = { ready: 0, oldestReadyMs: null, parked: 0, dead: 0 };
  for (const { ready, oldestReadyMs, parked, dead } of shards)
    total = {
      ready: total.ready + ready,
      oldestReadyMs: older(total.oldestReadyMs, oldestReadyMs),
      parked: total.parked + parked,
      dead: total.dead + dead,
    };
  return total;
}

function older(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
