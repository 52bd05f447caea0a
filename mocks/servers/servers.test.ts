import { spawn } from 'node:child_process';
import test from 'ava';
import { Redis } from 'ioredis';
import { MongoClient, MongoServerError } from 'mongodb';
import { startMongo } from './mongo.ts';
import { isAlive } from './own-process.ts';
import { startRedis } from './redis.ts';

const GONE_MS_MAX = 10_000;

test('a Redis of our own has the settings that the engine demands', async (t) => {
  const server = await startRedis({ own: true, maxmemory: '32mb', settings: { hz: '20' } });
  const client = new Redis(server.url);
  const value = async (name: string): Promise<string | undefined> => ((await client.config('GET', name)) as string[])[1];
  t.is(await value('appendonly'), 'yes');
  t.is(await value('appendfsync'), 'always');
  t.is(await value('no-appendfsync-on-rewrite'), 'no');
  t.is(await value('save'), '');
  t.is(await value('maxmemory'), String(32 * 1024 * 1024));
  t.is(await value('maxmemory-policy'), 'noeviction');
  t.is(await value('stream-node-max-bytes'), '512');
  t.is(await value('hz'), '20');
  t.regex(server.describe, /not kept/);
  client.disconnect();
  await server.close();
});

test('a Redis that was killed comes back on its port with what it had acknowledged', async (t) => {
  const server = await startRedis({ own: true });
  const client = new Redis(server.url);
  client.on('error', () => undefined); // it is away for a moment: that is the test
  await client.set('key', 'kept');
  const before = server.pid();
  await server.kill9();
  await server.restart();
  t.is(await client.get('key'), 'kept');
  t.not(server.pid(), before);
  client.disconnect();
  await server.close();
});

test('a closed server is gone', async (t) => {
  const server = await startRedis({ own: true });
  const pid = server.pid() ?? 0;
  t.true(isAlive(pid));
  await server.close();
  t.false(isAlive(pid));
});

test('a Redis is gone when its parent is killed', async (t) => {
  const { pid } = await orphan('redis.js', 'const s = await startRedis({ own: true }); return { pid: s.pid() };', 'startRedis');
  t.true(await isGone(pid), `process ${String(pid)} outlived its parent`);
});

test('a MongoDB is gone when its parent is killed', async (t) => {
  const { pid } = await orphan('mongo.js', 'const s = await startMongo({ own: true }); return { pid: s.pid };', 'startMongo');
  t.true(await isGone(pid), `process ${String(pid)} outlived its parent`);
});

test('a MongoDB answers the driver: inserts once, names a duplicate, and keeps the greater value', async (t) => {
  const server = await startMongo();
  const client = new MongoClient(server.url);
  const collection = client.db(server.database).collection<{ _id: string; v?: { last: string } }>('things');
  await collection.insertMany([{ _id: 'a' }, { _id: 'b' }], { ordered: false, writeConcern: { w: 'majority' } });
  const refused = await t.throwsAsync(collection.insertMany([{ _id: 'b' }, { _id: 'c' }], { ordered: false }));
  t.true(refused instanceof MongoServerError && refused.code === 11000);
  t.is(await collection.countDocuments(), 3);
  await collection.updateOne({ _id: 'a' }, { $max: { v: { last: '2' } } });
  await collection.updateOne({ _id: 'a' }, { $max: { v: { last: '1' } } });
  t.deepEqual((await collection.findOne({ _id: 'a' }))?.v, { last: '2' });
  await client.close();
  await server.close();
});

test('two callers on a shared MongoDB have a database each', async (t) => {
  const [one, other] = await Promise.all([startMongo(), startMongo()]);
  t.not(one.database, other.database);
  await Promise.all([one.close(), other.close()]);
});

test('a MongoDB of our own can be stopped for a while and goes on with what it had', async (t) => {
  const server = await startMongo({ own: true, heapMb: 128 });
  const client = new MongoClient(server.url);
  const things = client.db(server.database).collection<{ _id: string }>('things');
  await things.insertOne({ _id: 'a' });
  const pid = server.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  const asked = things.findOne({ _id: 'a' });
  process.kill(pid, 'SIGCONT');
  t.deepEqual(await asked, { _id: 'a' });
  await client.close();
  await server.close();
  t.false(isAlive(pid));
});

/** Starts a server in another Node process and kills that process with -9 as soon as the server runs. */
async function orphan(module: string, body: string, name: string): Promise<{ pid: number }> {
  const url = new URL(module, import.meta.url).href;
  const script = `import { ${name} } from '${url}'; const f = async () => { ${body} }; process.stdout.write(JSON.stringify(await f())); setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const answer = await new Promise<string>((resolve, reject) => {
    parent.stdout.once('data', (chunk: Buffer) => {
      resolve(chunk.toString('utf8'));
    });
    parent.once('exit', () => {
      reject(new Error('the parent ended by itself'));
    });
  });
  parent.kill('SIGKILL');
  return JSON.parse(answer) as { pid: number };
}

async function isGone(pid: number): Promise<boolean> {
  const until = Date.now() + GONE_MS_MAX;
  while (isAlive(pid) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  return !isAlive(pid);
}
