// `ironwallet resume`: lets a parked actor try the entry again.
import { actorOperations } from '../wiring/edges.ts';
import { lookingAt } from './looking.ts';
import type { Json } from './looking.ts';
import { say, sayJson } from './text.ts';

/** Exit code 1 when the actor is not parked. */
export function resume(name: string, { json = false }: Json): Promise<void> {
  return lookingAt(name, async (actor, ports) => {
    const resumed = await actorOperations(ports).resume(actor);
    if (json) sayJson({ actor, resumed });
    else say(resumed ? `${actor} goes on` : `${actor} is not parked`);
    if (!resumed) process.exitCode = 1;
  });
}
