/** Connections to Redis. Edges fail fast; workers wait a little for a Redis that restarts. */
import { Redis } from 'ioredis';
import { faultOf } from './faults.ts';

const RETRY_DELAY_MS_MAX = 500;
const RETRY_DELAY_MS_STEP = 25;
/** About four seconds with the delays above: shorter than a lease, whose owner must notice. */
const WORKER_RETRIES_MAX = 10;
const EDGE_RETRIES_MAX = 1;
const CONNECT_MS_MAX = 3000;
/** An edge does not wait longer for one answer; a worker waits, its lease is the limit. */
const EDGE_ANSWER_MS_MAX = 2000;

export interface ConnectOptions {
  /** Shown by CLIENT LIST. */
  readonly name: string;
  /** For edges: no queue while Redis is away. */
  readonly failFast?: boolean;
  readonly log?: (event: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** A connection that is ready; throws `redis_unavailable` when Redis cannot be reached. */
export async function connectRedis(url: string, { name, failFast = false, log }: ConnectOptions): Promise<Redis> {
  const redis = new Redis(url, {
    connectionName: name,
    lazyConnect: true,
    connectTimeout: CONNECT_MS_MAX,
    enableOfflineQueue: !failFast,
    ...(failFast ? { commandTimeout: EDGE_ANSWER_MS_MAX } : {}),
    maxRetriesPerRequest: failFast ? EDGE_RETRIES_MAX : WORKER_RETRIES_MAX,
    retryStrategy: (times) => Math.min(times * RETRY_DELAY_MS_STEP, RETRY_DELAY_MS_MAX),
  });
  // Each command's caller is told; without a listener the client library would print the error.
  redis.on('error', (error: unknown) => log?.('redis_connection', { name, error: String(error) }));
  try {
    await redis.connect();
    return redis;
  } catch (error) {
    redis.disconnect();
    throw faultOf(error);
  }
}

/** Ends a connection whether Redis is there or not. */
export async function disconnect(redis: Redis): Promise<void> {
  if (redis.status === 'end') return;
  if (redis.status !== 'ready') {
    redis.disconnect();
    return;
  }
  await redis.quit().catch(() => {
    redis.disconnect();
  });
}
