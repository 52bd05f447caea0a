/** A whole IronWallet with both fakes, on servers of its own: what end-to-end tests and benches drive as a user would, over HTTP. */
import { makeToken } from '../../cli/token.ts';
import { parseConfig } from '../../cli/config.ts';
import type { Config } from '../../cli/config.ts';
import { DEVELOPMENT_SECRET } from '../../cli/development-secret.ts';
import { createLogger } from '../../cli/logger.ts';
import type { Limits } from '../../engine/limits.ts';
import { startService } from '../../main.ts';
import type { Service } from '../../main.ts';
import { startFakeAnb } from '../../mocks/anb/server.ts';
import type { FakeAnbOptions } from '../../mocks/anb/state.ts';
import { fakeAnbControl, fakeMoyasarControl } from '../../mocks/control/client.ts';
import type { FakeAnbControl, FakeMoyasarControl } from '../../mocks/control/client.ts';
import { startFakeMoyasar } from '../../mocks/moyasar/server.ts';
import type { FakeMoyasarOptions } from '../../mocks/moyasar/state.ts';
import { startMongo } from '../../mocks/servers/mongo.ts';
import type { MongoServer } from '../../mocks/servers/mongo.ts';
import { startRedis } from '../../mocks/servers/redis.ts';
import type { RedisServer } from '../../mocks/servers/redis.ts';

export const ACCOUNT = '0108000000010016';
export const WEBHOOK_SECRET = 'a-webhook-secret-of-tests';
export const ANB_SECRET = 'a-secret-path-of-tests';
export const SECRET_KEY = 'sk_test_mock';

export interface SystemOptions {
  /** Settings beside those of tests. */
  readonly env?: Readonly<Record<string, string>>;
  readonly moyasar?: FakeMoyasarOptions;
  readonly bank?: FakeAnbOptions;
  readonly limits?: Partial<Limits>;
  /** A MongoDB of its own, for tests that stop it. */
  readonly ownMongo?: boolean;
  /** False: servers and fakes only; the test starts the processes. */
  readonly service?: boolean;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // Parsed JSON of a test's own request: its fields are asserted, not trusted.
  readonly body: Record<string, unknown>;
}

export interface Request {
  readonly as?: string;
  readonly scope?: string;
  readonly key?: string;
  readonly body?: unknown;
}

export interface TestSystem {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  readonly config: Config;
  readonly redis: RedisServer;
  readonly mongo: MongoServer;
  readonly moyasar: FakeMoyasarControl;
  readonly bank: FakeAnbControl;
  readonly service: Service | null;
  call(path: string, request?: Request): Promise<Reply>;
  /** Tells both fakes where webhooks go; done for the own service. */
  webhooksTo(urls: { readonly payments: string; readonly omnibus: string }): Promise<void>;
  stop(): Promise<void>;
}

/** The environment of a process of this system. */
export function environmentOf(parts: {
  readonly redis: Pick<RedisServer, 'url'>;
  readonly mongo: Pick<MongoServer, 'url' | 'database'>;
  readonly moyasar: string;
  readonly bank: string;
}): Record<string, string> {
  return {
    NODE_ENV: 'test',
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'error',
    PORT: '0',
    REDIS_URL: parts.redis.url,
    MONGODB_URL: parts.mongo.url,
    MONGODB_DATABASE: parts.mongo.database,
    JWT_SECRET: DEVELOPMENT_SECRET,
    MOYASAR_API_URL: `${parts.moyasar}/v1`,
    MOYASAR_SECRET_KEY: SECRET_KEY,
    MOYASAR_WEBHOOK_SECRET: WEBHOOK_SECRET,
    MOYASAR_SETTLEMENT_POLL_SECONDS: '3600',
    ANB_API_URL: parts.bank,
    ANB_CLIENT_ID: 'mock-client',
    ANB_CLIENT_SECRET: 'mock-secret',
    ANB_ACCOUNT_NUMBER: ACCOUNT,
    ANB_WEBHOOK_SECRET_PATH: ANB_SECRET,
    STATEMENT_PULL_SECONDS: '1',
    SNAPSHOT_MS: '500',
    SHARDS_WALLET: '8',
    SHARDS_PAYMENTS: '4',
    SHARDS_OMNIBUS: '4',
  };
}

export function configOf(env: Readonly<Record<string, string>>): Config {
  const parsed = parseConfig(env);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.config;
}

/** Starts everything; `stop` ends everything. */
export async function startSystem(options: SystemOptions = {}): Promise<TestSystem> {
  const [redis, mongo] = await Promise.all([startRedis({ own: true }), startMongo({ own: options.ownMongo ?? false })]);
  const moyasar = await startFakeMoyasar({ secretKeys: [SECRET_KEY], webhookRetriesMs: [100, 200, 400, 800, 1600], ...options.moyasar });
  const bank = await startFakeAnb({ accounts: [{ accountNumber: ACCOUNT }], webhookRetriesMs: [100, 200, 400, 800], ...options.bank });
  const env = { ...environmentOf({ redis, mongo, moyasar: moyasar.url, bank: bank.url }), ...options.env };
  const config = configOf(env);
  const log = createLogger({ level: config.LOG_LEVEL, roles: config.ROLES });
  const service = options.service === false ? null : await startService({ config, log, limits: options.limits ?? {} });
  const control = { moyasar: fakeMoyasarControl(moyasar.url), bank: fakeAnbControl(bank.url) };
  const url = service?.url ?? '';
  const system: TestSystem = {
    ...{ url, env, config, redis, mongo, ...control, service },
    call: (path, request) => callApi(`${url}${path}`, request),
    webhooksTo: (urls) => webhooksTo(control, urls),
    async stop() {
      await service?.stop();
      await Promise.all([moyasar.close(), bank.close()]);
      await Promise.all([redis.close(), mongo.close()]);
    },
  };
  if (service !== null) await system.webhooksTo({ payments: url, omnibus: url });
  return system;
}

const PAYMENT_EVENTS = ['paid', 'failed', 'voided', 'authorized', 'captured', 'refunded', 'canceled', 'expired'].map(
  (name) => `payment_${name}`,
);

/** Tells both fakes where webhooks go. */
export async function webhooksTo(
  control: { readonly moyasar: FakeMoyasarControl; readonly bank: FakeAnbControl },
  urls: { readonly payments: string; readonly omnibus: string },
): Promise<void> {
  await control.moyasar.removeWebhooks();
  await control.bank.removeWebhooks();
  await control.moyasar.addWebhook({ url: `${urls.payments}/webhooks/moyasar`, secret: WEBHOOK_SECRET, events: PAYMENT_EVENTS });
  const settlements = { url: `${urls.omnibus}/webhooks/moyasar/settlements`, secret: WEBHOOK_SECRET, events: ['balance_transferred'] };
  await control.moyasar.addWebhook(settlements);
  await control.bank.addWebhook({ url: `${urls.omnibus}/webhooks/anb/${ANB_SECRET}` });
}

/** One request with a fresh token; POST when there is a body or a key. */
export async function callApi(url: string, { as, scope, key, body }: Request = {}): Promise<Reply> {
  const token = as === undefined ? null : await makeToken({ owner: as, scope });
  const response = await fetch(url, {
    method: body === undefined && key === undefined ? 'GET' : 'POST',
    redirect: 'manual',
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: objectOf(text) };
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Looks again until it holds; rejects after `ms` with what was seen last. */
export async function eventually<T>(look: () => Promise<T>, holds: (seen: T) => boolean, ms = 30_000): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > deadline) throw new Error(`not so after ${String(ms)} ms: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
