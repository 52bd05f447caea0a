/**
 * How long nobody is served after `kill -9` of a process with many actors that is started again at once; and how long a fresh process needs for an
 * actor with a long tail of entries after its snapshot. The process has all roles and standard settings; Redis syncs every write.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { unfolded } from '../engine/fold.ts';
import type { ActorId } from '../engine/message.ts';
import { seededRandom } from '../mocks/control/random.ts';
import { freePort } from '../mocks/servers/own-process.ts';
import { startMongo } from '../mocks/servers/mongo.ts';
import { startRedis } from '../mocks/servers/redis.ts';
import { workersKey } from '../providers/redis/keys.ts';
import { availableOf, creditedOf, creditOf, decided, lookAt, openingOf, walletNumbers } from '../tests/support/deposits.ts';
import type { Looking } from '../tests/support/deposits.ts';
import { startRole } from '../tests/support/processes.ts';
import type { RoleProcess } from '../tests/support/processes.ts';
import { ACCOUNT, configOf, environmentOf, SECRET_KEY } from '../tests/support/system.ts';
import { figuresOf, lastLine, perSecond, say, startBeside, table } from './rig.ts';
import { saved } from './systems.ts';

export interface RestartOptions {
  readonly wallets: number;
  /** Of all wallets together, their openings included. */
  readonly entries: number;
  /** Wallets at random that are to commit one credit each. */
  readonly credits: number;
  readonly tail: number;
  /** Wallets that the tail is spread over. */
  readonly tailWallets: number;
  readonly leaseMs: number;
  /** Started again at another port, as on another machine: it waits for the leases of the killed one. */
  readonly elsewhere: boolean;
}

const SEED = 1;
const SENT_AT_ONCE = 1_000;
/** Wallets whose history is made together: what waits stays small, and each has its snapshot when it is whole. */
const BLOCK = 500;
const WAITING_MAX = 2_000;
const SERVED_MS_MAX = 120_000;
const LOOK_MS = 20;
const COLD_LOADS = 20;

interface Rig {
  readonly looking: Looking;
  readonly numbers: readonly string[];
  /** Halalas that each wallet was sent. */
  readonly sent: Map<string, bigint>;
  start(): Promise<RoleProcess>;
  /** Holds MongoDB still, or lets it go on. */
  mongo(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

export async function restart(options: RestartOptions): Promise<void> {
  const redis = await startRedis({ own: true, maxmemory: '8gb' });
  const mongo = await startMongo({ own: true });
  const bank = await startBeside('fake-bank.js', [ACCOUNT, '20']);
  const moyasar = await startBeside('fake-moyasar.js', [SECRET_KEY]);
  const env = {
    ...environmentOf({ redis, mongo, moyasar: moyasar.url, bank: bank.url }),
    ...{ SHARDS_WALLET: '64', SHARDS_PAYMENTS: '64', SHARDS_OMNIBUS: '64', SNAPSHOT_MS: '10000', LEASE_MS: String(options.leaseMs) },
    ...{ STATEMENT_PULL_SECONDS: '60', LOG_LEVEL: 'silent' },
  };
  const started: RoleProcess[] = [];
  const port = await freePort();
  const start = async (): Promise<RoleProcess> => {
    const where = options.elsewhere ? await freePort() : port;
    const process_ = await startRole({ role: 'gateway,wallet,payments,omnibus', env, eager: true, port: where });
    started.push(process_);
    return process_;
  };
  const signalMongo = (signal: NodeJS.Signals): void => {
    if (mongo.pid === undefined) throw new Error('this MongoDB is not ours to hold still');
    process.kill(mongo.pid, signal);
  };
  const looking = await lookAt(configOf(env));
  const numbers = walletNumbers(options.wallets);
  try {
    await measure({ looking, numbers, sent: new Map(), start, mongo: signalMongo }, options);
  } finally {
    await looking.close();
    for (const one of started) await one.end('SIGKILL');
    await Promise.all([bank.process.end('SIGTERM'), moyasar.process.end('SIGTERM')]);
    await redis.close();
    await mongo.close();
  }
}

async function measure(rig: Rig, options: RestartOptions): Promise<void> {
  const first = await rig.start();
  const history = await prepare(rig, options);
  await saved(rig.looking, first.url);
  const { memoryUsed } = await rig.looking.look.operations.gauges([]);
  const facts = { ...history, redisMb: Math.round(memoryUsed / 1024 ** 2) };
  say(
    `${String(options.wallets)} wallets, ${String(history.entries)} entries, ${String(facts.redisMb)} MB of Redis, ${String(history.perSecond)} entries/s`,
  );
  const { second, served } = await killAndServe(rig, first, options);
  const loads = await loadTail(rig, second, options);
  await decided(rig.looking);
  const wrong = await wrongOf(rig);
  report({ served, loads, options });
  lastLine({ bench: 'restart', ...served, ...loads, wallets: options.wallets, ...facts, leaseMs: options.leaseMs, wrong });
  if (wrong > 0) process.exitCode = 1;
}

// ---- history ---------------------------------------------------------------------------------------------------------------------

interface History {
  readonly entries: number;
  readonly perSecond: number;
}

/** By real messages, decided by the process that will be killed. */
async function prepare(rig: Rig, { wallets, entries }: RestartOptions): Promise<History> {
  const random = seededRandom(SEED);
  const credits = Math.max(1, Math.round(entries / wallets) - 1);
  const { look, layout } = rig.looking;
  const shards = layout.shardsOf('wallet');
  const begun = performance.now();
  for (let at = 0; at < wallets; at += BLOCK) {
    const messages = rig.numbers.slice(at, at + BLOCK).flatMap((number) => [
      openingOf(number),
      ...Array.from({ length: credits }, (_, index) => {
        return credit(rig, number, { id: `bench/${number}/${String(index)}`, amount: BigInt(random.integer(100, 50_000)) });
      }),
    ]);
    for (let from = 0; from < messages.length; from += SENT_AT_ONCE)
      await look.mailboxes.send(messages.slice(from, from + SENT_AT_ONCE), null);
    look.hints.work(shards);
    while ((await look.operations.gauges(shards)).ready > WAITING_MAX) await sleep(LOOK_MS);
  }
  await decided(rig.looking);
  const all = wallets * (credits + 1);
  return { entries: all, perSecond: perSecond(all, performance.now() - begun) };
}

/** Remembers what was sent. */
function credit({ sent }: Rig, number: string, { id, amount = 100n }: { readonly id: string; readonly amount?: bigint }) {
  sent.set(number, (sent.get(number) ?? 0n) + amount);
  return creditOf(number, { id, amount });
}

// ---- killed and started again ------------------------------------------------------------------------------------------------------

/** Milliseconds from the kill. */
interface Served {
  /** The process answers HTTP. */
  readonly answersMs: number;
  /** `/readyz` says `ready`. */
  readonly readyMs: number;
  /** The last lease of the killed process ended: no other setting than LEASE_MS changes it. */
  readonly leasesEndMs: number;
  /** Its last heartbeat counted until then: the new process leaves it a share of the shards for so long. */
  readonly heartbeatEndsMs: number;
  readonly shardsTakenMs: number;
  readonly firstCreditMs: number;
  readonly allCreditsMs: number;
  /** Of it, after the last shard was taken. */
  readonly afterShardsMs: number;
}

async function killAndServe(
  rig: Rig,
  first: RoleProcess,
  { credits, leaseMs }: RestartOptions,
): Promise<{ second: RoleProcess; served: Served }> {
  const { look, layout } = rig.looking;
  const random = seededRandom(SEED + 1);
  const chosen = new Set<string>();
  while (chosen.size < Math.min(credits, rig.numbers.length)) chosen.add(rig.numbers[random.integer(0, rig.numbers.length - 1)] ?? '');
  const leases = await look.leases.owners(layout.allShards);
  const leasesEnd = Math.max(...[...leases.values()].map(({ expiresAt }) => expiresAt));
  const begun = performance.now();
  const leasesEndMs = leasesEnd - Date.now();
  await first.end('SIGKILL');
  const heartbeatEndsMs = Math.round((await lastHeartbeat(rig.looking)) + leaseMs - Date.now() + performance.now() - begun);
  const second = await rig.start();
  const messages = [...chosen].map((number) => credit(rig, number, { id: `bench/after/${number}` }));
  const actors = messages.map(({ to }) => to);
  const commits = commitsOf(rig.looking, actors);
  for (let at = 0; at < messages.length; at += SENT_AT_ONCE) await look.mailboxes.send(messages.slice(at, at + SENT_AT_ONCE), null);
  look.hints.work(layout.shardsOf('wallet'));
  const since = (): number => Math.round(performance.now() - begun);
  const [{ answersMs, readyMs }, shardsTakenMs] = await Promise.all([
    ready(second, since),
    taken(rig.looking, ownersOf(leases)).then(since),
    commits.all(),
  ]);
  const times = [...commits.atMs.values()].map((atMs) => Math.round(atMs - begun));
  const [firstCreditMs, allCreditsMs] = [Math.min(...times), Math.max(...times)];
  const afterShardsMs = Math.max(0, allCreditsMs - shardsTakenMs);
  return {
    second,
    served: { answersMs, readyMs, leasesEndMs, heartbeatEndsMs, shardsTakenMs, firstCreditMs, allCreditsMs, afterShardsMs },
  };
}

/** By the server's clock, which is this machine's. */
async function lastHeartbeat({ look }: Looking): Promise<number> {
  const [, score] = await look.redis.zrevrange(workersKey('wallet'), 0, 0, 'WITHSCORES');
  return Number(score);
}

const readyz = z.object({ status: z.string() });

async function ready({ url }: RoleProcess, since: () => number): Promise<{ readonly answersMs: number; readonly readyMs: number }> {
  let answersMs = 0;
  const isReady = async (): Promise<boolean> => {
    const response = await fetch(`${url}/readyz`).catch(() => null);
    if (response === null) return false;
    if (answersMs === 0) answersMs = since();
    return readyz.parse(await response.json()).status === 'ready';
  };
  await soon(isReady, 'the process is ready');
  return { answersMs, readyMs: since() };
}

type Owned = Awaited<ReturnType<Looking['look']['leases']['owners']>>;

function ownersOf(leases: Owned): Set<string> {
  return new Set([...leases.values()].map(({ owner }) => owner));
}

/** Resolves when every shard of the wallets has another owner than these. */
async function taken({ look, layout }: Looking, former: ReadonlySet<string>): Promise<void> {
  const shards = layout.shardsOf('wallet');
  await soon(async () => {
    const owners = await look.leases.owners(shards);
    return shards.every((shard) => !former.has(owners.get(shard)?.owner ?? ''));
  }, 'all shards taken');
}

/** `until`, with closer looks. */
async function soon(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + SERVED_MS_MAX;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not so after ${String(SERVED_MS_MAX)} ms`);
    await sleep(LOOK_MS);
  }
}

/** When the owners of these actors say that they have committed, from now on. */
function commitsOf({ look }: Looking, actors: readonly ActorId[]) {
  const open = new Set(actors);
  const atMs = new Map<ActorId, number>();
  const end = look.hints.onCommitted((committed) => {
    for (const actor of committed) if (open.delete(actor)) atMs.set(actor, performance.now());
  });
  return {
    atMs,
    async all(): Promise<void> {
      await soon(() => Promise.resolve(open.size === 0), `${String(actors.length)} wallets commit`).finally(end);
    },
  };
}

// ---- a long tail -------------------------------------------------------------------------------------------------------------------

interface Loads {
  /** Entries after their snapshots, as they were found. */
  readonly tail: number;
  readonly tailMs: number;
  /** The same of a wallet that its snapshot covers, median. */
  readonly coldMs: number;
}

/** MongoDB stands still while the tail is made, as in the field: nothing else keeps an owner from saving its actors. */
async function loadTail(rig: Rig, second: RoleProcess, options: RestartOptions): Promise<Loads> {
  const { look, layout } = rig.looking;
  const random = seededRandom(SEED + 2);
  const chosen = new Set<string>();
  while (chosen.size < Math.min(options.tailWallets + COLD_LOADS, rig.numbers.length))
    chosen.add(rig.numbers[random.integer(0, rig.numbers.length - 1)] ?? '');
  const [long, short] = [[...chosen].slice(0, options.tailWallets), [...chosen].slice(options.tailWallets)];
  await sendAndWait(rig, long, 'bench/warm'); // in memory: without MongoDB they could not be loaded
  await saved(rig.looking, second.url);
  rig.mongo('SIGSTOP');
  for (let at = 0; at < options.tail; at += SENT_AT_ONCE) {
    const count = Math.min(SENT_AT_ONCE, options.tail - at);
    const messages = Array.from({ length: count }, (_, index) =>
      credit(rig, long[(at + index) % long.length] ?? '', { id: `bench/tail/${String(at + index)}` }),
    );
    await look.mailboxes.send(messages, null);
  }
  await decided(rig.looking);
  const former = ownersOf(await look.leases.owners(layout.allShards));
  await second.end('SIGKILL');
  rig.mongo('SIGCONT');
  await rig.start();
  await taken(rig.looking, former);
  const tail = await tailOf(rig, long);
  if (tail < options.tail) throw new Error(`the tail has ${String(tail)} entries: a snapshot was written meanwhile`);
  const tailMs = await sendAndWait(rig, long, 'bench/load');
  const times: number[] = [];
  for (const number of short) times.push(await sendAndWait(rig, [number], 'bench/load'));
  return { tail, tailMs, coldMs: figuresOf(times).p50 };
}

/** Committed entries after the snapshots of these wallets. */
async function tailOf({ looking }: Rig, numbers: readonly string[]): Promise<number> {
  let tail = 0;
  for (const number of numbers) {
    const { tip, from } = await unfolded(`virtual-account:${number}`, looking.ports);
    tail += (tip?.n ?? 0) - from.head.n;
  }
  return tail;
}

/** One credit each; the time until all are committed. */
async function sendAndWait(rig: Rig, numbers: readonly string[], id: string): Promise<number> {
  const { look, layout } = rig.looking;
  const messages = numbers.map((number) => credit(rig, number, { id: `${id}/${number}` }));
  const commits = commitsOf(
    rig.looking,
    messages.map(({ to }) => to),
  );
  const begun = performance.now();
  await look.mailboxes.send(messages, null);
  look.hints.work(layout.shardsOf('wallet'));
  await commits.all();
  return Math.round(Math.max(...commits.atMs.values()) - begun);
}

// ---- what came of it ---------------------------------------------------------------------------------------------------------------

/** Wallets that have another balance than they were sent; the books' total counts as one. */
async function wrongOf({ looking, sent, numbers }: Rig): Promise<number> {
  const available = await availableOf(looking.ports);
  const all = [...sent.values()].reduce((sum, one) => sum + one, 0n);
  const books = (await creditedOf(looking)) === all ? 0 : 1;
  return books + numbers.filter((number) => available.get(number) !== sent.get(number)).length;
}

function report({ served, loads, options }: { readonly served: Served; readonly loads: Loads; readonly options: RestartOptions }): void {
  table([
    ['after kill -9 and an immediate start', 'ms'],
    ['the process answers', String(served.answersMs)],
    ['/readyz says ready', String(served.readyMs)],
    [`the leases of the killed one would have ended (LEASE_MS ${String(options.leaseMs)})`, String(served.leasesEndMs)],
    ['its last heartbeat would have', String(served.heartbeatEndsMs)],
    ['all wallet shards are taken', String(served.shardsTakenMs)],
    ['a first wallet at random has committed a credit', String(served.firstCreditMs)],
    [`${String(options.credits)} wallets at random have`, String(served.allCreditsMs)],
    ['of it, after the last shard was taken', String(served.afterShardsMs)],
  ]);
  table([
    ['cold wallets commit their next entry', 'ms'],
    [`first thing of a fresh process, ${String(loads.tail)} entries after ${String(options.tailWallets)} snapshots`, String(loads.tailMs)],
    ['then: covered by the snapshot, median', String(loads.coldMs)],
  ]);
}
