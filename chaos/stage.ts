/** What a round plays on: real servers, both fakes, and every role as processes of their own, each with cables to whatever it talks to. */
import { fileURLToPath } from 'node:url';
import type { Config } from '../cli/config.ts';
import { startFakeAnb } from '../mocks/anb/server.ts';
import { fakeAnbControl, fakeMoyasarControl } from '../mocks/control/client.ts';
import type { FakeAnbControl, FakeMoyasarControl } from '../mocks/control/client.ts';
import { startFakeMoyasar } from '../mocks/moyasar/server.ts';
import type { MongoServer } from '../mocks/servers/mongo.ts';
import { freePort, shortId } from '../mocks/servers/own-process.ts';
import { startRedis } from '../mocks/servers/redis.ts';
import type { RedisOptions, RedisServer } from '../mocks/servers/redis.ts';
import { startRole } from '../tests/support/processes.ts';
import type { RoleProcess } from '../tests/support/processes.ts';
import { ACCOUNT, ANB_SECRET, WEBHOOK_SECRET, configOf, environmentOf } from '../tests/support/system.ts';
import { startCable } from './cable.ts';
import type { Cable } from './cable.ts';

/** Two seconds: short enough for many rounds, long enough for a machine that does other things too. */
export const LEASE_MS = 2_000;
const WALLET_SHARDS = 16;
const SECRET_KEY = 'sk_test_mock';
const NEWER = fileURLToPath(new URL('role.js', import.meta.url));

export type Role = 'wallet' | 'gateway' | 'payments' | 'omnibus';
const ROLES: readonly Role[] = ['wallet', 'wallet', 'gateway', 'gateway', 'payments', 'omnibus'];

/** A process that is started again under the same name, port and cables, as a supervisor would. */
export interface Part {
  readonly name: string;
  readonly role: Role;
  /** Where others reach it: through its front cable. */
  readonly url: string;
  /** To it, and from it to the servers. */
  readonly cables: Readonly<Record<'front' | 'redis' | 'mongo' | 'moyasar' | 'bank', Cable>>;
  readonly process: () => RoleProcess;
  kill(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** Starts it again; with `rules` the rules of every kind are so many versions newer than the product's. */
  start(rules?: number): Promise<void>;
}

/** What the load and the reconciliation need to know of it, whatever the form of Redis. */
export interface Outside {
  readonly bank: FakeAnbControl;
  readonly moyasar: FakeMoyasarControl;
  of(role: Role): readonly Pick<Part, 'url'>[];
}

export interface Stage extends Outside {
  readonly redis: RedisServer;
  /** Of Redis, where a fault asked for one that it knows. */
  readonly dataFolder: string | null;
  readonly mongo: MongoServer;
  /** Straight to the servers, past all cables: for whoever looks. */
  readonly config: Config;
  readonly parts: readonly Part[];
  of(role: Role): readonly Part[];
  /** How much newer than the product's the rules of the processes may be by now. */
  rules: number;
  /** What every process has said, by name. */
  logs(): ReadonlyMap<string, string>;
  stop(): Promise<void>;
}

export interface StageOptions {
  readonly mongo: MongoServer;
  readonly redis?: RedisOptions;
}

export async function startStage({ mongo, redis: redisOptions = {} }: StageOptions): Promise<Stage> {
  const redis = await startRedis({ ...redisOptions, own: true });
  const retries = [100, 200, 400, 800, 1600];
  const moyasar = await startFakeMoyasar({ secretKeys: [SECRET_KEY], webhookRetriesMs: retries, webhookTimeoutMs: 3_000 });
  const bank = await startFakeAnb({
    accounts: [{ accountNumber: ACCOUNT }],
    webhookRetriesMs: retries,
    webhookTimeoutMs: 3_000,
    pageSizeMax: 100,
  });
  const database = `${mongo.database}_${shortId()}`;
  const direct = {
    ...environmentOf({ redis, mongo: { url: mongo.url, database }, moyasar: moyasar.url, bank: bank.url }),
    ...{ LOG_LEVEL: 'info', LEASE_MS: String(LEASE_MS), SHARDS_WALLET: String(WALLET_SHARDS), STATEMENT_PAGE_SIZE: '100' },
    ...{ MOYASAR_POLL_SECONDS: '2', MOYASAR_SETTLEMENT_POLL_SECONDS: '3' },
  };
  const control = { bank: fakeAnbControl(bank.url), moyasar: fakeMoyasarControl(moyasar.url) };
  const targets = { redis: portOf(redis.url), mongo: portOf(mongo.url), moyasar: portOf(moyasar.url), bank: portOf(bank.url) };
  const parts = await wired(targets, direct);
  const of = (role: Role): Part[] => parts.filter((part) => part.role === role);
  await Promise.all(parts.map((part) => part.start()));
  await tellOfWebhooks(control, { payments: of('payments')[0]?.url ?? '', omnibus: of('omnibus')[0]?.url ?? '' });
  return {
    ...{ redis, dataFolder: redisOptions.dataFolder ?? null, mongo, config: configOf(direct), ...control, parts, of, rules: 0 },
    logs: () => new Map(parts.map((part) => [part.name, part.log()])),
    async stop() {
      await Promise.all(parts.map((part) => part.close()));
      await Promise.all([moyasar.close(), bank.close()]);
      await redis.close();
    },
  };
}

type Targets = Readonly<Record<'redis' | 'mongo' | 'moyasar' | 'bank', number>>;
type Variables = Readonly<Record<string, string>>;

interface OwnPart extends Part {
  log(): string;
  close(): Promise<void>;
}

async function wired(targets: Targets, direct: Variables): Promise<OwnPart[]> {
  const made: Omit<Wiring, 'env'>[] = [];
  for (const [index, role] of ROLES.entries()) {
    const name = `${role}-${String(ROLES.slice(0, index).filter((other) => other === role).length + 1)}`;
    const port = await freePort();
    const cable = (to: string, target: number): Promise<Cable> => startCable(`${name}>${to}`, target);
    const [redis, mongo, moyasar, bank, front] = await Promise.all([
      cable('redis', targets.redis),
      cable('mongo', targets.mongo),
      cable('moyasar', targets.moyasar),
      cable('bank', targets.bank),
      startCable(`clients>${name}`, port),
    ]);
    made.push({ name, role, port, cables: { redis, mongo, moyasar, bank, front } });
  }
  const publicUrl = local(made.find(({ role }) => role === 'payments')?.cables.front.port ?? 0);
  return made.map((wiring) => partOf({ ...wiring, env: { ...throughCables(direct, wiring.cables), PUBLIC_URL: publicUrl } }));
}

function throughCables(direct: Variables, { redis, mongo, moyasar, bank }: Part['cables']): Variables {
  return {
    ...direct,
    REDIS_URL: `redis://127.0.0.1:${String(redis.port)}`,
    MONGODB_URL: `mongodb://127.0.0.1:${String(mongo.port)}`,
    MOYASAR_API_URL: `${local(moyasar.port)}/v1`,
    ANB_API_URL: local(bank.port),
  };
}

interface Wiring extends Pick<Part, 'name' | 'role' | 'cables'> {
  readonly port: number;
  readonly env: Variables;
}

function partOf({ name, role, cables, port, env }: Wiring): OwnPart {
  let running: RoleProcess | null = null;
  let said = '';
  const process = (): RoleProcess => {
    if (running === null) throw new Error(`${name} was never started`);
    return running;
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (running === null) return;
    await running.end(signal);
    said += running.log();
    running = null;
  };
  return {
    ...{ name, role, cables, process, url: local(cables.front.port), log: () => said + (running?.log() ?? '') },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async start(rules = 0) {
      const newer = rules === 0 ? {} : { program: NEWER };
      running = await startRole({ role, port, env: { ...env, CHAOS_RULES: String(rules) }, ...newer });
    },
    async close() {
      await end('SIGKILL');
      await Promise.all(Object.values(cables).map((cable) => cable.close()));
    },
  };
}

const PAYMENT_EVENTS = ['paid', 'failed', 'voided', 'authorized', 'captured', 'refunded', 'canceled', 'expired'].map(
  (one) => `payment_${one}`,
);

async function tellOfWebhooks(
  { bank, moyasar }: Pick<Stage, 'bank' | 'moyasar'>,
  urls: { readonly payments: string; readonly omnibus: string },
): Promise<void> {
  const secret = WEBHOOK_SECRET;
  await moyasar.addWebhook({ url: `${urls.payments}/webhooks/moyasar`, secret, events: PAYMENT_EVENTS });
  await moyasar.addWebhook({ url: `${urls.omnibus}/webhooks/moyasar/settlements`, secret, events: ['balance_transferred'] });
  await bank.addWebhook({ url: `${urls.omnibus}/webhooks/anb/${ANB_SECRET}` });
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function local(port: number): string {
  return `http://127.0.0.1:${String(port)}`;
}
