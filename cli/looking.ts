// What operators' commands need of the servers: ports to look with, no role of their own.
import { KINDS } from '../actors/kinds.ts';
import { createRegistry } from '../engine/registry.ts';
import { createProductLayout } from '../main.ts';
import { createMongoPorts } from '../providers/mongo/ports.ts';
import { createRedisPorts } from '../providers/redis/ports.ts';
import type { Base } from '../wiring/base.ts';
import { parseConfig } from './config.ts';

export type Looking = Pick<Base, 'redis' | 'mongo' | 'registry' | 'layout'>;

/** Runs with ports to the configured servers, and says in one line when they cannot be had. */
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
    const redis = await createRedisPorts({ url: config.REDIS_URL, layout, worker: 'ironwallet:operator', failFast: true });
    try {
      await look({ redis, mongo, registry, layout });
    } finally {
      await redis.close();
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await mongo.close();
  }
}
