/** Ports on a real Redis of the test's own, emptied before each use. */
import type { Redis } from 'ioredis';
import { startRedis } from '../../mocks/servers/redis.ts';
import type { RedisOptions, RedisServer } from '../../mocks/servers/redis.ts';
import { isCluster } from '../../providers/redis/client.ts';
import type { RedisClient } from '../../providers/redis/client.ts';
import { initInstallation } from '../../providers/redis/installation.ts';
import { shardKeys, workersKey } from '../../providers/redis/keys.ts';
import { createRedisPorts } from '../../providers/redis/ports.ts';
import type { RedisPorts } from '../../providers/redis/ports.ts';
import { layout } from '../contract/fixture.ts';
import type { ContractPorts } from '../contract/fixture.ts';

export type TestPorts = Omit<RedisPorts, 'redis'> & ContractPorts & { readonly redis: Redis };

export interface TestRedis {
  readonly server: RedisServer;
  /** Empties the server, begins an installation and connects. */
  create(): Promise<TestPorts>;
  /** Connects, by another address when given, and changes nothing. */
  connect(url?: string): Promise<TestPorts>;
  close(): Promise<void>;
}

export async function startTestRedis(options: RedisOptions = {}): Promise<TestRedis> {
  const server = await startRedis({ ...options, own: true });
  const open: TestPorts[] = [];
  const connect = async (url = server.url): Promise<TestPorts> => {
    const ports = await connected(url);
    open.push(ports);
    return ports;
  };
  const connected = async (url: string): Promise<TestPorts> => {
    const ports = await createRedisPorts({ url, layout, worker: 'test' });
    const { redis } = ports;
    if (isCluster(redis)) throw new Error('the test wants one server');
    return { ...ports, redis, passTime: (ms) => passTime(redis, ms) };
  };
  return {
    server,
    connect,
    async create() {
      const ports = await connect();
      await ports.redis.flushall();
      await initInstallation(ports.redis, layout, { uuid: null });
      return ports;
    },
    async close() {
      await server.close();
      // Also those of tests that failed: a client without its server would try again for ever.
      await Promise.all(open.map((ports) => ports.close()));
    },
  };
}

export async function passTime(redis: RedisClient, ms: number): Promise<void> {
  const leases = layout.allShards.map((shard) => shardKeys(shard).lease);
  await Promise.all(leases.map((key) => redis.hincrby(key, 'expires', -ms)));
  for (const role of Object.keys(layout.roles)) {
    for (const worker of await redis.zrange(workersKey(role), 0, -1)) await redis.zincrby(workersKey(role), -ms, worker);
  }
}
