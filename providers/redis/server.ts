/** What the server must be like before money may be entrusted to it. */
import type { Redis } from 'ioredis';
import { isCluster, masters } from './client.ts';
import type { RedisClient } from './client.ts';
import { faultOf } from './faults.ts';
import { infoOf, pairs } from './reply.ts';

const VERSION_MIN = 7;
const STREAM_NODE_BYTES = '512';

interface Rule {
  readonly setting: string;
  readonly isRight: (value: string) => boolean;
  readonly must: string;
}

const is =
  (wanted: string) =>
  (value: string): boolean =>
    value === wanted;

const RULES: readonly Rule[] = [
  { setting: 'appendonly', isRight: is('yes'), must: 'be yes: the append-only file is the log of all money' },
  { setting: 'appendfsync', isRight: is('always'), must: 'be always: an acknowledged write must survive a power cut' },
  { setting: 'no-appendfsync-on-rewrite', isRight: is('no'), must: 'be no: a rewrite of the log must not suspend the fsync' },
  { setting: 'save', isRight: is(''), must: 'be empty: the append-only file is enough, a snapshot would only fork' },
  { setting: 'maxmemory-policy', isRight: is('noeviction'), must: 'be noeviction: an evicted key is lost money' },
  { setting: 'maxmemory', isRight: (value) => Number(value) > 0, must: 'be set: edges shed at 80 % of it' },
  {
    setting: 'stream-node-max-bytes',
    isRight: is(STREAM_NODE_BYTES),
    must: `be ${STREAM_NODE_BYTES}: a mailbox of one entry costs 4.7 KB otherwise`,
  },
];

const CLUSTER_RULES: readonly Rule[] = [
  {
    setting: 'cluster-require-full-coverage',
    isRight: is('no'),
    must: 'be no: the shards of other masters go on while one fails over',
  },
];

/**
 * One sentence per problem; empty when all is right. `waitReplicas`: as many have a message before it is acknowledged; in a cluster, whose masters fail over apart,
 * all must.
 */
export async function checkServer(client: RedisClient, waitReplicas = 0): Promise<string[]> {
  try {
    const apart = isCluster(client);
    const rules = apart ? [...RULES, ...CLUSTER_RULES] : RULES;
    const problems = masters(client).map(async (redis) => [
      ...(await ageOf(redis)),
      ...(await settingsOf(redis, rules)),
      ...(apart ? await replicasOf(redis, waitReplicas) : []),
    ]);
    return [...new Set((await Promise.all(problems)).flat())];
  } catch (error) {
    throw faultOf(error);
  }
}

async function ageOf(redis: Redis): Promise<string[]> {
  const version = infoOf(await redis.info('server'), 'redis_version');
  return Number.parseInt(version, 10) < VERSION_MIN ? [`Redis ${version} is too old: 7.0 or newer is needed`] : [];
}

async function settingsOf(redis: Redis, rules: readonly Rule[]): Promise<string[]> {
  const settings = pairs(await redis.config('GET', ...names(rules)));
  return rules.flatMap((rule) => problemOf(rule, settings.get(rule.setting)));
}

async function replicasOf(redis: Redis, waitReplicas: number): Promise<string[]> {
  const replicas = infoOf(await redis.info('replication'), 'connected_slaves');
  if (Number(replicas) <= waitReplicas) return [];
  return [
    `REDIS_WAIT_REPLICAS is ${waitReplicas} and must be ${replicas}, the replicas of a master: one that lacks the last messages may be promoted, and money is lost`,
  ];
}

function names(rules: readonly Rule[]): [string, ...string[]] {
  const [first = 'appendonly', ...rest] = rules.map((rule) => rule.setting);
  return [first, ...rest];
}

function problemOf({ setting, isRight, must }: Rule, value: string | undefined): string[] {
  if (value !== undefined && isRight(value)) return [];
  return [`${setting} is ${value === undefined ? 'unknown' : `"${value}"`} and must ${must}`];
}
