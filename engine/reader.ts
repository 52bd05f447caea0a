/** Folds with a memory: a read of an actor seen before needs only the entries after what is known, and the chain proves it. */
import { LRUCache } from 'lru-cache';
import type { Envelope } from './envelope.ts';
import { foldActors } from './fold.ts';
import type { FoldPorts, FoldResult } from './fold.ts';
import type { ActorId, EntryId } from './message.ts';

export interface LookRequest {
  readonly actor: ActorId;
  readonly watch?: ReadonlySet<EntryId>;
  /** Begins at the named snapshot whatever is known: for what only lies on that way (outcomes, pages not yet inserted). */
  readonly fromSnapshot?: boolean;
}

export interface Reader {
  /** Results in the order of the requests. */
  look(requests: readonly LookRequest[]): Promise<FoldResult[]>;
  knows(actor: ActorId): boolean;
}

export interface ReaderLimits {
  /** Envelopes kept; at the aimed 16 KB each 2,000 are 32 MB. */
  readonly foldedEnvelopes: number;
  /** Actors of one read: bounds the answer of one round trip. */
  readonly actorsPerRead: number;
}

export function createReader(ports: FoldPorts, limits: ReaderLimits): Reader {
  const known = new LRUCache<ActorId, Envelope>({ max: limits.foldedEnvelopes });
  const lookAtSome = async (requests: readonly LookRequest[]): Promise<FoldResult[]> => {
    const results = await foldActors(
      requests.map(({ actor, watch, fromSnapshot = false }) => ({
        actor,
        known: fromSnapshot ? null : (known.get(actor) ?? null),
        ...(watch === undefined ? {} : { watch }),
      })),
      ports,
    );
    requests.forEach(({ actor }, index) => {
      const result = results[index];
      if (result?.ok === true && result.folded !== null) known.set(actor, result.folded.envelope);
      else known.delete(actor);
    });
    return results;
  };
  return {
    async look(requests) {
      const results: FoldResult[] = [];
      for (let at = 0; at < requests.length; at += limits.actorsPerRead) {
        results.push(...(await lookAtSome(requests.slice(at, at + limits.actorsPerRead))));
      }
      return results;
    },
    knows: (actor) => known.has(actor),
  };
}
