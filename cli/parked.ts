// `ironwallet parked`: actors that wait for an operator.
import type { ParkedActor } from '../engine/ports.ts';
import { looking } from './looking.ts';
import type { Json } from './looking.ts';
import { age, columns, say, sayJson } from './text.ts';

export function parked({ json = false }: Json): Promise<void> {
  return looking(async (ports) => {
    const all = await ports.redis.operations.parked(ports.layout.allShards);
    if (json) sayJson(all);
    else for (const line of parkedLines(all, Date.now())) say(line);
  });
}

/** One line each for people, the longest wait first; ages are as of `now`. */
export function parkedLines(all: readonly ParkedActor[], now: number): string[] {
  if (all.length === 0) return ['nothing is parked'];
  const rows = all
    .toSorted((a, b) => a.since - b.since)
    .map((one) => [one.actor, one.entry, age(now - one.since), String(one.attempts), one.error]);
  return columns([['actor', 'entry', 'for', 'attempts', 'error'], ...rows]);
}
