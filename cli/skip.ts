// `ironwallet skip`: moves a parked actor over the entry that stopped it.
import { parkedAt } from '../engine/skip.ts';
import { actorOperations } from '../wiring/edges.ts';
import { entryOf, lookingAt } from './looking.ts';
import type { Json } from './looking.ts';
import { say, sayJson } from './text.ts';

export interface SkipOptions extends Json {
  readonly why: string;
  readonly entry?: string;
  readonly by: string;
}

/** What stands in place of an entry when an actor could not even be loaded. */
const NO_ENTRY = '-';

export function skip(name: string, { why, entry, by, json = false }: SkipOptions): Promise<void> {
  return lookingAt(name, async (actor, ports) => {
    const at = entry ?? (await parkedAt(actor, { layout: ports.layout, operations: ports.redis.operations }))?.entry;
    if (at === undefined) throw new Error(`${actor} is not parked`);
    if (at === NO_ENTRY) throw new Error(`${actor} is parked because it could not be loaded, not at an entry: repair that, then resume it`);
    await actorOperations(ports).skip({ actor, entry: entryOf(at), by, why });
    if (json) sayJson({ actor, skipped: at, by, why });
    else say(`${actor} goes on behind ${at}; the entry is among the dead letters`);
  });
}
