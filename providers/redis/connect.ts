/** Connections to Redis. Edges fail fast; workers wait a little for a Redis that restarts. */
import { once } from 'node:events';
import { Cluster, Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import { gatherWrites, isCluster } from './client.ts';
import type { RedisClient } from './client.ts';
import { faultOf } from './faults.ts';

const RETRY_DELAY_MS_MAX = 500;
const RETRY_DELAY_MS_STEP = 25;
/** About four seconds with the delays above: shorter than a lease, whose owner must notice. */
const WORKER_RETRIES_MAX = 10;
const EDGE_RETRIES_MAX = 1;
const CONNECT_MS_MAX = 3000;
/** An edge does not wait longer for one answer; a worker waits, its lease is the limit. */
const EDGE_ANSWER_MS_MAX = 2000;

/** In a cluster a node that is silent for so long is one that fails over: its shards must not hold up the others. */
const NODE_ANSWER_MS_MAX = 1000;
const REDIRECTIONS_MAX = 10;
const REDIRECTION_MS = 50;
const SLOTS_REFRESH_MS = 1000;
const CLUSTER_READY_MS_MAX = 5000;

export interface ConnectOptions {
  /** Shown by CLIENT LIST. */
  readonly name: string;
  /** For edges: no queue while Redis is away, and requests share writes. */
  readonly failFast?: boolean;
  /**
   * A command whose connection broke is not sent again on the next one, which may lead to another server. The client library then forgets it
   * without a word, so that an answer which takes longer than this counts as lost.
   */
  readonly oneConnection?: { readonly answerMs: number };
  readonly log?: (event: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** Where Redis is. */
export interface RedisAddress {
  /** The server; of a cluster or of sentinels it says user, password and TLS (`rediss`). */
  readonly url: string;
  /** Some nodes of a cluster, `host:port`. */
  readonly clusterNodes?: readonly string[];
  /** Sentinels that know the master, `host:port`. */
  readonly sentinels?: readonly string[];
  /** What they call it. */
  readonly sentinelName?: string;
}

/** A connection that is ready; throws `redis_unavailable` when Redis cannot be reached. */
export async function connect(address: RedisAddress, options: ConnectOptions): Promise<RedisClient> {
  const isOne = (address.clusterNodes ?? []).length === 0;
  const client = isOne ? oneServer(address, options) : cluster(address, options);
  if (options.failFast === true) gatherWrites(client);
  // Each command's caller is told; without a listener the client library would print the error.
  client.on('error', (error: unknown) => options.log?.('redis_connection', { name: options.name, error: String(error) }));
  try {
    await ready(client);
    return client;
  } catch (error) {
    ended.add(client);
    client.disconnect();
    throw faultOf(error);
  }
}

/**
 * A cluster's client that meets a node which thinks the cluster is down connects anew, and the promise of its first try is never kept; so its
 * word `ready` is waited for.
 */
async function ready(client: RedisClient): Promise<void> {
  if (!isCluster(client)) return client.connect();
  const late = new AbortController();
  const waited = once(client, 'ready', { signal: late.signal });
  const timer = setTimeout(() => {
    late.abort(new Error('CLUSTERDOWN the cluster did not become ready in time'));
  }, CLUSTER_READY_MS_MAX);
  try {
    await Promise.all([waited, Promise.race([client.connect(), waited])]);
  } finally {
    clearTimeout(timer);
  }
}

/** The same for the one server of an address. */
export async function connectRedis(url: string, options: ConnectOptions): Promise<Redis> {
  const client = await connect({ url }, options);
  if (isCluster(client)) throw new Error('an address of one server led to a cluster');
  return client;
}

function common({ name, failFast = false, oneConnection }: ConnectOptions): RedisOptions {
  return {
    connectionName: name,
    lazyConnect: true,
    connectTimeout: CONNECT_MS_MAX,
    autoResendUnfulfilledCommands: oneConnection === undefined,
    maxRetriesPerRequest: failFast ? EDGE_RETRIES_MAX : WORKER_RETRIES_MAX,
  };
}

function oneServer({ url, sentinels = [], sentinelName = '' }: RedisAddress, options: ConnectOptions): Redis {
  const { failFast = false, oneConnection } = options;
  const answerMs = failFast ? EDGE_ANSWER_MS_MAX : oneConnection?.answerMs;
  const settings: RedisOptions = {
    ...common(options),
    enableOfflineQueue: !failFast,
    ...(answerMs === undefined ? {} : { commandTimeout: answerMs }),
    retryStrategy: (times) => Math.min(times * RETRY_DELAY_MS_STEP, RETRY_DELAY_MS_MAX),
  };
  if (sentinels.length === 0) return new Redis(url, settings);
  const client = new Redis({
    ...settings,
    ...credentialsOf(url),
    name: sentinelName,
    sentinels: sentinels.map(hostPort),
    // A master that became a replica says READONLY: then ask the sentinels again.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
    sentinelRetryStrategy: (times) => Math.min(times * RETRY_DELAY_MS_STEP, RETRY_DELAY_MS_MAX),
    failoverDetector: true,
  });
  client.on('end', () => setTimeout(() => void again(client), RETRY_DELAY_MS_MAX).unref());
  return client;
}

/** By us: for good. */
const ended = new WeakSet<RedisClient>();

/** A failover that is told while the client library asks the sentinels for the master ends its client for good: not so here. */
async function again(client: Redis): Promise<void> {
  if (!ended.has(client) && client.status === 'end') await client.connect().catch(() => undefined); // `end` again, and so on
}

function cluster({ url, clusterNodes = [] }: RedisAddress, options: ConnectOptions): Cluster {
  return new Cluster(clusterNodes.map(hostPort), {
    lazyConnect: true,
    enableOfflineQueue: options.failFast !== true,
    maxRedirections: REDIRECTIONS_MAX,
    retryDelayOnFailover: REDIRECTION_MS,
    retryDelayOnClusterDown: REDIRECTION_MS,
    retryDelayOnTryAgain: REDIRECTION_MS,
    slotsRefreshTimeout: SLOTS_REFRESH_MS,
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    clusterRetryStrategy: (times) => Math.min(times * RETRY_DELAY_MS_STEP, RETRY_DELAY_MS_MAX),
    redisOptions: { ...common(options), ...credentialsOf(url), commandTimeout: NODE_ANSWER_MS_MAX },
  });
}

function credentialsOf(url: string): RedisOptions {
  const { username, password, protocol } = new URL(url);
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

/** IPv6 addresses in brackets. */
function hostPort(text: string): { host: string; port: number } {
  const { hostname, port } = new URL(`redis://${text}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** Ends a connection whether Redis is there or not. */
export async function disconnect(client: RedisClient): Promise<void> {
  ended.add(client);
  if (client.status === 'end') return;
  if (client.status !== 'ready' || isCluster(client)) {
    client.disconnect();
    return;
  }
  await client.quit().catch(() => undefined);
  client.disconnect(); // also what listens to sentinels
}
