/**
 * What more workers and more masters do here: the same deposits with 1, 2 and 4 workers on one Redis and on a cluster of three masters, and the
 * constants of docs/scaling.md. Processor time per deposit is what other machines can be planned with; the rate is this machine's.
 */
import { cpus, loadavg } from 'node:os';
import { bankAccountMessages } from '../actors/bank-account/messages.ts';
import { message } from '../http/command.ts';
import { startMongo } from '../mocks/servers/mongo.ts';
import { startRedisCluster } from '../mocks/servers/redis-cluster.ts';
import { startRedis } from '../mocks/servers/redis.ts';
import { fakeAnbControl } from '../mocks/control/client.ts';
import { masters } from '../providers/redis/client.ts';
import { shardKeys } from '../providers/redis/keys.ts';
import { creditedOf, lookAt, openWallets, placed, settledPosition, walletNumbers, wrongWallets } from '../tests/support/deposits.ts';
import type { Looking } from '../tests/support/deposits.ts';
import { startRole } from '../tests/support/processes.ts';
import type { RoleProcess } from '../tests/support/processes.ts';
import { ACCOUNT, configOf, environmentOf } from '../tests/support/system.ts';
import { lastLine, metricOf, perSecond, processorMs, say, startBeside, table, until } from './rig.ts';
import { microsOf } from './spent.ts';

export interface ScaleOptions {
  readonly deposits: number;
  readonly wallets: number;
  /** Replicas of each master; with one, messages wait for it. */
  readonly replicas: number;
}

interface Setup {
  readonly workers: number;
  readonly masters: number;
}

interface Figures extends Setup {
  readonly perSecond: number;
  /** Microseconds of processor time per deposit. */
  readonly redisUs: number;
  readonly nodeUs: number;
  /** Entries decided per deposit: what the actors say to one another. */
  readonly messages: number;
  readonly relayed: number;
  readonly snapshots: number;
  readonly wrong: number;
  readonly bytes: Bytes;
}

interface Bytes {
  readonly tip: number;
  readonly mailbox: number;
}

const SETUPS: readonly Setup[] = [1, 3].flatMap((count) => [1, 2, 4].map((workers) => ({ workers, masters: count })));
const DAY_MS = 86_400_000;
const FINISH_MS_MAX = 300_000;
const PAGE_SIZE = 500;

export async function scale(options: ScaleOptions): Promise<void> {
  const all: Figures[] = [];
  for (const setup of SETUPS) all.push(await measure(setup, options));
  table([
    ['masters', 'workers', 'deposits/s', 'Redis us', 'Node us', 'entries', 'relayed', 'snapshots/s', 'wrong'],
    ...all.map((one) => [
      ...[one.masters, one.workers, one.perSecond, one.redisUs, one.nodeUs].map(String),
      ...[one.messages.toFixed(1), one.relayed.toFixed(1), one.snapshots.toFixed(0), String(one.wrong)],
    ]),
  ]);
  const [first] = all;
  say(`Bytes of Redis: a tip ${String(first?.bytes.tip)}, a mailbox with its last entries ${String(first?.bytes.mailbox)}.`);
  say(
    `${String(cpus().length)} cores, load ${loadavg()
      .map((one) => one.toFixed(1))
      .join(' ')}: all servers, workers and the bank share them.`,
  );
  lastLine({ bench: 'scale', ...options, cores: cpus().length, setups: all });
  if (all.some(({ wrong }) => wrong > 0)) process.exitCode = 1;
}

async function measure(setup: Setup, options: ScaleOptions): Promise<Figures> {
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const redis = await redisOf(setup, options, stops);
    const mongo = await startMongo();
    stops.push(() => mongo.close());
    const bank = await startBeside('fake-bank.js', [ACCOUNT, String(PAGE_SIZE)]);
    stops.push(() => bank.process.end('SIGTERM'));
    const env = {
      ...environmentOf({ redis: { url: redis.url }, mongo, moyasar: bank.url, bank: bank.url }),
      ...{ STATEMENT_FROM: yesterday(), STATEMENT_PAGE_SIZE: String(PAGE_SIZE), STATEMENT_PULL_SECONDS: '86400', SNAPSHOT_MS: '10000' },
      ...{ SHARDS_WALLET: '16', SHARDS_PAYMENTS: '4', SHARDS_OMNIBUS: '16', LOG_LEVEL: 'error', ...redis.env },
    };
    const workers = Array.from({ length: setup.workers }, () => startRole({ role: 'wallet,payments,omnibus', env }));
    const processes = await Promise.all(workers);
    stops.push(() => Promise.all(processes.map((one) => one.end('SIGKILL'))));
    const looking = await lookAt(configOf(env));
    stops.push(() => looking.close());
    await placed(looking, setup.workers);
    return { ...setup, ...(await timed({ looking, processes, bankUrl: bank.url }, options)) };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function redisOf(
  setup: Setup,
  { replicas }: ScaleOptions,
  stops: (() => Promise<unknown>)[],
): Promise<{ url: string; env: Readonly<Record<string, string>> }> {
  if (setup.masters === 1) {
    const redis = await startRedis({ own: true, maxmemory: '2gb' });
    stops.push(() => redis.close());
    return { url: redis.url, env: {} };
  }
  const cluster = await startRedisCluster({ masters: setup.masters, replicas, nodeTimeoutMs: 15_000 });
  stops.push(() => cluster.close());
  const env = { REDIS_CLUSTER_NODES: cluster.addresses.join(','), REDIS_WAIT_REPLICAS: String(Math.min(1, replicas)) };
  return { url: 'redis://127.0.0.1', env };
}

interface Running {
  readonly looking: Looking;
  readonly processes: readonly RoleProcess[];
  readonly bankUrl: string;
}

async function timed({ looking, processes, bankUrl }: Running, options: ScaleOptions): Promise<Omit<Figures, keyof Setup>> {
  const numbers = walletNumbers(options.wallets);
  await openWallets(looking, numbers);
  const control = fakeAnbControl(bankUrl);
  const { total } = await control.bulk({
    ...{ count: options.deposits, numbers, days: 1, lastDay: yesterday() },
    ...{ amountFrom: '10.00', amountTo: '500.00', seed: 1 },
  });
  const wanted = BigInt(total.replace('.', ''));
  const before = await countersOf(looking, processes);
  const begun = performance.now();
  const facts = {
    type: 'PullStatement',
    body: { why: 'scale', date: yesterday() },
    id: 'scale/pull',
    from: 'bench:pull',
    trace: '',
  } as const;
  await looking.look.mailboxes.send([message(bankAccountMessages, `bank-account:${ACCOUNT}`, facts)], null);
  looking.look.hints.work(looking.layout.shardsOf('omnibus'));
  await until(async () => (await creditedOf(looking)) >= wanted, FINISH_MS_MAX, 'all deposits credited');
  const ms = performance.now() - begun;
  const after = await countersOf(looking, processes);
  const each = (name: keyof Counters): number => (after[name] - before[name]) / options.deposits;
  await settledPosition(looking.ports);
  return {
    perSecond: perSecond(options.deposits, ms),
    redisUs: Math.round(each('redisMs') * 1000),
    nodeUs: Math.round(each('nodeMs') * 1000),
    messages: each('entries'),
    relayed: each('relayed'),
    snapshots: ((after.snapshots - before.snapshots) * 1000) / ms,
    wrong: await wrongWallets(looking.ports, await control.tally()),
    bytes: await bytesOf(looking),
  };
}

interface Counters {
  readonly redisMs: number;
  readonly nodeMs: number;
  readonly entries: number;
  readonly relayed: number;
  readonly snapshots: number;
}

async function countersOf({ look }: Looking, processes: readonly RoleProcess[]): Promise<Counters> {
  const redis = await Promise.all(masters(look.redis).map(async (node) => microsOf(await node.info('cpu')) / 1000));
  const pages = await Promise.all(processes.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
  const sum = (name: string): number => pages.reduce((all, page) => all + metricOf(page, name), 0);
  return {
    redisMs: redis.reduce((all, one) => all + one, 0),
    nodeMs: processes.reduce((all, { pid }) => all + processorMs(pid), 0),
    entries: sum('ironwallet_entries_total'),
    relayed: sum('ironwallet_relayed_total'),
    snapshots: sum('ironwallet_snapshots_total'),
  };
}

const SAMPLE = 200;

/** What Redis holds of a wallet: its tip for ever, its mailbox until it is forgotten. */
async function bytesOf({ look, layout }: Looking): Promise<Bytes> {
  const [shard = ''] = layout.shardsOf('wallet');
  const tips = await look.redis.hlen(shardKeys(shard).tip);
  const tipBytes = Number(await look.redis.memory('USAGE', shardKeys(shard).tip, 'SAMPLES', 0));
  const { actors } = await look.operations.actors(shard, '0');
  const keys = [...actors.keys()].slice(0, SAMPLE).map((actor) => `iw:{${shard}}:mailbox:${actor}`);
  const sizes = await Promise.all(keys.map((key) => look.redis.memory('USAGE', key, 'SAMPLES', 0)));
  const found = sizes.filter((size) => size !== null);
  return {
    tip: Math.round(tipBytes / Math.max(1, tips)),
    mailbox: Math.round(found.reduce((all, size) => all + size, 0) / Math.max(1, found.length)),
  };
}

function yesterday(): string {
  return new Date(Date.now() - DAY_MS).toISOString().slice(0, 10);
}
