/** Which of the living workers a shard belongs to, without a coordinator: each computes the same answer (rendezvous hashing). */
import type { Shard } from './ports.ts';

/** The worker with the highest score; one that comes or goes moves only the shards it wins or leaves. Null without workers. */
export function ownerOf(shard: Shard, workers: readonly string[]): string | null {
  let best: string | null = null;
  let bestScore = -1;
  for (const worker of [...workers].sort()) {
    const score = scoreOf(`${worker} ${shard}`);
    if (score > bestScore) [best, bestScore] = [worker, score];
  }
  return best;
}

/** FNV-1a with MurmurHash3's finish: FNV alone spreads names that differ in their last letter badly. */
function scoreOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
