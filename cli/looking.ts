// What operators' commands need of the servers: ports to look with, no role of their own.
import { KINDS } from '../actors/kinds.ts';
import { createRegistry } from '../engine/registry.ts';
import type { ActorId, EntryId } from '../engine/message.ts';
import { actorId, entryId } from '../engine/snapshot-codec.ts';
import { createProductLayout } from '../wiring/layout.ts';
import { createMongoPorts } from '../providers/mongo/ports.ts';
import { META } from '../providers/redis/keys.ts';
import { createRedisPorts } from '../providers/redis/ports.ts';
import { realSystem } from '../providers/system.ts';
import type { Base } from '../wiring/base.ts';
import { redisOf } from '../wiring/redis.ts';
import { parseConfig } from './config.ts';
import { misfit } from './installation.ts';
import { reasonOf } from './text.ts';

export interface Json {
  readonly json?: boolean;
}

export type Looking = Pick<Base, 'redis' | 'mongo' | 'registry' | 'layout' | 'system'>;

/** Runs with ports to the configured servers, and says in one line when they cannot be had or are not the right ones. */
export async function looking(look: (ports: Looking) => Promise<void>): Promise<void> {
  // A wallet-only process needs no secrets of the outside: so does one that looks.
  const parsed = parseConfig(process.env, { roles: 'wallet' });
  if (!parsed.ok) {
    process.stderr.write(`${parsed.problems.map((problem) => `Configuration: ${problem}`).join('\n')}\n`);
    process.exitCode = 2;
    return;
  }
  const { config } = parsed;
  const registry = createRegistry(KINDS);
  const layout = createProductLayout(config, registry);
  const mongo = createMongoPorts({ url: config.MONGODB_URL, database: config.MONGODB_DATABASE });
  try {
    const redis = await createRedisPorts({ ...redisOf(config), layout, worker: 'ironwallet:operator', failFast: true });
    try {
      await checkInstallation({ redis, mongo, layout });
      await look({ redis, mongo, registry, layout, system: realSystem });
    } finally {
      await redis.close();
    }
  } catch (error) {
    process.stderr.write(`${reasonOf(error)}\n`);
    process.exitCode = 1;
  } finally {
    await mongo.close();
  }
}

async function checkInstallation({ redis, mongo, layout }: Omit<Looking, 'registry' | 'system'>): Promise<void> {
  const [uuid = null, shards = null] = await redis.redis.hmget(META, 'installation', 'shards');
  // While MongoDB is away, what is in Redis can still be looked at.
  const known = await mongo.installation.read().catch(() => null);
  const problem = misfit({ redis: { uuid, shards }, mongo: known }, layout);
  if (problem !== undefined) throw new Error(problem);
}

/** As `looking`, for one actor by its name. */
export function lookingAt(name: string, look: (actor: ActorId, ports: Looking) => Promise<void>): Promise<void> {
  return looking(async (ports) => {
    const parsed = actorId.safeParse(name);
    if (!parsed.success || ports.registry.find(parsed.data) === undefined) {
      throw new Error(
        `${name} names no actor: it must be <kind>:<id>, with a kind of ${ports.registry.kinds.map((kind) => kind.name).join(', ')}`,
      );
    }
    await look(parsed.data, ports);
  });
}

export function entryOf(text: string): EntryId {
  const parsed = entryId.safeParse(text);
  if (!parsed.success) throw new Error(`${text} is no entry id: it must be <ms>-<sequence>`);
  return parsed.data;
}
