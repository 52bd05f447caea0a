import test from 'ava';
import { createLayout } from '../../engine/layout.ts';
import { startRedis } from '../../mocks/servers/redis.ts';
import { connectRedis, disconnect } from './connect.ts';
import { initInstallation } from './installation.ts';
import type { ActorId } from '../../engine/message.ts';
import { createRedisPorts } from './ports.ts';
import { checkServer } from './server.ts';

const server = await startRedis({ own: true });
const redis = await connectRedis(server.url, { name: 'test' });
test.after.always(async () => {
  await disconnect(redis);
  await server.close();
});

const layoutOf = (shards: number): ReturnType<typeof createLayout> =>
  createLayout({ roles: { toys: { letter: 't', shards } } }, new Map([['toy', 'toys']]));

test.serial('a server with the right settings has no problems, each wrong setting is named with its reason', async (t) => {
  t.deepEqual(await checkServer(redis), []);
  await redis.config('SET', 'appendfsync', 'everysec');
  await redis.config('SET', 'maxmemory', '0');
  const problems = await checkServer(redis);
  t.is(problems.length, 2);
  t.regex(problems.join('\n'), /appendfsync is "everysec" and must be always/);
  t.regex(problems.join('\n'), /maxmemory is "0" and must be set/);
  await redis.config('SET', 'appendfsync', 'always');
  await redis.config('SET', 'maxmemory', '512mb');
});

test.serial('an installation begins once; another layout, another installation and an empty Redis are faults', async (t) => {
  await redis.flushall();
  const { uuid, isNew } = await initInstallation(redis, layoutOf(4), { uuid: null });
  t.true(isNew);
  t.is(await redis.hget('iw:{t3}:lease', 'token'), '0:');
  t.deepEqual(await initInstallation(redis, layoutOf(4), { uuid: null }), { uuid, isNew: false });
  t.deepEqual(await initInstallation(redis, layoutOf(4), { uuid }), { uuid, isNew: false });
  await t.throwsAsync(initInstallation(redis, layoutOf(8), { uuid }), { code: 'another_layout' });
  await t.throwsAsync(initInstallation(redis, layoutOf(4), { uuid: 'other' }), { code: 'another_installation' });
  await redis.flushall();
  await t.throwsAsync(initInstallation(redis, layoutOf(4), { uuid }), { code: 'redis_is_empty' });
  t.is(await redis.dbsize(), 0);
});

test.serial('a lease of a shard that was never initialised is a fault', async (t) => {
  await redis.flushall();
  const ports = await createRedisPorts({ url: server.url, layout: layoutOf(4), worker: 'w' });
  await t.throwsAsync(ports.leases.acquire('t0', 'w', 1000), { code: 'not_initialised' });
  await ports.close();
});

test.serial('hints reach other processes; what others publish there by mistake reaches nobody', async (t) => {
  const [one, two] = await Promise.all(['one', 'two'].map((worker) => createRedisPorts({ url: server.url, layout: layoutOf(4), worker })));
  if (one === undefined || two === undefined) throw new Error('no ports');
  const heard: unknown[] = [];
  two.hints.onWork((shards) => heard.push(shards));
  const committed = new Promise((resolve) => two.hints.onCommitted(resolve));
  await redis.publish('iw:hints', 'nonsense');
  await redis.publish('iw:hints', '{"from":"x","work":[7]}');
  one.hints.work(['t1']);
  one.hints.work(['t1', 't2']);
  one.hints.committed(['toy:1']);
  t.deepEqual(await committed, ['toy:1']);
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(heard, [['t1', 't2']]);
  await Promise.all([one.close(), two.close()]);
});

test.serial('all actors of a large commit are told of, in several hints', async (t) => {
  const [one, two] = await Promise.all(['one', 'two'].map((worker) => createRedisPorts({ url: server.url, layout: layoutOf(4), worker })));
  if (one === undefined || two === undefined) throw new Error('no ports');
  const actors = Array.from({ length: 2_500 }, (_, index): ActorId => `toy:${String(index)}`);
  const heard: ActorId[] = [];
  const all = new Promise<void>((resolve) =>
    two.hints.onCommitted((some) => {
      heard.push(...some);
      if (heard.length >= actors.length) resolve();
    }),
  );
  one.hints.committed(actors);
  await all;
  t.deepEqual(heard, actors);
  await Promise.all([one.close(), two.close()]);
});

test.serial('an edge is told at once that Redis is away', async (t) => {
  const edge = await createRedisPorts({ url: server.url, layout: layoutOf(4), worker: 'edge', failFast: true });
  await server.kill9();
  await t.throwsAsync(edge.mailboxes.send([{ to: 'toy:1', id: 'a', type: 'Say', body: '{}', from: 'edge', trace: '' }], null), {
    code: 'redis_unavailable',
  });
  await t.throwsAsync(edge.mailboxes.peek(['t0'], 1), { code: 'redis_unavailable' });
  await t.throwsAsync(createRedisPorts({ url: server.url, layout: layoutOf(4), worker: 'w' }), { code: 'redis_unavailable' });
  await edge.close();
});
