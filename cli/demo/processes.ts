// What a demo runs: Redis, MongoDB, both fakes, and the four roles as four processes of their own. All gone when it ends, however it ends.
import { fileURLToPath } from 'node:url';
import { startMongo } from '../../mocks/servers/mongo.ts';
import { freePort, startProcess } from '../../mocks/servers/own-process.ts';
import type { OwnProcess } from '../../mocks/servers/own-process.ts';
import { startRedis } from '../../mocks/servers/redis.ts';
import { DEVELOPMENT_SECRET } from '../development-secret.ts';
import { DEVELOPMENT_ACCOUNT } from '../mocks.ts';
import { say } from '../text.ts';

export interface DemoSystem {
  readonly gateway: string;
  readonly omnibus: string;
  readonly moyasar: string;
  readonly bank: string;
  /** The environment of the operators' commands. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('../ironwallet.js', import.meta.url));
const WEBHOOK_SECRET = 'demo-webhook-secret';
const ANB_SECRET_PATH = 'demo-secret-webhook-path';

/** Starts everything; says in a line each what serves. */
export async function startDemoSystem(gatewayPort: number): Promise<DemoSystem> {
  const [redis, mongo] = await Promise.all([startRedis(), startMongo()]);
  say(redis.describe);
  say(mongo.describe);
  const [payments, omnibus, wallet] = await Promise.all([freePort(), freePort(), freePort()]);
  const urls = { gateway: local(gatewayPort), payments: local(payments), omnibus: local(omnibus) };
  const secrets = secretsOf(urls);
  const fakes = await startFakes(secrets);
  say(`Fake Moyasar at ${fakes.moyasar}, fake bank at ${fakes.bank}: they speak the providers' wire formats.`);
  const env = environment({ redis: redis.url, mongo: mongo.url, database: mongo.database, ...fakes, publicUrl: urls.gateway, secrets });
  const ports = { wallet, payments, omnibus, gateway: gatewayPort };
  const roles = await Promise.all(Object.entries(ports).map(([role, port]) => startRole(role, port, env)));
  say(
    `Four processes serve: ${Object.entries(ports)
      .map(([role, port]) => `${role} ${local(port)}`)
      .join(', ')}.`,
  );
  return {
    ...{ gateway: urls.gateway, omnibus: urls.omnibus, moyasar: fakes.moyasar, bank: fakes.bank, env },
    async stop() {
      await Promise.all(roles.map((process) => process.end('SIGTERM')));
      await Promise.all(fakes.processes.map((process) => process.end('SIGTERM')));
      await Promise.all([redis.close(), mongo.close()]);
    },
  };
}

function local(port: number): string {
  return `http://127.0.0.1:${String(port)}`;
}

type Variables = Readonly<Record<string, string>>;

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

async function startFakes(env: Variables): Promise<{ moyasar: string; bank: string; processes: OwnProcess[] }> {
  const [moyasar, bank] = await Promise.all([
    startProcess(program(['mocks', '--only=moyasar'], /fake Moyasar at (\S+),/, env)),
    startProcess(program(['mocks', '--only=anb'], /fake bank at (\S+),/, env)),
  ]);
  return { moyasar: moyasar.ready[1] ?? '', bank: bank.ready[1] ?? '', processes: [moyasar, bank] };
}

interface Places {
  readonly redis: string;
  readonly mongo: string;
  readonly database: string;
  readonly moyasar: string;
  readonly bank: string;
  readonly publicUrl: string;
  readonly secrets: Variables;
}

function environment({ redis, mongo, database, moyasar, bank, publicUrl, secrets }: Places): Variables {
  return {
    ...secrets,
    NODE_ENV: 'development',
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'error',
    PUBLIC_URL: publicUrl,
    REDIS_URL: redis,
    MONGODB_URL: mongo,
    MONGODB_DATABASE: database,
    MOYASAR_API_URL: `${moyasar}/v1`,
    ANB_API_URL: bank,
    STATEMENT_PULL_SECONDS: '2',
    SNAPSHOT_MS: '1000',
    SHARDS_WALLET: '16',
    SHARDS_PAYMENTS: '16',
    SHARDS_OMNIBUS: '16',
  };
}

function startRole(role: string, port: number, env: Variables): Promise<OwnProcess> {
  return startProcess(program(['start', `--role=${role}`, `--port=${String(port)}`], /^serving (\S+)\n/m, env));
}

/** This program with its own arguments and environment. */
function program(args: readonly string[], ready: RegExp, env: Variables) {
  return { command: process.execPath, args: [...process.execArgv, PROGRAM, ...args], ready, env: { ...process.env, ...env } };
}
