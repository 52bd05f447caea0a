import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { UnsecuredJWT, decodeJwt } from 'jose';
import { BODY_LIMIT_BYTES, call, refused, tokenOf } from './testing/served.ts';
import { withServer } from './testing/things.ts';

const good = { amount: '100.00', currency: 'SAR' };

const badBodies: [string, unknown, string, string?][] = [
  ['malformed JSON', '{"amount":', 'malformed_json'],
  ['a JSON text that is no object', '"100.00"', 'malformed_json'],
  ['an array', [], 'invalid_request'],
  ['no fields', {}, 'invalid_request'],
  ['an empty body', '', 'invalid_request'],
  ['a wrong type', { ...good, currency: 682 }, 'invalid_currency', '/currency'],
  ['an unknown field', { ...good, fee: '1.00' }, 'invalid_request', '/fee'],
  ['a prototype for a field', '{"amount":"1.00","currency":"SAR","__proto__":{"amount":"2.00"}}', 'malformed_json'],
  ['a negative amount', { ...good, amount: '-1.00' }, 'invalid_amount', '/amount'],
  ['an amount of zero', { ...good, amount: '0.00' }, 'invalid_amount', '/amount'],
  ['three decimals', { ...good, amount: '1.005' }, 'invalid_amount', '/amount'],
  ['a huge amount', { ...good, amount: '99999999999999.00' }, 'invalid_amount', '/amount'],
  ['an amount of thousands of digits', { ...good, amount: '9'.repeat(2_000) }, 'invalid_amount', '/amount'],
  ['a float amount', { ...good, amount: 100.5 }, 'invalid_amount', '/amount'],
  ['an amount in exponent notation', { ...good, amount: '1e2' }, 'invalid_amount', '/amount'],
  ['an amount with a comma', { ...good, amount: '1,000.00' }, 'invalid_amount', '/amount'],
  ['Arabic digits', { ...good, amount: '١٠٠' }, 'invalid_amount', '/amount'],
  ['an amount of null', { ...good, amount: null }, 'invalid_amount', '/amount'],
  ['a currency that is none', { ...good, currency: 'SAX' }, 'invalid_currency', '/currency'],
  ['a currency in lower case', { ...good, currency: 'sar' }, 'invalid_currency', '/currency'],
];

for (const [title, body, code, pointer] of badBodies) {
  test(`${title} is refused as ${code}`, async (t) => {
    const { url, alice } = await withServer(t);
    const got = await call(`${url}/things`, { as: alice, key: 'k1', body });
    refused(t, got, [400, code]);
    if (pointer !== undefined) t.is((got.json['errors'] as { pointer: string }[])[0]?.pointer, pointer);
  });
}

test('a good body is parsed into minor units, whatever JSON type it is sent as', async (t) => {
  const { url, alice } = await withServer(t);
  for (const type of ['application/json', 'application/json; charset=utf-8', 'application/vnd.ironwallet+json']) {
    const got = await call(`${url}/things`, { as: alice, key: 'k1', body: good, headers: { 'Content-Type': type } });
    t.is(got.status, 201, type);
    t.deepEqual(got.json, { minor: '10000', key: 'k1' });
  }
});

const badKeys: [string, string | undefined, string][] = [
  ['no Idempotency-Key', undefined, 'idempotency_key_missing'],
  ['an Idempotency-Key with a space', 'a b', 'idempotency_key_malformed'],
  ['an empty quoted Idempotency-Key', '""', 'idempotency_key_malformed'],
  ['an Idempotency-Key of 256 characters', 'k'.repeat(256), 'idempotency_key_malformed'],
  ['an Idempotency-Key that is not ASCII', 'caf\u00e9', 'idempotency_key_malformed'],
];

for (const [title, key, code] of badKeys) {
  test(`${title} is refused as ${code}`, async (t) => {
    const { url, alice } = await withServer(t);
    refused(t, await call(`${url}/things`, { as: alice, body: good, ...(key === undefined ? {} : { key }) }), [400, code]);
  });
}

test('a quoted Idempotency-Key is the same key as the bare one', async (t) => {
  const { url, alice } = await withServer(t);
  t.is((await call(`${url}/things`, { as: alice, body: good, key: '"k1"' })).json['key'], 'k1');
});

const badTokens: [string, () => Promise<Readonly<Record<string, string>>>, string][] = [
  ['no token', () => Promise.resolve({}), 'token_missing'],
  ['another scheme', () => Promise.resolve({ Authorization: 'Basic YTpi' }), 'token_missing'],
  ['an expired token', () => bearer(tokenOf('alice', { expires: '-1m' })), 'token_expired'],
  ['a token of another key', () => bearer(tokenOf('alice', { secret: 'another-secret-that-is-long-enough!!' })), 'token_invalid'],
  ['a token without a subject', () => bearer(tokenOf('')), 'token_invalid'],
  [
    'an unsigned token',
    () => bearer(Promise.resolve(new UnsecuredJWT({}).setSubject('alice').setExpirationTime('1h').encode())),
    'token_invalid',
  ],
  ['a token whose signature was cut off', () => bearer(tokenOf('alice').then((token) => token.replace(/[^.]*$/, ''))), 'token_invalid'],
  ['rubbish for a token', () => Promise.resolve({ Authorization: 'Bearer rubbish' }), 'token_invalid'],
];

async function bearer(token: Promise<string>): Promise<Readonly<Record<string, string>>> {
  return { Authorization: `Bearer ${await token}` };
}

for (const [title, headers, code] of badTokens) {
  test(`${title} is refused as ${code}, before the body is looked at`, async (t) => {
    const { url } = await withServer(t);
    const got = await call(`${url}/things`, { body: '{"broken', headers: await headers() });
    refused(t, got, [401, code]);
    t.is(got.headers.get('www-authenticate'), 'Bearer');
  });
}

test('a token that was good is refused from its own end on, and with any other signature at once', async (t) => {
  const { url } = await withServer(t);
  const token = await tokenOf('alice', { expires: '6s' });
  const ask = async (as: string): Promise<unknown[]> => {
    const { status, json } = await call(`${url}/things`, { as, key: 'k1', body: good });
    return [status, json['code']];
  };
  t.deepEqual(await ask(token), [201, undefined]);
  t.deepEqual(await ask(token), [201, undefined], 'remembered');
  t.deepEqual(await ask(`${token.slice(0, -8)}AAAAAAAA`), [401, 'token_invalid']);
  await sleep(Number(decodeJwt(token).exp) * 1_000 - Date.now() + 20);
  t.deepEqual(await ask(token), [401, 'token_expired']);
});

test('an operator needs the scope ops among the scopes of the token', async (t) => {
  const { url, alice } = await withServer(t);
  refused(t, await call(`${url}/ops/things`, { as: alice }), [403, 'scope_missing']);
  refused(t, await call(`${url}/ops/things`, { as: await tokenOf('bob', { scope: 'opsy wallets' }) }), [403, 'scope_missing']);
  t.is((await call(`${url}/ops/things`, { as: await tokenOf('bob', { scope: 'wallets ops' }) })).status, 200);
});

test('a body over the limit is refused, with its length announced or not', async (t) => {
  const { url, alice } = await withServer(t);
  const body = JSON.stringify({ ...good, more: 'x'.repeat(BODY_LIMIT_BYTES) });
  refused(t, await call(`${url}/things`, { as: alice, key: 'k1', body }), [413, 'body_too_large']);
  const headers = { Authorization: `Bearer ${alice}`, 'Content-Type': 'application/json', 'Idempotency-Key': 'k1' };
  const chunked = await fetch(`${url}/things`, { method: 'POST', headers, body: new Blob([body]).stream(), duplex: 'half' });
  t.is(chunked.status, 413);
});

test('a content type that is not JSON, and an unknown encoding, are refused', async (t) => {
  const { url, alice } = await withServer(t);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonx']) {
    const got = await call(`${url}/things`, { as: alice, key: 'k1', body: good, headers: { 'Content-Type': type } });
    refused(t, got, [415, 'unsupported_media_type']);
  }
  const encoded = await call(`${url}/things`, { as: alice, key: 'k1', body: good, headers: { 'Content-Encoding': 'zip' } });
  refused(t, encoded, [415, 'unsupported_media_type']);
});

test('where every field is optional no body is needed', async (t) => {
  const { url, alice } = await withServer(t);
  t.is((await call(`${url}/optional`, { method: 'POST', as: alice })).status, 202);
});

test('a wrong method is refused and the right ones are named', async (t) => {
  const { url, alice } = await withServer(t);
  for (const method of ['PUT', 'PATCH', 'DELETE', 'GET']) {
    const got = await call(`${url}/things`, { method, as: alice });
    refused(t, got, [405, 'method_not_allowed']);
    t.is(got.headers.get('allow'), 'POST, OPTIONS');
  }
  t.is((await call(`${url}/things/1`, { method: 'DELETE' })).headers.get('allow'), 'GET, HEAD, OPTIONS');
});

test('OPTIONS names the methods, HEAD answers as GET does without a body', async (t) => {
  const { url, alice } = await withServer(t);
  const options = await call(`${url}/things/1`, { method: 'OPTIONS' });
  t.is(options.status, 204);
  t.is(options.headers.get('allow'), 'GET, HEAD, OPTIONS');
  const head = await call(`${url}/things/1`, { method: 'HEAD', as: alice });
  t.is(head.status, 200);
  t.is(head.text, '');
  t.is((await call(`${url}/things/1`, { method: 'HEAD' })).status, 401);
  t.is((await call(`${url}/nothing`, { method: 'OPTIONS' })).status, 404);
});

test('an unknown address is refused with its path, and is no label of a metric', async (t) => {
  const { url, answered } = await withServer(t);
  const got = await call(`${url}/nothing/here`);
  refused(t, got, [404, 'route_not_found']);
  t.is(got.json['instance'], '/nothing/here');
  t.is(answered.at(-1)?.route, 'none');
});

test('malformed escapes in a path are no error of ours', async (t) => {
  const { url, alice } = await withServer(t);
  const got = await call(`${url}/things/%zz`, { as: alice });
  t.true(got.status === 200 || got.status === 400, got.text);
  refused(t, await call(`${url}/%zz`), [404, 'route_not_found']);
});

const badQueries: [string, string, string][] = [
  ['a limit of zero', 'limit=0', 'invalid_request'],
  ['a limit over the maximum', 'limit=101', 'invalid_request'],
  ['a limit that is no number', 'limit=ten', 'invalid_request'],
  ['two limits', 'limit=1&limit=2', 'invalid_request'],
  ['an unknown parameter', 'page=2', 'invalid_request'],
  ['an empty cursor', 'cursor=', 'bad_cursor'],
];

for (const [title, query, code] of badQueries) {
  test(`${title} in the query is refused as ${code}`, async (t) => {
    const { url, alice } = await withServer(t);
    refused(t, await call(`${url}/things/1?${query}`, { as: alice }), [400, code]);
  });
}

test('a bug is answered without its message, and is told to the log', async (t) => {
  const { url, failures } = await withServer(t);
  const got = await call(`${url}/broken`);
  refused(t, got, [500, 'internal_error']);
  t.false(got.text.includes('secret detail'));
  t.is(failures.length, 1);
});

test('a fault of the outside is 503 or 429 with a time to come back', async (t) => {
  const { url, failures } = await withServer(t);
  const away = await call(`${url}/away`);
  refused(t, away, [503, 'unavailable']);
  t.is(away.headers.get('retry-after'), '1');
  refused(t, await call(`${url}/full`), [429, 'mailbox_full']);
  refused(t, await call(`${url}/refused`), [409, 'not_now']);
  t.deepEqual(failures, []);
});

test('the trace of the caller is taken on, a broken one is replaced, and the answer names it', async (t) => {
  const { url, answered } = await withServer(t);
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const known = await call(`${url}/nothing`, { headers: { traceparent: `00-${trace}-b7ad6b7169203331-01` } });
  t.is(known.headers.get('trace-id'), trace);
  t.is(answered.at(-1)?.trace, trace);
  const zeros = await call(`${url}/nothing`, { headers: { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` } });
  t.regex(zeros.headers.get('trace-id') ?? '', /^[\da-f]{32}$/);
  t.is(answered.at(-1)?.trace, zeros.headers.get('trace-id') ?? '');
});

test('a method that no address knows is refused as any other', async (t) => {
  const { url, answered } = await withServer(t);
  refused(t, await call(`${url}/things`, { method: 'PROPFIND' }), [405, 'method_not_allowed']);
  t.is(answered.at(-1)?.route, 'none');
});
