/** What a request can hold that no client would send: nothing of it is taken, nothing of it breaks anything, and every answer is a problem with a code. */
import { gzipSync } from 'node:zlib';
import anyTest from 'ava';
import type { ExecutionContext, TestFn } from 'ava';
import { makeToken } from '../../cli/token.ts';
import { field, nextKey, openWallet } from '../support/story.ts';
import type { Wallet } from '../support/story.ts';
import { ANB_SECRET, WEBHOOK_SECRET, callApi, eventually, startSystem } from '../support/system.ts';
import type { Reply, TestSystem } from '../support/system.ts';
import { outcome, raw, said } from './support.ts';

interface Context {
  readonly system: TestSystem;
  readonly wallet: Wallet;
  readonly token: string;
}

const test = anyTest as TestFn<Context>;
const UNTOUCHED = Object.getOwnPropertyNames(Object.prototype).join();

test.before(async (t) => {
  const system = await startSystem();
  t.context = { system, wallet: { owner: '', id: '', iban: '' }, token: '' };
  t.context = { system, wallet: await openWallet(system, 'alice'), token: await makeToken({ owner: 'alice' }) };
});

test.after.always((t) => t.context.system.stop());

/** The service runs in this process: a polluted prototype would show here. And it still serves. */
test.afterEach.always(async (t) => {
  t.is(Object.getOwnPropertyNames(Object.prototype).join(), UNTOUCHED);
  t.is((await t.context.system.call('/livez')).status, 200);
});

/** A body as it stands, with a fresh key. */

interface Sent {
  readonly body: string | Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

async function send({ system, token }: Context, path: string, sent: string | Buffer | Sent): Promise<Reply> {
  const { body, headers } = typeof sent === 'string' || Buffer.isBuffer(sent) ? { body: sent, headers: {} } : sent;
  const standard = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': nextKey() };
  const response = await fetch(`${system.url}${path}`, { method: 'POST', headers: { ...standard, ...headers }, body });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
}

async function refusedAs(t: ExecutionContext<Context>, of: Promise<Reply>, [code, title]: readonly [string, string]): Promise<void> {
  const reply = await of;
  t.is(outcome(reply), code, `${title}: ${JSON.stringify(reply.body).slice(0, 300)}`);
  t.regex(reply.headers.get('content-type') ?? '', /^application\/problem\+json/, title);
}

test('fields that are not a client’s to set are refused on every route that has a body', async (t) => {
  const { system } = t.context;
  const { body: document } = await system.call('/openapi.json');
  const paths = Object.entries(field(document, 'paths') ?? {}) as [string, unknown][];
  const writes = paths.filter(([, one]) => field(one, 'post', 'requestBody') !== undefined);
  t.true(writes.length >= 7);
  const owned = [
    'id',
    'iban',
    'number',
    'status',
    'available',
    'pending',
    'owner',
    'sub',
    'by',
    'fee',
    'checkoutUrl',
    'createdAt',
    'fingerprint',
    'from',
  ];
  for (const [path] of writes) {
    const at = path.replace('{actorId}', `virtual-account:${t.context.wallet.id}`).replaceAll(/\{(\w+)\}/g, t.context.wallet.id);
    const caller = path.startsWith('/ops/') ? { as: 'olga', scope: 'ops' } : { as: 'alice' };
    const fields = Object.keys(
      field(Object.fromEntries(writes)[path], 'post', 'requestBody', 'content', 'application/json', 'schema', 'properties') ?? {},
    );
    for (const name of owned.filter((one) => !fields.includes(one))) {
      const reply = await system.call(at, { ...caller, key: nextKey(), body: { [name]: 'x' } });
      t.is(outcome(reply), '400 invalid_request', path);
      t.true(JSON.stringify(reply.body['errors']).includes(`"/${name}"`), `${path} takes ${name}`);
    }
  }
  t.is(field((await system.call(`/v1/wallets/${t.context.wallet.id}`, { as: 'alice' })).body, 'available', 'amount'), '0.00');
});

test('a field of a request’s query or header sets nothing either', async (t) => {
  const { system, token } = t.context;
  const headers = {
    authorization: `Bearer ${token}`,
    'x-owner': 'bob',
    'x-user-id': 'bob',
    'x-http-method-override': 'DELETE',
    'x-original-url': '/ops/v1/position',
  };
  const response = await fetch(`${system.url}/v1/wallets?owner=bob&sub=bob&_method=POST`, { headers });
  t.is(field(await response.json(), 'items', 0, 'id'), t.context.wallet.id);
});

test('a prototype in a body, a query or a name pollutes nothing', async (t) => {
  const proto = ['{"__proto__":{"polluted":1}}', '{"name":"x","__proto__":{"currency":"SAR"}}', '{"\\u005f_proto__":{"polluted":1}}'];
  for (const body of proto) await refusedAs(t, send(t.context, '/v1/wallets', body), ['400 malformed_json', body]);
  const others = [
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"prototype":{"polluted":1}}',
    '{"name":{"__proto__x":1}}',
    '{"toString":"x"}',
  ];
  for (const body of others) await refusedAs(t, send(t.context, '/v1/wallets', body), ['400 invalid_request', body]);
  for (const query of [
    '__proto__[polluted]=1',
    '__proto__=1',
    'constructor[prototype][polluted]=1',
    'limit=__proto__',
    'limit[__proto__]=1',
  ]) {
    const reply = await t.context.system.call(`/v1/wallets/${t.context.wallet.id}/transactions?${query}`, { as: 'alice' });
    t.is(outcome(reply), '400 invalid_request', query);
  }
  for (const key of ['__proto__', 'constructor', 'toString']) {
    const one = await t.context.system.call('/v1/wallets', { as: 'prototypes', key, body: { name: key } });
    const again = await t.context.system.call('/v1/wallets', { as: 'prototypes', key, body: { name: key } });
    t.is(one.status, 201, key);
    t.is(again.body['id'], one.body['id']);
  }
  for (const type of ['__proto__', 'constructor', 'toString', 'valueOf']) {
    const event = { id: 'e1', type, secret_token: WEBHOOK_SECRET, live: false, data: { id: 'x' } };
    t.is(outcome(await callApi(`${t.context.system.url}/webhooks/moyasar`, { body: event })), '200', type);
    t.is(outcome(await callApi(`${t.context.system.url}/webhooks/anb/${ANB_SECRET}`, { body: { type, payload: {} } })), '200', type);
  }
});

test('operators of a database are texts like any other, or refused', async (t) => {
  const { system } = t.context;
  for (const operator of [{ $gt: '' }, { $ne: null }, { $where: 'sleep(1000)' }, ['$ne'], { $regex: '.*' }]) {
    await refusedAs(t, send(t.context, '/v1/wallets', JSON.stringify({ name: operator })), ['400 invalid_request', 'name']);
    const topUp = { amount: operator, currency: 'SAR' };
    await refusedAs(t, send(t.context, `/v1/wallets/${t.context.wallet.id}/top-ups`, JSON.stringify(topUp)), [
      '400 invalid_amount',
      'amount',
    ]);
  }
  const ops = { as: 'olga', scope: 'ops' };
  for (const query of ['status[$ne]=open', 'reason[$gt]=', 'status=%7B%22%24ne%22%3Anull%7D', 'cursor[$gt]=']) {
    const reply = await system.call(`/ops/v1/breaks?${query}`, ops);
    t.is(reply.status, 400, `${query}: ${JSON.stringify(reply.body)}`);
  }
  for (const id of ['%7B%22%24gt%22%3A%22%22%7D', '$where', '%5Bobject%20Object%5D'])
    for (const path of [`/ops/v1/breaks/${id}`, `/ops/v1/settlements/${id}`, `/ops/v1/statements/${id}`, `/v1/wallets/${id}`])
      t.true([400, 404].includes((await system.call(path, ops)).status), path);
  for (const name of [
    '$set',
    '{"$gt":""}',
    'a.b',
    '\u0000',
    '\ud800',
    '<script>alert(1)</script>',
    '"; DROP TABLE wallets; --',
    '${7*7}',
    '%n%s',
  ]) {
    const opened = await system.call('/v1/wallets', { as: `named ${JSON.stringify(name)}`, key: 'k', body: { name } });
    t.is(opened.status, 201, name);
    await eventually(
      () => system.call(`/v1/wallets/${String(opened.body['id'])}`, { as: `named ${JSON.stringify(name)}` }),
      ({ body }) => body['name'] === name && body['asOf'] !== null,
    );
  }
});

test('a path does not lead out of the part of the tree that its token opens', async (t) => {
  const { system, token } = t.context;
  const paths = [
    '/v1/wallets/../../ops/v1/position',
    '/v1/../ops/v1/position',
    '/v1/wallets/%2e%2e/%2e%2e/ops/v1/position',
    '/v1/wallets/..%2f..%2fops%2fv1%2fposition',
    '/v1/wallets/..;/..;/ops/v1/position',
    '/v1\\..\\ops\\v1\\position',
    '//ops/v1/position',
    '/./ops/v1/position',
    '/ops/v1/position/',
    '/OPS/v1/position',
    '/ops%2fv1%2fposition',
    '/ops/v1/position%00',
    '/ops/v1/position;/v1/wallets',
    '/ops/v1/position#/v1/wallets',
    '/openapi.json/../ops/v1/position',
    '/etc/passwd',
    '/../../../../etc/passwd',
    'http://127.0.0.1:9/ops/v1/position',
    '/v1/wallets/%',
    '/v1/wallets/%c0%ae%c0%ae',
    '*',
    `/v1/wallets/${'a'.repeat(8_000)}`,
    `/${'../'.repeat(2_000)}`,
    `/v1/wallets?${'a=1&'.repeat(2_000)}limit=1`,
  ];
  for (const path of paths) {
    const answer = said(
      await raw(system.url, `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`),
    );
    if (path.startsWith('/v1/wallets?')) t.is(answer, '200', path);
    else t.regex(answer, /^(400 (malformed|invalid)_request|403 scope_missing|404 (route|wallet)_not_found|405 method_not_allowed)$/, path);
  }
});

test('a head with line breaks, two lengths, two keys or too much in it is refused', async (t) => {
  const { system, token } = t.context;
  const ask = (...lines: string[]): Promise<string> =>
    raw(
      system.url,
      `POST /v1/wallets HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n${lines.join('\r\n')}`,
    ).then(said);
  const json = 'Content-Type: application/json';
  const body = ['Content-Length: 2', '', '{}'];
  t.is(await ask(json, 'Idempotency-Key: control', ...body), '201');
  t.is(await ask(json, 'Idempotency-Key: a\rSet-Cookie: b', ...body), '400 malformed_request');
  t.is(await ask(json, 'Idempotency-Key: a\n b', ...body), '400 malformed_request');
  t.is(await ask(json, 'Idempotency-Key: a\u0000b', ...body), '400 malformed_request');
  t.is(await ask(json, 'Idempotency-Key : a', ...body), '400 malformed_request');
  t.is(await ask(json, 'Idempotency-Key: a%0d%0aSet-Cookie:b', ...body), '201');
  t.is(await ask(json, 'Idempotency-Key: one', 'Idempotency-Key: two', ...body), '400 idempotency_key_malformed');
  t.is(await ask(json, 'Idempotency-Key: k', 'Content-Length: 0', ...body), '400 malformed_request');
  t.is(await ask(json, 'Idempotency-Key: k', 'Transfer-Encoding: chunked', ...body), '400 malformed_request');
  t.is(await ask(json, 'Idempotency-Key: k', 'Transfer-Encoding: xchunked', '', '{}'), '400 malformed_request');
  t.is(await ask(json, 'Idempotency-Key: k', 'Content-Length: -1', '', ''), '400 malformed_request');
  t.is(await ask(`X: ${'x'.repeat(20_000)}`, ...body), '431 headers_too_large');
  t.is(await ask(...Array.from({ length: 3_000 }, (_, index) => `X${String(index)}: x`), ...body), '431 headers_too_large');
  t.is(said(await raw(system.url, '\u0016\u0003\u0001\u0002\u0000')), '400 malformed_request');
  t.is(said(await raw(system.url, 'GET / HTTP/9.9\r\n\r\n')), '400 malformed_request');
});

test('who asks decides nothing of what is answered: not its host, not the trace, not a redirect', async (t) => {
  const { system, wallet, token } = t.context;
  const lines = [
    'Host: evil.example',
    'X-Forwarded-Host: evil.example',
    'Forwarded: host=evil.example',
    'traceparent: 00-evil-evil-01',
    `Authorization: Bearer ${token}`,
  ];
  const body = '{"amount":"1.00","currency":"SAR"}';
  const head = [
    ...lines,
    'Idempotency-Key: host',
    'Content-Type: application/json',
    `Content-Length: ${String(body.length)}`,
    'Connection: close',
    '',
    body,
  ];
  const answer = await eventually(
    () => raw(system.url, `POST /v1/wallets/${wallet.id}/top-ups HTTP/1.1\r\n${head.join('\r\n')}`),
    (one) => said(one) !== '503 outcome_unknown',
  );
  t.is(said(answer), '201');
  t.false(answer.includes('evil'), answer);
  t.true(answer.includes(`"checkoutUrl":"${system.url}/checkout/`));
  for (const id of ['x%0d%0aLocation:%20http:%2f%2fevil.example', 'https:%2f%2fevil.example%2faaaaaaaaaaaa', `${'a'.repeat(32)}?to=evil`]) {
    const reply = await system.call(`/checkout/${id}`);
    t.true([400, 404].includes(reply.status), id);
    t.is(reply.headers.get('location'), null);
  }
});

test('a body that is too large, packed, deep, wide or of another kind is refused before it costs anything', async (t) => {
  const large = JSON.stringify({ name: 'x'.repeat(100_000) });
  await refusedAs(t, send(t.context, '/v1/wallets', large), ['413 body_too_large', 'large']);
  await refusedAs(
    t,
    send(t.context, '/v1/wallets', { body: gzipSync(`{"name":"${'0'.repeat(20_000_000)}"}`), headers: { 'content-encoding': 'gzip' } }),
    ['413 body_too_large', 'a bomb'],
  );
  await refusedAs(t, send(t.context, '/v1/wallets', { body: '{}', headers: { 'content-encoding': 'compress' } }), [
    '415 unsupported_media_type',
    'compress',
  ]);
  const packed = gzipSync('{}').subarray(0, 12);
  await refusedAs(t, send(t.context, '/v1/wallets', { body: packed, headers: { 'content-encoding': 'gzip' } }), [
    '400 malformed_json',
    'cut off',
  ]);
  for (const deep of [`{"name":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`])
    await refusedAs(t, send(t.context, '/v1/wallets', deep), ['400 invalid_request', 'deep']);
  const wide = await send(
    t.context,
    '/v1/wallets',
    JSON.stringify(Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`f${String(index)}`, 1]))),
  );
  t.is(outcome(wide), '400 invalid_request');
  t.true(Array.isArray(wide.body['errors']) && wide.body['errors'].length <= 20 && JSON.stringify(wide.body).length < 5_000);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml', 'image/png'])
    await refusedAs(t, send(t.context, '/v1/wallets', { body: '{}', headers: { 'content-type': type } }), [
      '415 unsupported_media_type',
      type,
    ]);
  for (const webhook of ['/webhooks/moyasar', '/webhooks/moyasar/settlements', `/webhooks/anb/${ANB_SECRET}`]) {
    await refusedAs(t, send(t.context, webhook, large), ['413 body_too_large', webhook]);
    await refusedAs(t, send(t.context, webhook, '['.repeat(30_000)), ['400 webhook_malformed', webhook]);
  }
});

/** Generous for a busy machine: a pattern that tries everything would take minutes over such a text, one of quadratic cost some seconds. */
const ANSWERED_MS_MAX = 2_000;

/** The answer, if it came in time. */
async function inTime(t: ExecutionContext<Context>, answer: Promise<Reply>): Promise<Reply> {
  const began = performance.now();
  const reply = await answer;
  const ms = performance.now() - began;
  t.true(ms < ANSWERED_MS_MAX, `answered after ${ms.toFixed(0)} ms`);
  return reply;
}

test.serial('texts made for slow patterns are answered as any other and in time, in every place where a text may stand', async (t) => {
  const { system, wallet } = t.context;
  const look = (path: string): Promise<Reply> => inTime(t, system.call(path, { as: 'alice' }));
  const give = (path: string, sent: string | Sent): Promise<Reply> => inTime(t, send(t.context, path, sent));
  const attacks = [
    'a'.repeat(7_000),
    '0'.repeat(7_000),
    `${'1.'.repeat(3_500)}!`,
    `${'a-'.repeat(3_500)}!`,
    `${' '.repeat(7_000)}x`,
    '"\\'.repeat(3_000),
  ];
  for (const text of attacks) {
    const escaped = encodeURIComponent(text).slice(0, 7_000).replace(/%.?$/, '');
    for (const path of [
      `/v1/wallets/${escaped}`,
      `/checkout/${escaped}`,
      `/v1/wallets/${wallet.id}/top-ups/${escaped}`,
      `/v1/wallets/${wallet.id}/transactions?cursor=${escaped}`,
    ])
      t.true([400, 404].includes((await look(path)).status), path.slice(0, 60));
    const bodies = [
      { name: text },
      { currency: text },
      { amount: text, currency: 'SAR' },
      { amount: '1.00', currency: text },
      { [text]: 1 },
    ];
    for (const body of bodies) {
      // A name of one letter among spaces is a name.
      t.true([201, 400].includes((await give('/v1/wallets', JSON.stringify(body))).status));
      t.is((await give(`/v1/wallets/${wallet.id}/top-ups`, JSON.stringify(body))).status, 400);
    }
    const printable = text.replaceAll(/[^\x21-\x7e]/g, '_');
    for (const headers of [{ authorization: `Bearer ${printable}` }, { authorization: printable }])
      t.is((await give('/v1/wallets', { body: '{}', headers })).status, 401);
    t.is(outcome(await give('/v1/wallets', { body: '{}', headers: { 'idempotency-key': printable } })), '400 idempotency_key_malformed');
    t.is((await give('/v1/wallets', { body: '{}', headers: { traceparent: printable } })).status, 201);
    t.is((await give('/v1/wallets', { body: '{}', headers: { 'content-type': printable } })).status, 415);
    t.true([400, 401].includes((await give('/webhooks/moyasar', JSON.stringify({ secret_token: text, id: text, type: text }))).status));
  }
});
