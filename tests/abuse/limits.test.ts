import type { Socket } from 'node:net';
import anyTest from 'ava';
import type { ExecutionContext, TestFn } from 'ava';
import { makeToken } from '../../cli/token.ts';
import type { Service } from '../../main.ts';
import { decided, itemsOf, openWallet } from '../support/story.ts';
import { ANB_SECRET, callApi, eventually, startSystem } from '../support/system.ts';
import type { TestSystem } from '../support/system.ts';
import { answerOf, beside, opened, outcome, raw, said, tally, times } from './support.ts';

const test = anyTest as TestFn<{ system: TestSystem }>;

test.before(async (t) => {
  t.context.system = await startSystem();
});

test.after.always((t) => t.context.system.stop());

async function gatewayOf(t: ExecutionContext<{ system: TestSystem }>, env: Readonly<Record<string, string>>): Promise<Service> {
  const service = await beside(t.context.system, env);
  t.teardown(() => service.stop());
  return service;
}

test('an owner who asks too often is told when to come back, and nobody else notices', async (t) => {
  const { url } = await gatewayOf(t, { RATE_LIMIT_PER_SECOND: '1', RATE_LIMIT_BURST: '4' });
  const replies = await times(40, () => callApi(`${url}/v1/wallets`, { as: 'greedy' }));
  const { 200: admitted = 0, '429 rate_limited': refused = 0, ...others } = tally(replies.map(outcome));
  t.deepEqual(others, {});
  // Windows are of the clock: forty requests may fall into several.
  t.true(admitted >= 5 && refused > 0, `${String(admitted)} were admitted`);
  const [one] = replies.filter(({ status }) => status === 429);
  t.regex(one?.headers.get('content-type') ?? '', /^application\/problem\+json/);
  t.is(one?.headers.get('retry-after'), '1');
  t.is(outcome(await callApi(`${url}/v1/wallets`, { as: 'modest' })), '200');
  await eventually(
    () => callApi(`${url}/v1/wallets`, { as: 'greedy' }),
    ({ status }) => status === 200,
  );
});

test('writes and reads are counted alike, and a write that was turned away has no effect', async (t) => {
  const { url } = await gatewayOf(t, { RATE_LIMIT_PER_SECOND: '1', RATE_LIMIT_BURST: '3' });
  const replies = await times(20, (index) =>
    callApi(`${url}/v1/wallets`, index % 2 === 0 ? { as: 'writer', key: `k${String(index)}`, body: {} } : { as: 'writer' }),
  );
  const admitted = replies.flatMap(({ status }, index) => (index % 2 === 0 && status !== 429 ? [`k${String(index)}`] : []));
  t.true(replies.filter(({ status }) => status === 429).length > 0);
  for (const key of admitted) t.is((await decided(t.context.system, '/v1/wallets', { as: 'writer', key, body: {} })).status, 201);
  const { body } = await t.context.system.call('/v1/wallets', { as: 'writer' });
  t.is(itemsOf(body).length, admitted.length);
});

test('webhooks, operators, health and strangers without a token do not use up anybody’s requests', async (t) => {
  const { url } = await gatewayOf(t, { ROLES: 'gateway,omnibus', RATE_LIMIT_PER_SECOND: '1', RATE_LIMIT_BURST: '0' });
  const notification = { type: 'wps.sent', payload: {} };
  t.deepEqual(tally((await times(10, () => callApi(`${url}/webhooks/anb/${ANB_SECRET}`, { body: notification }))).map(outcome)), {
    200: 10,
  });
  t.deepEqual(tally((await times(10, () => callApi(`${url}/ops/v1/breaks`, { as: 'limited', scope: 'ops' }))).map(outcome)), { 200: 10 });
  t.deepEqual(tally((await times(10, () => callApi(`${url}/livez`))).map(outcome)), { 200: 10 });
  t.deepEqual(tally((await times(10, () => callApi(`${url}/v1/wallets`))).map(outcome)), { '401 token_missing': 10 });
  t.is(outcome(await callApi(`${url}/v1/wallets`, { as: 'limited' })), '200');
});

async function listener(url: string, owner: string, walletId: string): Promise<{ readonly outcome: string; leave(): void }> {
  const controller = new AbortController();
  const headers = { authorization: `Bearer ${await makeToken({ owner })}` };
  const response = await fetch(`${url}/v1/wallets/${walletId}/events`, { headers, signal: controller.signal });
  const code = response.status === 200 ? '' : ` ${String(((await response.json()) as Record<string, unknown>)['code'])}`;
  return { outcome: `${String(response.status)}${code}`, leave: () => controller.abort() };
}

test('one owner holds only a share of the event streams, a process only so many, and who leaves makes room', async (t) => {
  const { system } = t.context;
  const [alice, bob, carol] = [await openWallet(system, 'ears-a'), await openWallet(system, 'ears-b'), await openWallet(system, 'ears-c')];
  const { url } = await gatewayOf(t, { STREAMS_MAX: '3', STREAMS_PER_OWNER_MAX: '2' });
  const listen = (wallet: typeof alice) => listener(url, wallet.owner, wallet.id);
  const held = [await listen(alice), await listen(alice)];
  t.is((await listen(alice)).outcome, '429 too_many_own_streams');
  held.push(await listen(bob));
  t.deepEqual(tally(held.map((one) => one.outcome)), { 200: 3 });
  t.is((await listen(carol)).outcome, '503 too_many_streams');
  held[0]?.leave();
  const late = await eventually(
    () => listen(carol),
    (one) => one.outcome === '200',
  );
  t.is((await callApi(`${url}/v1/wallets`, { as: 'ears-a' })).status, 200, 'reads go on');
  for (const one of [...held, late]) one.leave();
});

const SLOW = { HEADERS_TIMEOUT_MS: '200', REQUEST_TIMEOUT_MS: '400' };
const HEAD = 'POST /v1/wallets HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nIdempotency-Key: slow\r\n';

test('a connection that says nothing, half a head or half a body is answered 408 and closed', async (t) => {
  const { url } = await gatewayOf(t, SLOW);
  const authorization = `Authorization: Bearer ${await makeToken({ owner: 'slow' })}\r\n`;
  const answers = await Promise.all([
    raw(url),
    raw(url, 'GET /livez HTT'),
    raw(url, HEAD),
    raw(url, `${HEAD}${authorization}Content-Length: 100\r\n\r\n{"name":`),
    raw(url, `${HEAD}${authorization}Transfer-Encoding: chunked\r\n\r\n5\r\n{"nam\r\n`),
  ]);
  for (const answer of answers) t.is(said(answer), '408 request_timeout');
  t.deepEqual((await t.context.system.call('/v1/wallets', { as: 'slow' })).body['items'], []);
});

test('a hundred connections that trickle a byte at a time keep nobody from being served', async (t) => {
  const { url } = await gatewayOf(t, SLOW);
  const sockets: Socket[] = await times(100, () => opened(url));
  const ends = sockets.map(answerOf);
  for (const socket of sockets) socket.write('GET /livez HTTP/1.1\r\nPadding: ');
  const trickle = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('X');
  }, 50);
  t.is((await callApi(`${url}/v1/wallets`, { as: 'patient' })).status, 200);
  const answers = await Promise.all(ends);
  clearInterval(trickle);
  t.deepEqual(tally(answers.map(said)), { '408 request_timeout': 100 });
});
