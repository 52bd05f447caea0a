/** Shares what the shards of a cluster have ready, as `lua/peek.lua` does where one script sees them all. */
import type { ActorId } from '../../engine/message.ts';
import type { Shard } from '../../engine/ports.ts';

/** The limit is shared among the shards, the shortest first: what they leave of their share is for the longer ones. */
export function shareOut(found: readonly (readonly [Shard, ActorId[]])[], limit: number): Map<Shard, ActorId[]> {
  const waiting = found.filter(([, actors]) => actors.length > 0).sort(([, a], [, b]) => a.length - b.length);
  const shares = new Map<Shard, ActorId[]>();
  let left = limit;
  for (const [index, [shard, actors]] of waiting.entries()) {
    const share = Math.min(actors.length, Math.ceil(left / (waiting.length - index)));
    left -= share;
    if (share > 0) shares.set(shard, cut(actors, share));
  }
  return shares;
}

/** From both ends: the oldest are in front, the rotating part is behind, and neither may starve. */
function cut(actors: ActorId[], share: number): ActorId[] {
  if (share === actors.length) return actors;
  const front = Math.ceil(share / 2);
  return [...actors.slice(0, front), ...actors.slice(actors.length - (share - front))];
}
