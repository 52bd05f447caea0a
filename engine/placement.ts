/**
 * Which of the living workers each shard of a role belongs to, without a coordinator: each computes the same answer (rendezvous hashing, with
 * bounded loads: nobody has more than one shard more than another can have).
 */
import { scoreOf } from './score.ts';
import type { Shard } from './ports.ts';

/** Every shard's worker; empty without workers. The best pairs of shard and worker go first, a worker that has its share is passed over. */
export function placementOf(shards: readonly Shard[], workers: readonly string[]): ReadonlyMap<Shard, string> {
  const share = Math.ceil(shards.length / workers.length);
  const loads = new Map<string, number>();
  const owners = new Map<Shard, string>();
  for (const { shard, worker } of bestFirst(shards, workers)) {
    const load = loads.get(worker) ?? 0;
    if (owners.has(shard) || load >= share) continue;
    owners.set(shard, worker);
    loads.set(worker, load + 1);
  }
  return owners;
}

function bestFirst(shards: readonly Shard[], workers: readonly string[]) {
  const pairs = [...workers].sort().flatMap((worker) => shards.map((shard) => ({ shard, worker, score: scoreOf(`${worker} ${shard}`) })));
  return pairs.sort((a, b) => b.score - a.score);
}
