/** What the server must be like before money may be entrusted to it. */
import type { Redis } from 'ioredis';
import { isCluster, masters } from './client.ts';
import type { RedisClient } from './client.ts';
import { faultOf } from './faults.ts';
import { pairs } from './reply.ts';

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

/** One sentence per problem; empty when all is right. */
export async function checkServer(client: RedisClient): Promise<string[]> {
  const rules = isCluster(client) ? [...RULES, ...CLUSTER_RULES] : RULES;
  const problems = await Promise.all(masters(client).map((redis) => problemsOf(redis, rules)));
  return [...new Set(problems.flat())];
}

async function problemsOf(redis: Redis, rules: readonly Rule[]): Promise<string[]> {
  try {
    const info = await redis.info('server');
    const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? '0';
    const old = Number.parseInt(version, 10) < VERSION_MIN ? [`Redis ${version} is too old: 7.0 or newer is needed`] : [];
    const settings = pairs(await redis.config('GET', ...names(rules)));
    return [...old, ...rules.flatMap((rule) => problemOf(rule, settings.get(rule.setting)))];
  } catch (error) {
    throw faultOf(error);
  }
}

function names(rules: readonly Rule[]): [string, ...string[]] {
  const [first = 'appendonly', ...rest] = rules.map((rule) => rule.setting);
  return [first, ...rest];
}

function problemOf({ setting, isRight, must }: Rule, value: string | undefined): string[] {
  if (value !== undefined && isRight(value)) return [];
  return [`${setting} is ${value === undefined ? 'unknown' : `"${value}"`} and must ${must}`];
}
