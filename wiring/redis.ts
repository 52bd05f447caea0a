/** Where Redis is, and how sure its writes must be, by the configuration. */
import type { Config } from '../cli/config.ts';
import type { RedisPortsOptions } from '../providers/redis/ports.ts';

export function redisOf(config: Config): Omit<RedisPortsOptions, 'layout' | 'worker'> {
  const { REDIS_CLUSTER_NODES: clusterNodes, REDIS_SENTINELS: sentinels } = config;
  return {
    url: config.REDIS_URL,
    ...{ clusterNodes, sentinels, sentinelName: config.REDIS_SENTINEL_NAME },
    waitReplicas: config.REDIS_WAIT_REPLICAS ?? (clusterNodes.length > 0 ? 1 : 0),
    waitMs: config.REDIS_WAIT_MS,
  };
}
