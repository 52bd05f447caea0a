/** Builds the ports that Redis serves, over one connection for commands and one for hints. */
import type { Redis } from 'ioredis';
import type { Layout } from '../../engine/layout.ts';
import type { Effects, Hints, Leases, Mailboxes, Operations, Restoration } from '../../engine/ports.ts';
import { connectRedis, disconnect } from './connect.ts';
import type { ConnectOptions } from './connect.ts';
import { createEffects } from './effects.ts';
import { createHints } from './hints.ts';
import { createLeases } from './leases.ts';
import { createMailboxes } from './mailboxes.ts';
import { createMemoryGauge } from './memory.ts';
import { createOperations } from './operations.ts';
import { createRestoration } from './restoration.ts';
import { createScripts } from './scripts.ts';

export interface RedisPortsOptions {
  readonly url: string;
  readonly layout: Layout;
  /** Names the connections in CLIENT LIST. */
  readonly worker: string;
  /** For edges: fault at once while Redis is away, nothing queues. */
  readonly failFast?: boolean;
  readonly log?: NonNullable<ConnectOptions['log']>;
}

export interface RedisPorts {
  readonly mailboxes: Mailboxes;
  readonly leases: Leases;
  readonly effects: Effects;
  readonly operations: Operations;
  readonly hints: Hints;
  readonly restoration: Restoration;
  /** The connection for commands, for `checkServer` and `initInstallation`. */
  readonly redis: Redis;
  close(): Promise<void>;
}

/** Throws `redis_unavailable` when Redis cannot be reached. */
export async function createRedisPorts({ url, layout, worker, failFast = false, log }: RedisPortsOptions): Promise<RedisPorts> {
  const logging = log === undefined ? {} : { log };
  const redis = await connectRedis(url, { name: worker, failFast, ...logging });
  const subscriber = await connectRedis(url, { name: `${worker}:hints`, ...logging }).catch(async (error: unknown) => {
    await disconnect(redis);
    throw error;
  });
  const scripts = createScripts(redis);
  const memory = createMemoryGauge(redis);
  await scripts.load();
  return {
    mailboxes: createMailboxes({ scripts, layout, memory }),
    leases: createLeases(redis, scripts),
    effects: createEffects(scripts, layout),
    operations: createOperations({ redis, scripts, layout, memory }),
    hints: await createHints({ publisher: redis, subscriber }),
    restoration: createRestoration(scripts, layout),
    redis,
    async close() {
      await Promise.all([disconnect(redis), disconnect(subscriber)]);
    },
  };
}
