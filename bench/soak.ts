/**
 * Deposits at a share of the maximum rate for many minutes: does Redis grow, does the worker grow, do streams stay short? Credits go straight
 * into the mailboxes of a fixed number of wallets, each of which is used all the time, so nothing that is bounded has a reason to grow.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { mailboxKey, shardKeys } from '../providers/redis/keys.ts';
import {
  CREDIT,
  creditedOf,
  creditOf,
  decided,
  openWallets,
  placed,
  sendCredits,
  walletNumbers,
  wrongWallets,
} from '../tests/support/deposits.ts';
import type { Looking } from '../tests/support/deposits.ts';
import { redisBytes, residentBytes } from './memory.ts';
import { lastLine, perSecond, say, table } from './rig.ts';
import { withWallets } from './systems.ts';
import type { WalletSystem } from './systems.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** Of the maximum that the same run measured before. */
  readonly share: number;
  readonly wallets: number;
  /** Credits of the burst that measures the maximum. */
  readonly burst: number;
  /** Seconds between two samples. */
  readonly every: number;
}

const TICK_MS = 20;
const LOOK_MS = 1_000;
const ID_DIGITS = 9;
const MIB = 1_024 * 1_024;
/** Percent in the second half of the time. */
const GROWTH_MAX = 5;
/** Where edges begin to refuse: a mailbox that grows beyond it was not kept up with. */
const STREAM_MAX = 1_000;

export async function soak(options: SoakOptions): Promise<void> {
  await withWallets('4gb', {}, async (system) => {
    await placed(system.looking, 1);
    await measure(system, options);
  });
}

async function measure(system: WalletSystem, options: SoakOptions): Promise<void> {
  const numbers = walletNumbers(options.wallets);
  await openWallets(system.looking, numbers);
  const source = createSource(numbers);
  await burst(system.looking, source, options.burst); // not counted: the worker's code warms up
  const most = await burst(system.looking, source, options.burst);
  const rate = Math.max(1, Math.round(most * options.share));
  say(`At most ${String(most)} credits/s; ${String(rate)} of them per second for ${String(options.minutes)} minutes.`);
  const begun = performance.now();
  const before = source.count();
  const load = { done: false };
  const sending = sendAt(system.looking, { source, rate, load });
  const samples = await sampled(system, numbers, options).finally(() => (load.done = true));
  await sending;
  const sent = source.count() - before;
  const sentPerSecond = perSecond(sent, performance.now() - begun);
  await decided(system.looking);
  const missing = BigInt(source.count()) * CREDIT - (await creditedOf(system.looking));
  const wrong = await wrongWallets(system.looking.ports, source.tally());
  report(samples, { maximumPerSecond: most, sentPerSecond, credits: sent, missing: missing.toString(), wrongWallets: wrong }, options);
}

/** One wallet after the other, each credit under a name of its own; and what everybody must have in the end. */
function createSource(numbers: readonly string[]) {
  let sent = 0;
  return {
    count: () => sent,
    next(count: number) {
      return Array.from({ length: count }, () => {
        // As long at the end as at the beginning: with one more digit an entry of Redis takes a tenth more.
        const one = creditOf(numbers[sent % numbers.length] ?? '', { id: `bench/soak/${String(sent).padStart(ID_DIGITS, '0')}` });
        sent += 1;
        return one;
      });
    },
    tally() {
      const halalas = (index: number): bigint =>
        CREDIT * BigInt(Math.floor(sent / numbers.length) + (index < sent % numbers.length ? 1 : 0));
      return Object.fromEntries(numbers.map((number, index) => [number, { count: 0, total: (Number(halalas(index)) / 100).toFixed(2) }]));
    },
  };
}

type Source = ReturnType<typeof createSource>;

/** Credits per second, sent and decided as fast as that goes. */
async function burst(looking: Looking, source: Source, count: number): Promise<number> {
  const begun = performance.now();
  await sendCredits(looking, source.next(count));
  await decided(looking);
  return perSecond(count, performance.now() - begun);
}

/** At a constant rate; who is late sends what was due meanwhile. */
async function sendAt(
  looking: Looking,
  { source, rate, load }: { readonly source: Source; readonly rate: number; readonly load: { readonly done: boolean } },
): Promise<void> {
  const begun = performance.now();
  let sent = 0;
  while (!load.done) {
    const due = Math.floor(((performance.now() - begun) * rate) / 1_000) - sent;
    await sendCredits(looking, source.next(due));
    sent += due;
    await sleep(TICK_MS);
  }
}

interface Sample {
  /** Since the load began. */
  readonly seconds: number;
  /** Bytes, each the mean of the time since the last sample: garbage that comes and goes is no growth. */
  readonly redis: number;
  readonly worker: number;
  /** Entries in all streams, and in the longest one. */
  readonly entries: number;
  readonly longest: number;
}

async function sampled({ worker, looking }: WalletSystem, numbers: readonly string[], { minutes, every }: SoakOptions): Promise<Sample[]> {
  const samples: Sample[] = [];
  const begun = performance.now();
  const since = (): number => Math.round((performance.now() - begun) / 1_000);
  let seen: { redis: number; worker: number }[] = [];
  while (since() < minutes * 60) {
    await sleep(LOOK_MS);
    seen.push({ redis: await redisBytes(looking), worker: residentOf(worker) });
    if (since() < (samples.length + 1) * every) continue;
    const lengths = await streamLengths(looking, numbers);
    const mean = (name: 'redis' | 'worker'): number => seen.reduce((sum, one) => sum + one[name], 0) / seen.length;
    const entries = lengths.reduce((sum, length) => sum + length, 0);
    samples.push({ seconds: since(), redis: mean('redis'), worker: mean('worker'), entries, longest: Math.max(...lengths) });
    seen = [];
  }
  return samples;
}

function residentOf(worker: WalletSystem['worker']): number {
  try {
    return residentBytes(worker.pid);
  } catch (cause) {
    throw new Error(`the worker has ended: ${worker.log()}`, { cause });
  }
}

/** Of every mailbox, and of the streams of effects and messages to other shards. */
async function streamLengths({ look, layout }: Looking, numbers: readonly string[]): Promise<number[]> {
  const mailboxes = numbers.map((number) => {
    const actor = `virtual-account:${number}` as const;
    return mailboxKey(layout.shardOf(actor), actor);
  });
  const others = layout.shardsOf('wallet').flatMap((shard) => [shardKeys(shard).effects, shardKeys(shard).outbox]);
  return Promise.all([...mailboxes, ...others].map((key) => look.redis.xlen(key)));
}

/** Percent by which it grew in the second half of the time, along the straight line that fits best. */
function growthOf(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const half = samples.slice(Math.floor(samples.length / 2));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const [x, y] = [mean(half.map((one) => one.seconds)), mean(half.map(of))];
  const spread = half.reduce((sum, one) => sum + (one.seconds - x) ** 2, 0);
  const slope = spread === 0 ? 0 : half.reduce((sum, one) => sum + (one.seconds - x) * (of(one) - y), 0) / spread;
  const [first, last] = [half[0]?.seconds ?? 0, half.at(-1)?.seconds ?? 0];
  const start = y + slope * (first - x);
  return start === 0 ? 0 : (slope * (last - first) * 100) / start;
}

interface Load {
  readonly maximumPerSecond: number;
  readonly sentPerSecond: number;
  readonly credits: number;
  /** Halalas that were not credited. */
  readonly missing: string;
  readonly wrongWallets: number;
}

function report(samples: readonly Sample[], load: Load, { minutes, share, wallets }: SoakOptions): void {
  table([
    ['seconds', 'Redis MiB', 'worker MiB', 'entries', 'longest stream'],
    ...samples.map(({ seconds, redis, worker, entries, longest }) => [
      ...[String(seconds), (redis / MIB).toFixed(1), (worker / MIB).toFixed(1), String(entries), String(longest)],
    ]),
  ]);
  const percent = (of: (sample: Sample) => number): number => Math.round(growthOf(samples, of) * 10) / 10;
  const growth = { redisGrowth: percent((one) => one.redis), workerGrowth: percent((one) => one.worker) };
  const longest = samples.reduce((most, one) => Math.max(most, one.longest), 0);
  const last = samples.at(-1);
  const ends = { redisMiB: Math.round((last?.redis ?? 0) / MIB), workerMiB: Math.round((last?.worker ?? 0) / MIB) };
  const isBounded = growth.redisGrowth < GROWTH_MAX && growth.workerGrowth < GROWTH_MAX && longest <= STREAM_MAX;
  lastLine({ bench: 'soak', minutes, share, wallets, ...load, ...growth, ...ends, longestStream: longest, bounded: isBounded });
  const isRight = load.missing === '0' && load.wrongWallets === 0;
  if (!isBounded || !isRight || samples.length === 0) process.exitCode = 1;
}
