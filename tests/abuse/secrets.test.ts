/** Whole processes at log level trace, with planted secrets and providers that say everything back: nothing of it is in what they print. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import test from 'ava';
import { Redis } from 'ioredis';
import { SignJWT } from 'jose';
import { startRedis } from '../../mocks/servers/redis.ts';
import { nextKey } from '../support/story.ts';
import { startRole } from '../support/processes.ts';
import type { RoleProcess } from '../support/processes.ts';
import { callApi, environmentOf, eventually, startSystem } from '../support/system.ts';
import type { TestSystem } from '../support/system.ts';
import { raw, times } from './support.ts';

const ROLES = 'gateway,wallet,payments,omnibus';
const PLANTED = {
  JWT_SECRET: 'planted-jwt-secret-of-more-than-32-chars',
  MOYASAR_SECRET_KEY: 'sk_test_planted4provider',
  MOYASAR_WEBHOOK_SECRET: 'planted-"webhook"-secret',
  ANB_CLIENT_SECRET: 'planted+bank&secret',
  ANB_WEBHOOK_SECRET_PATH: 'planted-path-secret-of-the-bank',
} as const;
const REDIS_PASSWORD = 'planted-redis-password';
const MONGO_PASSWORD = 'planted-mongo-password';
const CARD = '4111111111111111';
const CARD_SPACED = '5555 5555 5555 4444';
const BANK_TOKEN = 'planted-bearer-of-the-bank';
const ID = 'planted-client-of-the-bank';

/** Every shape in which a secret may come along. */
function shapes(secret: string): string[] {
  const base64 = (text: string): string => Buffer.from(text).toString('base64').replaceAll('=', '');
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64(secret), base64(`${secret}:`)];
}

function leaks(output: string, secrets: readonly string[]): string[] {
  return secrets.flatMap(shapes).flatMap((shape) => output.split('\n').filter((line) => line.includes(shape)));
}

/** A provider at its worst: says back what it was told, in every way there is to fail. */
async function startEcho(): Promise<{ readonly url: string; readonly paths: Set<string>; close(): Promise<void> }> {
  const paths = new Set<string>();
  let calls = 0;
  const server = createServer((request, response) => void echo(request, response));
  async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    paths.add(request.url ?? '');
    calls += 1;
    const said = `${request.headers.authorization ?? ''} ${body} ${decodeURIComponent(body.replaceAll('+', ' '))} ${CARD} ${CARD_SPACED}`;
    if (request.url?.includes('oauth') === true && calls % 2 === 0) {
      response.end(JSON.stringify({ access_token: BANK_TOKEN, expires_in: '3600', token_type: 'Bearer' }));
      return;
    }
    const ways = [
      () => response.writeHead(500).end(said),
      () => response.writeHead(401).end(JSON.stringify({ message: said, error: said, errors: { [said]: [said] } })),
      () => response.writeHead(400).end(JSON.stringify({ type: 'invalid_request_error', message: said })),
      () => response.end(said),
      () => response.end(JSON.stringify({ id: said, status: said, [said]: said })),
      () => response.writeHead(429, { 'retry-after': '0' }).end(said),
      () => response.destroy(),
    ];
    ways[Math.floor(calls / 2) % ways.length]?.();
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { url: `http://127.0.0.1:${String(port)}`, paths, close };
}

interface Claims {
  readonly secret?: string;
  readonly expires?: string;
  readonly scope?: string;
}

function tokenOf(subject: string, { secret = PLANTED.JWT_SECRET, expires = '1h', scope = '' }: Claims = {}): Promise<string> {
  const token = new SignJWT({ scope }).setProtectedHeader({ alg: 'HS256' }).setSubject(subject).setExpirationTime(expires);
  return token.sign(new TextEncoder().encode(secret));
}

async function post(url: string, token: string, body: string): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': nextKey() };
  const response = await fetch(url, { method: 'POST', headers, body });
  return JSON.parse(await response.text()) as Record<string, unknown>;
}

/** All that a client, a provider and an attacker can say wrong; returns the tokens it used. */
async function misbehave(url: string): Promise<string[]> {
  const alice = await tokenOf('alice');
  const tokens = [alice, await tokenOf('alice', { expires: '-1h' }), await tokenOf('alice', { secret: `${PLANTED.JWT_SECRET}!` })];
  for (const token of tokens) await fetch(`${url}/v1/wallets?token=${token}`, { headers: { authorization: `Bearer ${token}` } });
  for (const body of [`{"name":"${CARD}",}`, `{"${CARD}":1}`, `"${CARD}"`, CARD_SPACED]) await post(`${url}/v1/wallets`, alice, body);
  const wallet = await post(`${url}/v1/wallets`, alice, JSON.stringify({ name: CARD_SPACED }));
  const topUp = { amount: '10.00', currency: 'SAR', description: `card ${CARD}` };
  await post(`${url}/v1/wallets/${String(wallet['id'])}/top-ups`, alice, JSON.stringify(topUp));
  const olga = await tokenOf('olga', { scope: 'ops' });
  await post(`${url}/ops/v1/statements/pull`, olga, '{}');
  await fetch(`${url}/ops/v1/actors/virtual-account:${CARD}`, { headers: { authorization: `Bearer ${olga}` } });
  const event = {
    id: CARD,
    type: 'payment_paid',
    secret_token: PLANTED.MOYASAR_WEBHOOK_SECRET,
    live: false,
    data: { id: CARD, number: CARD },
  };
  for (const body of [
    event,
    { ...event, secret_token: `${event.secret_token}!` },
    { ...event, data: CARD },
    { ...event, type: 'constructor' },
  ]) {
    await callApi(`${url}/webhooks/moyasar`, { body });
    await callApi(`${url}/webhooks/moyasar/settlements`, { body: { ...body, type: 'balance_transferred' } });
  }
  for (const body of [{ type: 'statement.created', payload: CARD }, CARD]) {
    await callApi(`${url}/webhooks/anb/${PLANTED.ANB_WEBHOOK_SECRET_PATH}`, { body });
    await callApi(`${url}/webhooks/anb/${PLANTED.ANB_WEBHOOK_SECRET_PATH}x`, { body });
  }
  await raw(url, `GET /v1/wallets HTTP/1.1\r\nAuthorization: Bearer ${alice}\r\nBroken ${CARD}\r\n\r\n`);
  return [...tokens, olga];
}

function planted(system: TestSystem, echo: string): Record<string, string> {
  const redis = new URL(system.redis.url);
  redis.username = 'planted';
  redis.password = REDIS_PASSWORD;
  const providers = { MOYASAR_API_URL: `${echo}/v1`, ANB_API_URL: echo, ANB_CLIENT_ID: ID };
  return { ...system.env, ...PLANTED, ...providers, REDIS_URL: redis.href, LOG_LEVEL: 'trace' };
}

async function withPassword(url: string): Promise<Redis> {
  const redis = new Redis(url);
  await redis.call('ACL', 'SETUSER', 'planted', 'on', `>${REDIS_PASSWORD}`, '~*', '&*', '+@all');
  return redis;
}

test('no secret, token or card number is in anything that a process prints, whatever goes wrong around it', async (t) => {
  const system = await startSystem({ service: false });
  const echo = await startEcho();
  const redis = await withPassword(system.redis.url);
  const service = await startRole({ role: ROLES, env: planted(system, echo.url), eager: true });
  t.teardown(async () => {
    await service.end('SIGKILL');
    await Promise.all([echo.close(), redis.quit()]);
    await system.stop();
  });
  await says(service, /^serving /m);
  const tokens = await misbehave(service.url);
  // Both providers have failed in every way, and their failures were logged.
  await says(service, /an effect failed/g, 12);
  await eventually(
    () => Promise.resolve([...echo.paths].join(' ')),
    (paths) => paths.includes('/v1/invoices') && paths.includes('/statement') && paths.includes('accesstoken'),
  );
  await redis.call('ACL', 'SETUSER', 'planted', 'resetpass', '>another-password');
  await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'USER', 'planted');
  await says(service, /WRONGPASS/);
  await times(3, () => fetch(`${service.url}/v1/wallets`, { headers: { authorization: `Bearer ${tokens[0] ?? ''}` } }));
  await service.end('SIGKILL');
  const secrets = [
    ...Object.values(PLANTED),
    REDIS_PASSWORD,
    BANK_TOKEN,
    CARD,
    CARD_SPACED,
    ...tokens,
    ...tokens.map((one) => one.split('.')[2] ?? ''),
  ];
  t.true(service.log().length > 1_000);
  t.deepEqual(leaks(service.log(), secrets), []);
});

async function says(role: RoleProcess, sign: RegExp, often = 1): Promise<void> {
  await eventually(
    () => Promise.resolve(role.log()),
    (log) => (log.match(sign)?.length ?? 0) >= often,
    60_000,
  );
}

/** A process that cannot start: what it says until it says so. */
async function failing(env: Readonly<Record<string, string>>, sign: RegExp): Promise<string> {
  const one: RoleProcess = await startRole({ role: ROLES, env: { ...env, LOG_LEVEL: 'trace' }, eager: true });
  await says(one, sign);
  await one.end('SIGKILL');
  return one.log();
}

test('a process that cannot start says why without a secret', async (t) => {
  const redis = await startRedis({ own: true });
  t.teardown(() => redis.close());
  const none = 'http://127.0.0.1:9';
  const at = new URL(redis.url).host;
  const mongo = { url: `mongodb://planted:${MONGO_PASSWORD}@127.0.0.1:9/?serverSelectionTimeoutMS=300`, database: 'planted' };
  const good = { ...environmentOf({ redis, mongo, moyasar: none, bank: none }), ...PLANTED };
  const wrong = Object.fromEntries(Object.keys(PLANTED).map((name) => [name, `=planted`]));
  const outputs = await Promise.all([
    failing(good, /waits for MongoDB/),
    failing({ ...good, REDIS_URL: `redis://planted:${REDIS_PASSWORD}@${at}` }, /waits for Redis/),
    failing({ ...good, MONGODB_URL: `${mongo.url}&planted=${MONGO_PASSWORD}` }, /not supported/),
    failing(
      { ...good, ...wrong, REDIS_URL: `planted:${REDIS_PASSWORD}`, MONGODB_URL: MONGO_PASSWORD },
      /Configuration: ANB_WEBHOOK_SECRET_PATH/,
    ),
  ]);
  const secrets = [...Object.values(PLANTED), REDIS_PASSWORD, MONGO_PASSWORD, '=planted'];
  for (const output of outputs) t.deepEqual(leaks(output, secrets), []);
});
