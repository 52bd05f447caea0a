/** Another owner's ids on every route that takes one: the routes come from the OpenAPI document, so that a new one is looked at by itself. */
import anyTest from 'ava';
import type { ExecutionContext, TestFn } from 'ava';
import { makeToken } from '../../cli/token.ts';
import { askTopUp, field, nextKey, openWallet } from '../support/story.ts';
import type { TopUp, Wallet } from '../support/story.ts';
import { callApi, eventually, startSystem } from '../support/system.ts';
import type { Reply, TestSystem } from '../support/system.ts';
import { outcome } from './support.ts';

interface Context {
  readonly system: TestSystem;
  readonly routes: readonly Route[];
  readonly alice: Wallet;
  readonly topUp: TopUp;
  readonly bob: Wallet;
}

interface Route {
  readonly method: string;
  readonly path: string;
  readonly ids: readonly string[];
  /** A body that its schema takes, null where it has none. */
  readonly body: unknown;
}

const test = anyTest as TestFn<Context>;

test.before(async (t) => {
  const system = await startSystem();
  t.context = {
    system,
    routes: [],
    alice: { owner: '', id: '', iban: '' },
    topUp: { id: '', invoiceId: '' },
    bob: { owner: '', id: '', iban: '' },
  };
  const [alice, bob] = [await openWallet(system, 'alice'), await openWallet(system, 'bob')];
  const routes = routesOf((await system.call('/openapi.json')).body);
  t.context = { system, routes, alice, bob, topUp: await askTopUp(system, alice) };
});

test.after.always((t) => t.context.system.stop());

/** Every operation of the document. */
function routesOf(document: unknown): Route[] {
  const paths = Object.entries(field(document, 'paths') ?? {}) as [string, unknown][];
  return paths.flatMap(([path, operations]) =>
    Object.entries(operations ?? {}).map(([method, operation]) => ({
      ...{ method, path },
      ids: [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name),
      body: sampleOf(field(operation, 'requestBody', 'content', 'application/json', 'schema')),
    })),
  );
}

const SAMPLES: Readonly<Record<string, unknown>> = { amount: '1.00', currency: 'SAR' };

/** Required fields only; one that no schema type explains is in SAMPLES. */
function sampleOf(schema: unknown): unknown {
  if (schema === undefined) return null;
  const required = field(schema, 'required');
  const names = Array.isArray(required) ? required.map(String) : [];
  return Object.fromEntries(names.map((name) => [name, SAMPLES[name] ?? 'x']));
}

function own({ routes }: Context): Route[] {
  return routes.filter(({ path, ids }) => path.startsWith('/v1/') && ids.length > 0);
}

/** The request that a route stands for, with these ids in its path; event streams are not read. */
async function request({ system }: Context, route: Route, { as, ids }: { readonly as: string; readonly ids: Ids }): Promise<Reply> {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(ids[name] ?? `no-id-for-${name}`));
  if (!path.endsWith('/events')) return system.call(path, { as, ...(route.method === 'get' ? {} : { key: nextKey(), body: route.body }) });
  const controller = new AbortController();
  const headers = { authorization: `Bearer ${await makeToken({ owner: as })}` };
  const response = await fetch(`${system.url}${path}`, { headers, signal: controller.signal });
  const body = response.status === 200 ? {} : ((await response.json()) as Record<string, unknown>);
  controller.abort();
  return { status: response.status, headers: response.headers, body };
}

type Ids = Readonly<Record<string, string>>;

/** All that a caller can learn of a refusal but the address, which is their own. */
function told({ status, body }: Reply): unknown {
  return { status, ...body, instance: '' };
}

const NOBODYS: Ids = { walletId: '123179999999999', topUpId: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' };

test('every route of a client that takes an id answers its owner, and tells anybody else what it tells of ids that nobody has', async (t) => {
  const { alice, topUp, bob } = t.context;
  const routes = own(t.context);
  t.true(routes.length >= 7, 'the document has the routes');
  for (const route of routes) {
    const ids = { walletId: alice.id, topUpId: topUp.id };
    const name = `${route.method} ${route.path}`;
    const mine = await request(t.context, route, { as: alice.owner, ids });
    t.true(mine.status < 300, `${name} is not answered to its owner: give SAMPLES or the ids what it needs: ${JSON.stringify(mine.body)}`);
    const theirs = await request(t.context, route, { as: bob.owner, ids });
    const nobodys = await request(t.context, route, { as: bob.owner, ids: NOBODYS });
    t.is(theirs.status, 404, name);
    t.deepEqual(told(theirs), told(nobodys), `${name} tells strangers that the id exists`);
    await mixed(t, route, { ...ids, walletId: bob.id });
  }
});

/** One's own wallet does not open what is somebody else's in it. */
async function mixed(t: ExecutionContext<Context>, route: Route, ids: Ids): Promise<void> {
  if (route.ids.length < 2) return;
  const got = await request(t.context, route, { as: t.context.bob.owner, ids });
  const nobodys = await request(t.context, route, { as: t.context.bob.owner, ids: { ...NOBODYS, walletId: t.context.bob.id } });
  t.is(got.status, 404, route.path);
  t.deepEqual(told(got), told(nobodys), route.path);
}

test('another spelling of a wallet’s id is not that wallet, and nobody’s to see', async (t) => {
  const { system, alice, bob } = t.context;
  const { id } = alice;
  const spellings = [`${id}%20`, `%20${id}`, `${id}%00`, `0${id}`, `+${id}`, `${id}.0`, `${id}%2f..%2f${bob.id}`, `${bob.id}%2f..%2f${id}`];
  const others = [
    `virtual-account:${id}`,
    `${id}:${bob.id}`,
    `${id},${bob.id}`,
    id.replace('1', '%D9%A1'),
    alice.iban,
    '*',
    '%2a',
    '%5b%5d',
    '..',
    '.',
  ];
  for (const spelling of [...spellings, ...others]) {
    for (const owner of [alice.owner, bob.owner]) {
      const got = await system.call(`/v1/wallets/${spelling}`, { as: owner });
      // What the client's URL parser resolves by itself is the list of one's own.
      if (got.status === 200) t.is(JSON.stringify(got.body).includes(id), owner === alice.owner, spelling);
      else t.is(got.status, 404, `${spelling}: ${JSON.stringify(got.body)}`);
    }
  }
});

test('a subject that looks like another’s, or like a part of the machine, has wallets of its own only', async (t) => {
  const { system, alice } = t.context;
  const near = [
    'Alice',
    'alice ',
    ' alice',
    'alice\u0000',
    'alice/',
    'alice/..',
    '../alice',
    'alice%20',
    '%61lice',
    'alice:1',
    'owner:alice',
    'аlice',
  ];
  const parts = [
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '{"$gt":""}',
    '$where',
    '*',
    '{w1}',
    'a}b{c',
    'a\r\nb',
    '😀'.repeat(100),
  ];
  for (const owner of [...near, ...parts]) {
    t.deepEqual((await system.call('/v1/wallets', { as: owner })).body['items'], [], owner);
    t.is(outcome(await system.call(`/v1/wallets/${alice.id}`, { as: owner })), '404 wallet_not_found', owner);
  }
  for (const owner of parts) {
    const { id } = await openWallet(system, owner);
    const { body } = await eventually(
      () => system.call('/v1/wallets', { as: owner }),
      ({ body: seen }) => field(seen, 'items', 0, 'asOf') !== null,
    );
    t.is(field(body, 'items', 0, 'id'), id, owner);
    t.is(field(body, 'items', 1), undefined, owner);
    t.is(field((await system.call(`/ops/v1/wallets/${id}`, { as: 'olga', scope: 'ops' })).body, 'owner'), owner);
  }
});

test('no route of operators is open to a client, whatever its token calls itself', async (t) => {
  const { system, routes, alice } = t.context;
  const operators = routes.filter(({ path }) => path.startsWith('/ops/'));
  t.true(operators.length >= 15);
  for (const route of operators) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, alice.id);
    for (const scope of [undefined, '', 'OPS', 'ops:read', 'xops', 'ops,admin', 'admin']) {
      const body = route.method === 'get' ? {} : { key: nextKey(), body: route.body ?? {} };
      const got = await system.call(path, { as: alice.owner, ...(scope === undefined ? {} : { scope }), ...body });
      t.is(outcome(got), '403 scope_missing', `${route.path} with ${String(scope)}`);
    }
  }
});

test('what is open without a token is known, and nothing else is', async (t) => {
  const { system, routes } = t.context;
  const open = ['/checkout/{topUpId}', '/docs', '/livez', '/metrics', '/openapi.json', '/readyz', '/webhooks/anb/{secret}'];
  const known = new Set([...open, '/webhooks/moyasar', '/webhooks/moyasar/settlements']);
  for (const { path, method, body } of routes) {
    if (known.has(path)) continue;
    const got = await callApi(`${system.url}${path.replaceAll(/[{}]/g, '')}`, method === 'get' ? {} : { key: nextKey(), body: body ?? {} });
    t.is(outcome(got), '401 token_missing', path);
  }
});
