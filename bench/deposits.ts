/**
 * Deposits end to end: statement pages at the fake bank -> pulled -> attributed -> committed credits of many wallets, on a Redis with fsync
 * always and with snapshots on; and in the same run the bare loop of the same messages.
 */
import { pino } from 'pino';
import { bankAccountMessages } from '../actors/bank-account/messages.ts';
import { message } from '../http/command.ts';
import { wireAmount } from '../http/money.ts';
import { startService } from '../main.ts';
import { fakeAnbControl } from '../mocks/control/client.ts';
import { seededRandom } from '../mocks/control/random.ts';
import { startMongo } from '../mocks/servers/mongo.ts';
import type { MongoServer } from '../mocks/servers/mongo.ts';
import { startRedis } from '../mocks/servers/redis.ts';
import type { RedisServer } from '../mocks/servers/redis.ts';
import { creditedOf, lookAt, openWallets, settledPosition, walletNumbers, wrongWallets } from '../tests/support/deposits.ts';
import type { Looking } from '../tests/support/deposits.ts';
import { ACCOUNT, configOf, environmentOf } from '../tests/support/system.ts';
import { bareLoop } from './bare-loop.ts';
import { lastLine, metricOf, perSecond, say, startBeside, table, until } from './rig.ts';
import { SLOW_MS, watchSlow } from './slow.ts';
import type { Slow } from './slow.ts';
import { countSpent } from './spent.ts';
import type { Spent } from './spent.ts';
import { saved } from './systems.ts';

/** Which wallets the lines are for: each as likely as any other, or the n-th as 1/n (Zipf). */
export type Spread = 'uniform' | 'zipf';

export interface DepositsOptions {
  readonly wallets: number;
  /** So many of them get lines; the others were opened before and are left alone. */
  readonly workingSet?: number;
  readonly spread: Spread;
  readonly deposits: number;
  readonly pageSize: number;
  /** Post dates that the lines are spread over. */
  readonly days: number;
  readonly shards: number;
  /** A share of the bare loop below this is a failure. */
  readonly atLeast?: number;
}

export interface DepositsResult {
  readonly depositsPerSecond: number;
  /** Share of the time that our event loop was at work. */
  readonly nodeBusy: number;
  readonly spent: Spent;
  readonly slow: readonly Slow[];
  /** Written meanwhile. */
  readonly snapshots: number;
  readonly proofDifference: string;
  /** Wallets whose balance differs from the bank's own tally. */
  readonly wrong: number;
}

const DAY_MS = 86_400_000;
const FINISH_MS_MAX = 600_000;

/** Runs all: 500 lines a page, 20 lines a page, the bare loop. */
export async function deposits(options: DepositsOptions): Promise<void> {
  const bare = await bareLoop({ actors: workingSetOf(options), messages: options.deposits, page: 500, shards: options.shards });
  const wide = await run(options);
  const narrow = await run({ ...options, pageSize: 20, deposits: Math.ceil(options.deposits / 10) });
  const ratio = Math.round((wide.depositsPerSecond / bare) * 1000) / 1000;
  table([
    ['what', 'per second', 'of the bare loop', 'Node busy', 'difference', 'wallets wrong'],
    ['bare loop: send, follow, commit', String(bare), '100 %', '', '', ''],
    [
      `deposits, pages of ${String(options.pageSize)}`,
      String(wide.depositsPerSecond),
      percent(wide.depositsPerSecond / bare),
      percent(wide.nodeBusy),
      wide.proofDifference,
      String(wide.wrong),
    ],
    [
      'deposits, pages of 20',
      String(narrow.depositsPerSecond),
      percent(narrow.depositsPerSecond / bare),
      percent(narrow.nodeBusy),
      narrow.proofDifference,
      String(narrow.wrong),
    ],
  ]);
  const each = (micros: number): number => Math.round((micros * 10) / options.deposits) / 10;
  tellSpent(wide.spent, each);
  tellSlow(wide.slow);
  say(`${String(wide.snapshots)} snapshots were written meanwhile`);
  lastLine({
    ...{
      bench: 'deposits',
      depositsPerSecond: wide.depositsPerSecond,
      bareLoopPerSecond: bare,
      ratio,
      proofDifference: wide.proofDifference,
    },
    ...{
      depositsPerSecondPages20: narrow.depositsPerSecond,
      wrongWallets: wide.wrong + narrow.wrong,
      wallets: options.wallets,
      workingSet: workingSetOf(options),
      spread: options.spread,
      microsPerDeposit: Object.fromEntries([...wide.spent.parts].map(([part, micros]) => [part, each(micros)])),
      ...{ deposits: options.deposits, snapshots: wide.snapshots },
    },
  });
  const isWrong = [wide, narrow].some(({ wrong, proofDifference }) => wrong > 0 || proofDifference !== '0.00');
  if (isWrong || ratio < (options.atLeast ?? 0)) process.exitCode = 1;
}

function workingSetOf({ wallets, workingSet = wallets }: DepositsOptions): number {
  return Math.min(wallets, workingSet);
}

const ZIPF_DRAWS = 50_000;

/** A list in which the n-th wallet is as often as 1/n; the bank draws from it. */
function drawnByZipf(numbers: readonly string[]): string[] {
  const random = seededRandom(1);
  const reached: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= numbers.length; rank += 1) reached.push((sum += 1 / rank));
  return Array.from({ length: ZIPF_DRAWS }, () => {
    const drawn = random.next() * sum;
    return numbers[reached.findIndex((upTo) => upTo > drawn)] ?? '';
  });
}

const COMMANDS_SHOWN = 8;

/** Processor time of the wide run for each deposit. */
function tellSpent({ parts, commands }: Spent, each: (micros: number) => number): void {
  const dearest = [...commands].sort(([, a], [, b]) => b - a).slice(0, COMMANDS_SHOWN);
  say('');
  table([
    ['processor time', 'µs per deposit'],
    ...[...parts].map(([part, micros]) => [part, each(micros).toFixed(1)]),
    ...dearest.map(([command, micros]) => [`  Redis: ${command}`, each(micros).toFixed(1)]),
  ]);
}

/** What held Redis up in the wide run. */
function tellSlow(slow: readonly Slow[]): void {
  say('');
  table([
    [`longer than ${String(SLOW_MS)} ms in Redis`, 'times', 'longest, ms'],
    ...slow.map(({ what, times, msMax }) => [what, String(times), msMax.toFixed(1)]),
  ]);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

interface Rig {
  readonly redis: RedisServer;
  readonly mongo: MongoServer;
  readonly bank: Awaited<ReturnType<typeof startBeside>>;
}

async function run(options: DepositsOptions): Promise<DepositsResult> {
  const redis = await startRedis({ own: true, maxmemory: '4gb' });
  const mongo = await startMongo();
  const bank = await startBeside('fake-bank.js', [ACCOUNT, String(options.pageSize)]);
  try {
    return await measure({ redis, mongo, bank }, options);
  } finally {
    await bank.process.end('SIGTERM');
    await redis.close();
    await mongo.close();
  }
}

async function measure(rig: Rig, options: DepositsOptions): Promise<DepositsResult> {
  const firstDay = new Date(Date.now() - options.days * DAY_MS).toISOString().slice(0, 10);
  const config = configOf({
    ...environmentOf({ redis: rig.redis, mongo: rig.mongo, moyasar: rig.bank.url, bank: rig.bank.url }),
    ...{ STATEMENT_FROM: firstDay, STATEMENT_PAGE_SIZE: String(options.pageSize), STATEMENT_PULL_SECONDS: '86400' },
    ...{ SNAPSHOT_MS: '10000', CACHE_ACTORS: '200000', ROLES: 'wallet,payments,omnibus', LOG_LEVEL: 'silent' },
    ...{ SHARDS_WALLET: String(options.shards), SHARDS_PAYMENTS: '4', SHARDS_OMNIBUS: '16' },
  });
  const service = await startService({ config, log: pino({ level: config.LOG_LEVEL }) });
  const looking = await lookAt(config);
  try {
    const all = walletNumbers(options.wallets);
    const apart = Math.floor(options.wallets / workingSetOf(options));
    const used = all.filter((_number, index) => index % apart === 0).slice(0, workingSetOf(options));
    const isUsed = new Set(used);
    // Those in use were used last: they are in memory.
    await openWallets(looking, [...all.filter((number) => !isUsed.has(number)), ...used]);
    await saved(looking, service.url);
    const numbers = options.spread === 'zipf' ? drawnByZipf(used) : used;
    const control = fakeAnbControl(rig.bank.url);
    const lastDay = new Date(Date.now() - DAY_MS).toISOString().slice(0, 10);
    const amounts = { amountFrom: '10.00', amountTo: '500.00', seed: 1 };
    const { total } = await control.bulk({ count: options.deposits, numbers, days: options.days, lastDay, ...amounts });
    const times = await timed(looking, { options, rig, wanted: BigInt(total.replace('.', '')), firstDay, url: service.url });
    const proof = await settledPosition(looking.ports);
    const difference = [...proof.differences.values()].reduce((sum, one) => sum + one, 0n);
    const wrong = await wrongWallets(looking.ports, await control.tally());
    return { ...times, proofDifference: wireAmount(difference, config.CURRENCY), wrong };
  } finally {
    await service.stop();
    await looking.close();
  }
}

type Timed = Pick<DepositsResult, 'depositsPerSecond' | 'nodeBusy' | 'spent' | 'slow' | 'snapshots'>;

interface Run {
  readonly options: DepositsOptions;
  readonly rig: Rig;
  readonly wanted: bigint;
  readonly firstDay: string;
  /** Of the service. */
  readonly url: string;
}

/** From the order to pull until the last credit is committed. */
async function timed(looking: Looking, { options, rig, wanted, firstDay, url }: Run): Promise<Timed> {
  const { look } = looking;
  const written = await snapshotsOf(url);
  const facts = { type: 'PullStatement', body: { why: 'bench', date: firstDay }, id: 'bench/pull', from: 'bench:pull', trace: '' } as const;
  const begun = performance.now();
  const loop = performance.eventLoopUtilization();
  const processes = { MongoDB: rig.mongo.pid, 'the fake bank': rig.bank.process.pid };
  const spent = await countSpent({ redis: look.redis, self: 'Node', processes });
  const slow = await watchSlow(look);
  await look.mailboxes.send([message(bankAccountMessages, `bank-account:${ACCOUNT}`, facts)], null);
  await until(async () => (await creditedOf(looking)) >= wanted, FINISH_MS_MAX, 'all deposits credited');
  const ms = performance.now() - begun;
  const nodeBusy = performance.eventLoopUtilization(loop).utilization;
  const all = await spent();
  return {
    depositsPerSecond: perSecond(options.deposits, ms),
    nodeBusy,
    spent: all,
    slow: await slow(),
    snapshots: (await snapshotsOf(url)) - written,
  };
}

async function snapshotsOf(url: string): Promise<number> {
  return metricOf(await (await fetch(`${url}/metrics`)).text(), 'ironwallet_snapshots_total');
}
