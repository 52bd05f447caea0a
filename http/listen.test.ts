import test from 'ava';
import { call, refused, until } from './testing/served.ts';
import type { Got } from './testing/served.ts';
import { withServer } from './testing/things.ts';

test('a process takes so many streams and no more, and a slot comes back when a client leaves', async (t) => {
  const { url, streams } = await withServer(t, { streamsMax: 1 });
  const leave = new AbortController();
  const first = await fetch(`${url}/stream`, { signal: leave.signal });
  t.is(first.status, 200);
  const second = await call(`${url}/stream`);
  refused(t, second, [503, 'too_many_streams']);
  t.is(second.headers.get('retry-after'), '5');
  leave.abort();
  await until(() => streams.open === 0);
  const third = await fetch(`${url}/stream`);
  t.is(third.status, 200);
  await third.body?.cancel();
});

test('a HEAD of a stream holds no slot', async (t) => {
  const { url, streams } = await withServer(t, { streamsMax: 1 });
  t.is((await call(`${url}/stream`, { method: 'HEAD' })).status, 200);
  await until(() => streams.open === 0);
  t.pass();
});

test('a stream whose source breaks ends its response and nothing else', async (t) => {
  const { url, failures } = await withServer(t);
  await t.throwsAsync(async () => (await fetch(`${url}/failing-stream`)).text());
  await until(() => failures.length > 0);
  refused(t, await call(`${url}/refused`), [409, 'not_now']);
});

test('closing finishes the request under way, ends the streams and takes no more', async (t) => {
  const served = await withServer(t);
  const { url, gate } = served;
  const slow: Promise<Got> = call(`${url}/slow`);
  const stream = await fetch(`${url}/stream`);
  await gate.entered;
  const closed = served.close(60_000);
  t.is(await stream.text(), ': here\n\n');
  await t.throwsAsync(call(`${url}/refused`));
  gate.open();
  t.deepEqual((await slow).json, { done: true });
  await closed;
});

test('closing cuts what is not over in time', async (t) => {
  const served = await withServer(t);
  const { url, gate } = served;
  const slow = call(`${url}/slow`);
  await gate.entered;
  const outcome = t.throwsAsync(slow);
  await served.close(10);
  await outcome;
});

test('over the mark commands are turned away with a time to come back, and reads go on', async (t) => {
  const state = { overloaded: true };
  const { url, alice } = await withServer(t, { overloaded: () => state.overloaded });
  const body = { amount: '1.00', currency: 'SAR' };
  const got = await call(`${url}/things`, { as: alice, key: 'k1', body });
  refused(t, got, [503, 'overloaded']);
  t.is(got.headers.get('retry-after'), '1');
  t.is((await call(`${url}/things/1`, { as: alice })).status, 200);
  state.overloaded = false;
  t.is((await call(`${url}/things`, { as: alice, key: 'k1', body })).status, 201);
});
