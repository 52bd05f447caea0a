import test from 'ava';
import { call, refused, until } from './testing/served.ts';
import { run } from './testing/system.ts';

type Json = Readonly<Record<string, unknown>>;

test.serial('a process is alive while it answers', async (t) => {
  const { url } = await run(t, { worker: false });
  t.like(await call(`${url}/livez`), { status: 200, json: { status: 'alive' } });
});

test.serial(
  'ready says why not: stopping, Redis away, snapshots behind or own shards that do not move are 503; MongoDB or a role away or late is degraded',
  async (t) => {
    const { url, health } = await run(t, { worker: false });
    const look = async () => {
      const { status, json } = await call(`${url}/readyz`);
      return [status, json['status'], json['why']];
    };
    t.deepEqual(await look(), [200, 'ready', []]);
    health.mongo = false;
    t.deepEqual(await look(), [200, 'degraded', ['mongo_away']]);
    health.waitsFor = ['wallet'];
    t.deepEqual(await look(), [200, 'degraded', ['mongo_away', 'no_wallet']]);
    health.lateRoles = ['wallet'];
    t.deepEqual(await look(), [200, 'degraded', ['mongo_away', 'no_wallet', 'late_wallet']]);
    health.lateRoles = [];
    health.stuckShards = ['w1'];
    t.deepEqual(await look(), [503, 'unavailable', ['not_progressing', 'mongo_away', 'no_wallet']]);
    health.stuckShards = [];
    health.snapshotLagMs = 60_001;
    t.deepEqual(await look(), [503, 'unavailable', ['snapshot_lag', 'mongo_away', 'no_wallet']]);
    health.redis = false;
    health.stopping = true;
    t.deepEqual((await look()).slice(0, 2), [503, 'unavailable']);
  },
);

test.serial('metrics have the figures of the engine and of HTTP, with patterns for routes', async (t) => {
  const running = await run(t);
  await running.say('break:chargeback:x', 'CloseBreak', { because: 'test' });
  await call(`${running.url}/nothing/here`);
  await call(`${running.url}/ops/v1/breaks/some-id`);
  await until(async () => (await call(`${running.url}/metrics`)).text.includes('ironwallet_entries_total{kind="break"} 1'));
  const { status, text, headers } = await call(`${running.url}/metrics`);
  t.is(status, 200);
  t.regex(headers.get('content-type') ?? '', /^text\/plain/);
  t.true(text.includes('ironwallet_http_requests_total{method="GET",route="none",status="404"} 1'));
  t.true(text.includes('ironwallet_http_requests_total{method="GET",route="/ops/v1/breaks/:breakId",status="401"} 1'));
  t.true(text.includes('# TYPE ironwallet_commit_ms histogram'));
  t.false(text.includes('some-id'));
});

test.serial('the OpenAPI document is sound: every address once, every reference resolved, every operation complete', async (t) => {
  const { url } = await run(t, { worker: false });
  const { json: document } = await call(`${url}/openapi.json`);
  t.is(document['openapi'], '3.1.0');
  const ids = new Set<unknown>();
  for (const [path, item] of Object.entries(document['paths'] as Readonly<Record<string, Readonly<Record<string, Json>>>>)) {
    for (const operation of Object.values(item)) {
      ids.add(operation['operationId']);
      const parameters = operation['parameters'] as readonly Json[];
      const named = parameters.filter((one) => one['in'] === 'path').map((one) => one['name']);
      t.deepEqual(named.sort(), [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort(), path);
      t.true(
        typeof operation['summary'] === 'string' && Object.keys(operation['responses'] as Json).some((status) => /^[23]\d\d$/.test(status)),
      );
    }
  }
  const operations = Object.values(document['paths'] as Readonly<Record<string, Json>>).flatMap((item) => Object.keys(item));
  t.is(ids.size, operations.length, 'every operation has an id of its own');
  t.deepEqual(unresolved(document), []);
});

function unresolved(document: Json): string[] {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1] ?? '');
  return references.filter((reference) => {
    let at: unknown = document;
    for (const part of reference.split('/')) at = typeof at === 'object' && at !== null ? (at as Json)[part] : undefined;
    return at === undefined;
  });
}

const ADDRESSES = [
  ...['POST /v1/wallets', 'GET /v1/wallets', 'GET /v1/wallets/{walletId}', 'GET /v1/wallets/{walletId}/funding-instructions'],
  ...['POST /v1/wallets/{walletId}/top-ups', 'GET /v1/wallets/{walletId}/top-ups/{topUpId}', 'GET /v1/wallets/{walletId}/fund-requests'],
  ...['GET /v1/wallets/{walletId}/transactions', 'GET /v1/wallets/{walletId}/events', 'GET /checkout/{topUpId}'],
  ...['POST /webhooks/moyasar', 'POST /webhooks/moyasar/settlements', 'POST /webhooks/anb/{secret}'],
  ...['GET /ops/v1/statements', 'POST /ops/v1/statements/pull', 'GET /ops/v1/statements/{date}', 'GET /ops/v1/position'],
  ...['GET /ops/v1/settlements', 'GET /ops/v1/settlements/{document}', 'POST /ops/v1/settlements/{document}/fetch'],
  ...['GET /ops/v1/breaks', 'GET /ops/v1/breaks/{breakId}', 'POST /ops/v1/breaks/{breakId}/assign'],
  ...['POST /ops/v1/breaks/{breakId}/comments', 'POST /ops/v1/breaks/{breakId}/resolve', 'GET /ops/v1/wallets/{walletId}'],
  ...['POST /ops/v1/wallets/{walletId}/debits', 'POST /ops/v1/wallets/{walletId}/status', 'GET /ops/v1/actors/{actorId}'],
  ...['GET /ops/v1/actors/parked', 'POST /ops/v1/actors/{actorId}/resume', 'POST /ops/v1/actors/{actorId}/skip'],
  ...['GET /ops/v1/dead-letters', 'GET /livez', 'GET /readyz', 'GET /metrics'],
];

test.serial('the OpenAPI document has the whole public contract', async (t) => {
  const { url } = await run(t, { worker: false });
  const { json: document } = await call(`${url}/openapi.json`);
  const found = Object.entries(document['paths'] as Readonly<Record<string, Json>>).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  t.deepEqual(found.sort(), [...ADDRESSES].sort());
});

test.serial('the page shows every address, runs no script and loads nothing', async (t) => {
  const { url } = await run(t, { worker: false });
  const { status, text, headers } = await call(`${url}/docs`);
  t.is(status, 200);
  t.is(headers.get('content-type'), 'text/html; charset=utf-8');
  t.regex(headers.get('content-security-policy') ?? '', /default-src 'none'/);
  for (const address of ADDRESSES) t.true(text.includes(`<code>${address.split(' ')[1] ?? ''}</code>`), address);
  t.notRegex(text, /<script|src=|@import|url\(/);
  t.regex(text, /assign_to_wallet/);
});

test.serial('a health address knows its methods as any other', async (t) => {
  const { url } = await run(t, { worker: false });
  refused(t, await call(`${url}/livez`, { method: 'POST' }), [405, 'method_not_allowed']);
  t.is((await call(`${url}/livez`, { method: 'HEAD' })).status, 200);
});
