/**
 * Which of the living workers each shard of a role belongs to, without a coordinator: each computes the same answer (rendezvous hashing, with
 * bounded loads: nobody has more than one shard more than another can have).
 */
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

/** FNV-1a with MurmurHash3's finish: FNV alone spreads names that differ in their last letter badly. */
function scoreOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
