import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { startRedis } from '../../mocks/servers/redis.ts';
import { exchange, throughPipeline } from './client.ts';
import type { RedisClient, Request } from './client.ts';
import { connect, connectRedis, disconnect } from './connect.ts';
import { isConnectionError } from './faults.ts';

const REQUESTS = 20;
const echo = (text: string): Request => ({ key: 'k', name: 'echo', args: [text] });
const wrong: Request = { key: 'k', name: 'incr', args: ['text'] };

const server = await startRedis({ own: true });
test.after.always(() => server.close());

/** How often the server found something to read since it was asked last; asking is one of them. */
async function readsOf(client: RedisClient): Promise<() => Promise<number>> {
  const total = async (): Promise<number> => Number(/total_reads_processed:(\d+)/.exec(String(await client.call('info', 'stats')))?.[1]);
  const before = await total();
  return async () => (await total()) - before - 1;
}

test.serial(
  'what requests at an edge ask in one turn goes in one write, each has its own answers, in order, and its own errors',
  async (t) => {
    const edge = await connect({ url: server.url }, { name: 'edge', failFast: true });
    t.teardown(() => disconnect(edge));
    await edge.call('set', 'text', 'x');
    const reads = await readsOf(edge);
    const asked = Array.from({ length: REQUESTS }, (_, index) =>
      exchange(edge, [echo(`${String(index)}a`), wrong, echo(`${String(index)}b`)]),
    );
    for (const [index, [first, failed, last]] of (await Promise.all(asked)).entries()) {
      t.deepEqual(
        [first, last],
        [
          [null, `${String(index)}a`],
          [null, `${String(index)}b`],
        ],
      );
      t.regex(String(failed?.[0]), /not an integer/);
    }
    t.is(await reads(), 1);
    t.deepEqual(await exchange(edge, []), []);
  },
);

test.serial('what a worker asks by several calls in one go is one write, and it does not wait for the next turn', async (t) => {
  const worker = await connect({ url: server.url }, { name: 'worker' });
  t.teardown(() => disconnect(worker));
  const reads = await readsOf(worker);
  const turn = { isOver: false };
  setImmediate(() => (turn.isOver = true));
  const asked = Array.from({ length: REQUESTS }, (_, index) => exchange(worker, [echo(String(index))]));
  await Promise.resolve().then(() => Promise.resolve());
  const later = exchange(worker, [echo('later')]);
  t.false(turn.isOver);
  for (const [index, [answer]] of (await Promise.all(asked)).entries()) t.deepEqual(answer, [null, String(index)]);
  t.deepEqual(await later, [[null, 'later']]);
  // A server that was busy meanwhile takes both writes with one read.
  t.true((await reads()) <= 2);
});

test.serial('nobody waits for the answers of others', async (t) => {
  const edge = await connect({ url: server.url }, { name: 'edge', failFast: true });
  t.teardown(() => disconnect(edge));
  const done: string[] = [];
  const quick = exchange(edge, [echo('quick')]).then(() => done.push('quick'));
  const slow = exchange(edge, [{ key: 'k', name: 'blpop', args: ['nothing', 0.3] }]).then(() => done.push('slow'));
  await quick;
  t.deepEqual(done, ['quick']);
  await slow;
});

test.serial(
  'on a connection that does not send again, what was under way when the server was lost is answered with an error',
  async (t) => {
    const lost = await startRedis({ own: true });
    t.teardown(() => lost.close());
    const secured = await connectRedis(lost.url, { name: 'secured', oneConnection: { answerMs: 1_000 } });
    t.teardown(() => disconnect(secured));
    // Of a pipeline that has some answers the client library gives up the rest: here it has none.
    const asked = throughPipeline(secured, [{ key: 'nothing', name: 'blpop', args: ['nothing', 0] }, echo('a')]);
    await sleep(100);
    await lost.kill9();
    await lost.restart();
    const [[error] = []] = await asked;
    t.true(isConnectionError(error), String(error));
    t.deepEqual(await throughPipeline(secured, [echo('b')]), [[null, 'b']]);
  },
);

test.serial('a server that is gone answers each request with an error', async (t) => {
  const gone = await startRedis({ own: true });
  const edge = await connect({ url: gone.url }, { name: 'edge', failFast: true });
  t.teardown(() => disconnect(edge));
  await gone.close();
  const asked = Array.from({ length: REQUESTS }, () => exchange(edge, [echo('a')]).then(([answer]) => String(answer?.[0]), String));
  for (const error of await Promise.all(asked)) t.regex(error, /clos|ECONN|writeable|redis_unavailable/i);
});
