/** Ports on a real Redis Cluster of the test's own, emptied before each use. */
import { startRedisCluster } from '../../mocks/servers/redis-cluster.ts';
import type { ClusterOptions, RedisCluster } from '../../mocks/servers/redis-cluster.ts';
import { masters } from '../../providers/redis/client.ts';
import { initInstallation } from '../../providers/redis/installation.ts';
import { createRedisPorts } from '../../providers/redis/ports.ts';
import type { RedisPorts, RedisPortsOptions } from '../../providers/redis/ports.ts';
import { layout } from '../contract/fixture.ts';
import type { ContractPorts } from '../contract/fixture.ts';
import { passTime } from './redis.ts';

export type ClusterPorts = RedisPorts & ContractPorts;

export interface TestRedisCluster {
  readonly cluster: RedisCluster;
  /** Empties the masters, begins an installation and connects. */
  create(options?: Partial<RedisPortsOptions>): Promise<ClusterPorts>;
  connect(options?: Partial<RedisPortsOptions>): Promise<ClusterPorts>;
  close(): Promise<void>;
}

/** Not used where `clusterNodes` are given, but for credentials. */
const ANY_URL = 'redis://127.0.0.1';

export async function startTestRedisCluster(options: ClusterOptions = {}): Promise<TestRedisCluster> {
  const cluster = await startRedisCluster(options);
  const open: ClusterPorts[] = [];
  const connect = async (more: Partial<RedisPortsOptions> = {}): Promise<ClusterPorts> => {
    const ports = await createRedisPorts({
      url: ANY_URL,
      clusterNodes: cluster.addresses,
      layout,
      worker: 'test',
      waitReplicas: 1,
      ...more,
    });
    const withTime = { ...ports, passTime: (ms: number) => passTime(ports.redis, ms) };
    open.push(withTime);
    return withTime;
  };
  return {
    cluster,
    connect,
    async create(more) {
      const ports = await connect(more);
      await Promise.all(masters(ports.redis).map((node) => node.flushall()));
      await initInstallation(ports.redis, layout, { uuid: null });
      return ports;
    },
    async close() {
      await Promise.all(open.map((ports) => ports.close()));
      await cluster.close();
    },
  };
}
