/**
 * What a wallet takes of Redis: idle (its mailbox forgotten), open (at rest, its mailbox still there) and for each entry that waits; and how
 * large a worker is that has all of them in memory. Redis and worker are processes of their own, with fsync always and snapshots on.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ActorId, Addressed } from '../engine/message.ts';
import type { Lease, Shard, Tip } from '../engine/ports.ts';
import { shardKeys } from '../providers/redis/keys.ts';
import { infoOf } from '../providers/redis/reply.ts';
import { CREDIT, creditedOf, creditOf, decided, openWallets, placed, sendCredits, walletNumbers } from '../tests/support/deposits.ts';
import type { Looking } from '../tests/support/deposits.ts';
import { lastLine, say, table } from './rig.ts';
import { withWallets } from './systems.ts';
import type { WalletSystem } from './systems.ts';

export interface MemoryOptions {
  readonly wallets: number;
  /** That wait in each wallet. */
  readonly entries: number;
  /** Bytes of Redis for an idle wallet; more is a failure. */
  readonly idleMax: number;
}

const REST_MS_MAX = 300_000;
/** Wallets that are opened, credited and forgotten before anything is measured: scripts are loaded then, and tables have their first size. */
const FIRST = 100;
const FORGOTTEN_AT_ONCE = 500;
const LOOK_MS = 500;
const KIB = 1_024;
const MIB = KIB * KIB;

export async function memory(options: MemoryOptions): Promise<void> {
  // A long lease: the worker is held still while entries wait. A cache for all of them: every wallet shall be hot.
  const settings = { LEASE_MS: '60000', SNAPSHOT_MS: '2000', CACHE_ACTORS: String(options.wallets + 1_000) };
  await withWallets('8gb', settings, async (system) => {
    await placed(system.looking, 1);
    await measure(system, options);
  });
}

async function measure({ worker, looking }: WalletSystem, { wallets, entries, idleMax }: MemoryOptions): Promise<void> {
  const [first, numbers] = apart(walletNumbers(wallets + FIRST));
  await warmUp(looking, first);
  const each = (bytes: number): number => Math.round(bytes / wallets);
  const tipsBefore = await tipBytes(looking);
  const [empty, started] = [await redisBytes(looking), residentBytes(worker.pid)];
  await openWallets(looking, numbers);
  await saved(looking, wallets + FIRST);
  const opened = await redisBytes(looking);
  worker.signal('SIGSTOP');
  for (let nth = 1; nth <= entries; nth += 1) await sendCredits(looking, creditsOf(numbers, nth));
  const waiting = await redisBytes(looking);
  worker.signal('SIGCONT');
  looking.look.hints.work(looking.layout.shardsOf('wallet'));
  await decided(looking);
  await saved(looking, wallets + FIRST);
  const [open, hot] = [await redisBytes(looking), residentBytes(worker.pid)];
  const left = await forgetAll(looking, numbers);
  const idle = await redisBytes(looking);
  const figures = {
    ...{ idleBytes: each(idle - empty), tipBytes: each((await tipBytes(looking)) - tipsBefore), openedBytes: each(opened - empty) },
    ...{ openBytes: each(open - empty), waitingEntryBytes: each((waiting - opened) / entries) },
    ...{ workerMiBBefore: Math.round(started / MIB), workerMiBHot: Math.round(hot / MIB), hotActorBytes: each(hot - started) },
  };
  const isRight = left === 0 && (await goesOn(looking, numbers, CREDIT * BigInt(wallets * entries + FIRST + 1)));
  report(figures, { wallets, entries, idleMax, left, isRight });
}

type Figures = Readonly<Record<'idleBytes' | 'tipBytes' | 'openedBytes' | 'openBytes' | 'waitingEntryBytes', number>> &
  Readonly<Record<'workerMiBBefore' | 'workerMiBHot' | 'hotActorBytes', number>>;

function report(figures: Figures, { wallets, entries, idleMax, left, isRight }: MemoryOptions & { left: number; isRight: boolean }): void {
  table([
    [`Redis, ${String(wallets)} wallets`, 'bytes each'],
    ['idle: mailbox forgotten', String(figures.idleBytes)],
    ['of it, its tip', String(figures.tipBytes)],
    ['open: one entry in its mailbox, at rest', String(figures.openedBytes)],
    [`open: ${String(entries + 1)} entries, at rest`, String(figures.openBytes)],
    [`each of ${String(entries)} entries that wait`, String(figures.waitingEntryBytes)],
  ]);
  const { workerMiBBefore, workerMiBHot, hotActorBytes } = figures;
  say(
    `The worker: ${String(workerMiBBefore)} MiB at its start, ${String(workerMiBHot)} MiB with all of them hot: ${String(hotActorBytes)} bytes each.`,
  );
  if (left > 0) say(`${String(left)} mailboxes could not be forgotten.`);
  lastLine({ bench: 'memory', wallets, entries, ...figures, idleMax, right: isRight });
  if (!isRight || figures.idleBytes > idleMax) process.exitCode = 1;
}

/**
 * What Redis holds, without what its connections and its log have in hand, and without the answers that it keeps for re-sends (up to 32 a
 * sender and shard, for ten minutes): those belong to our sending, not to the wallets.
 */
export async function redisBytes({ look }: Looking): Promise<number> {
  const answers = await look.redis.keys('iw:*:answers:*');
  const sizes = await Promise.all(answers.map(async (key) => Number(await look.redis.memory('USAGE', key, 'SAMPLES', 0))));
  const info = await look.redis.info('memory');
  const inHand = Number(infoOf(info, 'mem_clients_normal')) + Number(infoOf(info, 'mem_aof_buffer'));
  return Number(infoOf(info, 'used_memory')) - inHand - sizes.reduce((sum, size) => sum + size, 0);
}

/** Resident memory of a process, as Linux counts it. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
  return Number(kib ?? 0) * KIB;
}

/** Waits until the tip of each wallet names a snapshot that covers it whole: only then is it at rest. */
async function saved(looking: Looking, wallets: number): Promise<void> {
  const deadline = performance.now() + REST_MS_MAX;
  for (;;) {
    const tips = await tipsOf(looking);
    const covered = [...tips.values()].filter(({ last, snapshot }) => snapshot?.startsWith(`${last}~`) === true);
    if (covered.length === wallets) return;
    if (performance.now() > deadline) throw new Error(`${String(covered.length)} of ${String(wallets)} wallets were saved in time`);
    await sleep(LOOK_MS);
  }
}

async function tipsOf({ look, layout }: Looking): Promise<Map<ActorId, Tip>> {
  const tips = new Map<ActorId, Tip>();
  for (const shard of layout.shardsOf('wallet')) {
    let cursor = '0';
    do {
      const page = await look.operations.actors(shard, cursor);
      for (const [actor, tip] of page.actors) tips.set(actor, tip);
      cursor = page.cursor;
    } while (cursor !== '0');
  }
  return tips;
}

async function tipBytes({ look, layout }: Looking): Promise<number> {
  const sizes = layout
    .shardsOf('wallet')
    .map(async (shard) => Number(await look.redis.memory('USAGE', shardKeys(shard).tip, 'SAMPLES', 0)));
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** As the worker does a day later, a hundred at a time: with its own lease. How many stayed. */
async function forgetAll({ look, layout }: Looking, numbers: readonly string[]): Promise<number> {
  const owners = await look.leases.owners(layout.shardsOf('wallet'));
  const leaseOf = (shard: Shard): Lease => ({ shard, token: owners.get(shard)?.token ?? '', via: 'same' });
  let left = 0;
  for (let at = 0; at < numbers.length; at += FORGOTTEN_AT_ONCE) {
    const actors = numbers.slice(at, at + FORGOTTEN_AT_ONCE).map((number): ActorId => `virtual-account:${number}`);
    const gone = await Promise.all(actors.map((actor) => look.operations.forget(leaseOf(layout.shardOf(actor)), actor)));
    left += gone.filter((one) => !one).length;
  }
  return left;
}

/** Every credit was decided, and a forgotten wallet takes the next one. */
async function goesOn(looking: Looking, numbers: readonly string[], wanted: bigint): Promise<boolean> {
  await sendCredits(looking, creditsOf(numbers.slice(0, 1), 0));
  await decided(looking);
  return (await creditedOf(looking)) === wanted;
}

async function warmUp(looking: Looking, first: readonly string[]): Promise<void> {
  await openWallets(looking, first);
  await sendCredits(looking, creditsOf(first, 1));
  await decided(looking);
  await saved(looking, first.length);
  await forgetAll(looking, first);
}

function creditsOf(numbers: readonly string[], nth: number): Addressed[] {
  return numbers.map((number) => creditOf(number, { id: `bench/memory/${number}/${String(nth)}` }));
}

function apart(numbers: readonly string[]): [string[], string[]] {
  return [numbers.slice(0, FIRST), numbers.slice(FIRST)];
}
