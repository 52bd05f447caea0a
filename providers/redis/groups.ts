/** Which requests go together in one call. */
import type { Shard } from '../../engine/ports.ts';

interface Grouping<T> {
  /** Requests of one place may go together: of one shard in a cluster, of all on one server. */
  readonly placeOf: (request: T) => Shard;
  readonly max: number;
}

/** Positions of the requests of each call. */
export function groupsOf<T>(requests: readonly T[], { placeOf, max }: Grouping<T>): number[][] {
  const groups: number[][] = [];
  const open = new Map<Shard, number[]>();
  requests.forEach((request, position) => {
    const place = placeOf(request);
    const found = open.get(place);
    if (found !== undefined && found.length < max) {
      found.push(position);
      return;
    }
    const group = [position];
    open.set(place, group);
    groups.push(group);
  });
  return groups;
}
