// What a demo runs: Redis, MongoDB, both fakes, and the four roles as four processes of their own. All gone when it ends, however it ends.
import { startMongo } from '../../mocks/servers/mongo.ts';
import { dieTogether, freePort, removeFolder, temporaryFolder } from '../../mocks/servers/own-process.ts';
import { startRedis } from '../../mocks/servers/redis.ts';
import { connectRedis, disconnect } from '../../providers/redis/connect.ts';
import { DEVELOPMENT_SECRET } from '../development-secret.ts';
import { DEVELOPMENT_ACCOUNT } from '../mocks.ts';
import { say } from '../text.ts';
import { startChild } from './children.ts';
import type { Child } from './children.ts';

export interface DemoSystem {
  readonly gateway: string;
  readonly omnibus: string;
  readonly moyasar: string;
  readonly bank: string;
  /** The environment of the operators' commands. */
  readonly env: Variables;
  /** What the processes said last, each line after its process' name. */
  lastLines(): readonly string[];
  stop(): Promise<void>;
}

type Variables = Readonly<Record<string, string>>;

const WEBHOOK_SECRET = 'demo-webhook-secret';
const ANB_SECRET_PATH = 'demo-secret-webhook-path';
const LINES_EACH = 5;
/** What is to be stopped, in the order of its start. */
type Stops = (() => Promise<unknown>)[];

/** Starts everything; says in a line each what serves. What was started is stopped again when the rest does not start. */
export async function startDemoSystem(gatewayPort: number): Promise<DemoSystem> {
  const stops: Stops = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    return { ...(await startAll(gatewayPort, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(gatewayPort: number, stops: Stops): Promise<Omit<DemoSystem, 'stop'>> {
  const folder = logFolder(stops);
  const [redis, mongo] = await Promise.all([startRedis(), startMongo()]);
  stops.push(() => Promise.all([redis.close(), mongo.close()]));
  if (redis.kind === 'external') await mustBeEmpty(redis.url);
  say(redis.describe);
  say(mongo.describe);
  const [payments, omnibus, wallet] = await Promise.all([freePort(), freePort(), freePort()]);
  const ports = { wallet, payments, omnibus, gateway: gatewayPort };
  const urls = { gateway: local(gatewayPort), payments: local(payments), omnibus: local(omnibus) };
  const secrets = secretsOf(urls);
  const fakes = await startFakes(secrets, folder);
  stops.push(() => endAll(fakes));
  const [moyasar, bank] = [fakes[0]?.url ?? '', fakes[1]?.url ?? ''];
  say(`Fake Moyasar at ${moyasar}, fake bank at ${bank}: they speak the providers' wire formats.`);
  const servers = { REDIS_URL: redis.url, MONGODB_URL: mongo.url, MONGODB_DATABASE: mongo.database };
  const env = { ...secrets, ...servers, ...settings({ moyasar, bank, publicUrl: urls.gateway }) };
  const roles = await startRoles(ports, env, folder);
  stops.push(() => endAll(roles));
  say(`Four processes serve: ${roles.map(({ name, url }) => `${name} ${url}`).join(', ')}.`);
  say(`Their logs: ${folder}`);
  const lastLines = (): string[] =>
    [...fakes, ...roles].flatMap((child) => child.lastLines(LINES_EACH).map((line) => `${child.name}: ${line}`));
  return { ...{ gateway: urls.gateway, omnibus: urls.omnibus, moyasar, bank, env }, lastLines };
}

/** The demo's MongoDB is a new database: actors whose snapshots are elsewhere could not be loaded, and real money is none of its business. */
async function mustBeEmpty(url: string): Promise<void> {
  const redis = await connectRedis(url, { name: 'ironwallet:demo', failFast: true });
  const keys = await redis.dbsize();
  await disconnect(redis);
  if (keys > 0) throw new Error('the Redis that REDIS_URL names is not empty: unset it, or name an empty one');
}

function logFolder(stops: Stops): string {
  const folder = temporaryFolder('demo');
  const watcher = dieTogether(['true'], folder);
  stops.push(() => {
    watcher.stdin?.end('done\n');
    removeFolder(folder);
    return Promise.resolve();
  });
  return folder;
}

async function endAll(children: readonly Child[]): Promise<void> {
  await Promise.all(children.map((child) => child.end()));
}

function local(port: number): string {
  return `http://127.0.0.1:${String(port)}`;
}

function secretsOf(urls: { readonly payments: string; readonly omnibus: string }): Variables {
  return {
    JWT_SECRET: DEVELOPMENT_SECRET,
    MOYASAR_SECRET_KEY: 'sk_test_demo_demo',
    MOYASAR_WEBHOOK_SECRET: WEBHOOK_SECRET,
    MOYASAR_WEBHOOK_URLS: `${urls.payments}/webhooks/moyasar,${urls.omnibus}/webhooks/moyasar/settlements`,
    ANB_CLIENT_ID: 'demo-client',
    ANB_CLIENT_SECRET: 'demo-client-secret',
    ANB_ACCOUNT_NUMBER: DEVELOPMENT_ACCOUNT,
    ANB_WEBHOOK_SECRET_PATH: ANB_SECRET_PATH,
    ANB_WEBHOOK_URLS: `${urls.omnibus}/webhooks/anb/${ANB_SECRET_PATH}`,
  };
}

function startFakes(env: Variables, folder: string): Promise<Child[]> {
  return Promise.all([
    startChild({ name: 'fake-moyasar', args: ['mocks', '--only=moyasar'], ready: /fake Moyasar at (\S+),/, env, folder }),
    startChild({ name: 'fake-bank', args: ['mocks', '--only=anb'], ready: /fake bank at (\S+),/, env, folder }),
  ]);
}

function settings(at: { readonly moyasar: string; readonly bank: string; readonly publicUrl: string }): Variables {
  return {
    NODE_ENV: 'development',
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'warn',
    PUBLIC_URL: at.publicUrl,
    MOYASAR_API_URL: `${at.moyasar}/v1`,
    ANB_API_URL: at.bank,
    STATEMENT_PULL_SECONDS: '1',
    SNAPSHOT_MS: '1000',
    SHARDS_WALLET: '16',
    SHARDS_PAYMENTS: '16',
    SHARDS_OMNIBUS: '16',
  };
}

function startRoles(ports: Readonly<Record<string, number>>, env: Variables, folder: string): Promise<Child[]> {
  const ready = /^serving (\S+)$/m;
  return Promise.all(
    Object.entries(ports).map(([role, port]) =>
      startChild({ name: role, args: ['start', `--role=${role}`, `--port=${String(port)}`], ready, env, folder }),
    ),
  );
}
