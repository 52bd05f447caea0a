/**
 * Wake-ups over pub/sub, on a connection of their own. Gathered for a moment and sent together; losing any costs time, never truth,
 * so no error is reported and nothing is repeated. The own process is told directly.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { ActorId } from '../../engine/message.ts';
import type { Hints, Shard } from '../../engine/ports.ts';
import { exchange } from './client.ts';
import type { RedisClient } from './client.ts';
import { HINTS } from './keys.ts';
import { isActorId } from './reply.ts';

const ACTORS_PER_HINT_MAX = 1000;
const schema = z.object({ from: z.string(), committed: z.array(z.custom<ActorId>(isActorId)), work: z.array(z.string()) });

export interface HintConnections {
  readonly publisher: RedisClient;
  /** Subscribes: nothing else may use it. */
  readonly subscriber: RedisClient;
}

export async function createHints({ publisher, subscriber }: HintConnections): Promise<Hints> {
  const self = randomUUID();
  const ours = `{"from":"${self}",`; // what comes back of our own is not even parsed
  const committed = createListeners<ActorId>();
  const work = createListeners<Shard>();
  let waiting = { committed: new Set<ActorId>(), work: new Set<Shard>() };
  let scheduled = false;

  function flush(): void {
    scheduled = false;
    const hint = waiting;
    waiting = { committed: new Set(), work: new Set() };
    committed.tell([...hint.committed]);
    work.tell([...hint.work]);
    const texts = partsOf(hint).map((part) => JSON.stringify({ from: self, ...part }));
    exchange(
      publisher,
      texts.map((text) => ({ key: HINTS, name: 'publish', args: [HINTS, text] })),
    ).catch(() => undefined);
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  }

  subscriber.on('message', (_channel: string, message: string) => {
    const hint = message.startsWith(ours) ? null : parse(message);
    if (hint === null) return;
    committed.tell(hint.committed);
    work.tell(hint.work);
  });
  await subscriber.subscribe(HINTS);

  return {
    committed(actors) {
      for (const actor of actors) waiting.committed.add(actor);
      if (actors.length > 0) schedule();
    },
    work(shards) {
      for (const shard of shards) waiting.work.add(shard);
      if (shards.length > 0) schedule();
    },
    onCommitted: committed.add,
    onWork: work.add,
  };
}

/** Work first: it is with the first part. */
function partsOf({ committed, work }: { readonly committed: ReadonlySet<ActorId>; readonly work: ReadonlySet<Shard> }) {
  const actors = [...committed];
  const first = { committed: actors.slice(0, ACTORS_PER_HINT_MAX), work: [...work] };
  const parts = [first];
  for (let at = ACTORS_PER_HINT_MAX; at < actors.length; at += ACTORS_PER_HINT_MAX)
    parts.push({ committed: actors.slice(at, at + ACTORS_PER_HINT_MAX), work: [] });
  return parts;
}

interface Listeners<T> {
  readonly add: (listener: (items: readonly T[]) => void) => () => void;
  readonly tell: (items: readonly T[]) => void;
}

function createListeners<T>(): Listeners<T> {
  const listeners = new Set<(items: readonly T[]) => void>();
  return {
    add(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    tell(items) {
      if (items.length > 0) for (const listener of listeners) listener(items);
    },
  };
}

/** Anybody can publish; what is no hint of ours is nothing. */
function parse(message: string): z.output<typeof schema> | null {
  try {
    const parsed = schema.safeParse(JSON.parse(message));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
