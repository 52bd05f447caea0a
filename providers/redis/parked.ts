/** A parked actor's record in Redis: JSON, so that people can read it with `redis-cli HGETALL`. */
import { z } from 'zod';
import type { ParkedActor, Shard } from '../../engine/ports.ts';
import { actorId } from './reply.ts';

const schema = z.object({ entry: z.string(), error: z.string(), attempts: z.number(), since: z.number() });

export function parkedActor(shard: Shard, actor: string, json: string): ParkedActor {
  const { entry, error, attempts, since } = schema.parse(JSON.parse(json));
  return { actor: actorId(actor), shard, entry, error, attempts, since };
}
