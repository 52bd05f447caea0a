/** Everything a Redis holds, to compare before and after. */
import type { Redis } from 'ioredis';

/** Key by key in Redis' own serialisation: equal dumps are equal contents. */
export async function dumpsOf(redis: Redis): Promise<Map<string, string>> {
  const keys = (await redis.keys('*')).sort();
  const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  return new Map(keys.map((key, index) => [key, dumps[index]?.toString('base64') ?? '']));
}

/** Puts the server back to what was dumped. */
export async function restoreDumps(redis: Redis, dumps: ReadonlyMap<string, string>): Promise<void> {
  await redis.flushall();
  await Promise.all([...dumps].map(([key, dump]) => redis.restore(key, 0, Buffer.from(dump, 'base64'), 'REPLACE')));
}

/** The contents as people would write them down, without what only says when: lease expiry and heartbeats. */
export async function contentsOf(redis: Redis): Promise<Record<string, unknown>> {
  const contents: Record<string, unknown> = {};
  for (const key of (await redis.keys('*')).sort()) contents[key] = await contentOf(redis, key);
  return contents;
}

async function contentOf(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  if (type === 'hash') return { ...(await redis.hgetall(key)), expires: null };
  if (type === 'zset') return key.startsWith('iw:workers') ? redis.zrange(key, 0, -1) : redis.zrange(key, 0, -1, 'WITHSCORES');
  if (type !== 'stream') return type;
  return [await redis.xrange(key, '-', '+'), await redis.call('XINFO', 'GROUPS', key), await pendingOf(redis, key)];
}

/** Which entries of the effects are with which runner, without for how long. */
async function pendingOf(redis: Redis, key: string): Promise<unknown> {
  if (!key.endsWith(':effects')) return [];
  const pending = await redis.xpending(key, 'effects', '-', '+', 1000).catch(() => []);
  return pending.map((item) => (Array.isArray(item) ? item.slice(0, 2) : item));
}
