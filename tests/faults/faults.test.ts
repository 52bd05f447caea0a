/**
 * Real faults on real servers, in the middle of 5,000 deposits: nothing lost, nothing doubled, every wallet as the bank's own tally says,
 * the proof at zero, the chain without a divergence.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { audit } from '../../engine/audit.ts';
import type { ActorId } from '../../engine/message.ts';
import { isAlive } from '../../mocks/servers/own-process.ts';
import { creditedOf, lookAt, openWallets, placed, settledPosition, walletNumbers, wrongWallets } from '../support/deposits.ts';
import type { Looking } from '../support/deposits.ts';
import { startRole } from '../support/processes.ts';
import type { RoleProcess } from '../support/processes.ts';
import { ACCOUNT, callApi, eventually, startSystem } from '../support/system.ts';
import type { SystemOptions, TestSystem } from '../support/system.ts';

const DEPOSITS = 5_000;
const WALLETS = 200;
const LEASE_MS = 1_000;
/** Places are by hash: so many that each of two workers has some. */
const SHARDS_WALLET = 16;
/** A lease that was just renewed, a look, and a machine that does other things too. */
const TAKEOVER_MS_MAX = 5 * LEASE_MS;

interface Stage {
  readonly system: TestSystem;
  readonly looking: Looking;
  /** By role, in the order asked for. */
  readonly processes: readonly RoleProcess[];
}

const TWO_WALLET_WORKERS = ['wallet', 'wallet', 'gateway,payments,omnibus'] as const;

/** The processes of these roles; wallets open, nothing on the statement yet. */
async function stage(t: ExecutionContext, roles: readonly string[] = TWO_WALLET_WORKERS, options: SystemOptions = {}): Promise<Stage> {
  const numbers = {
    LEASE_MS: String(LEASE_MS),
    SHARDS_WALLET: String(SHARDS_WALLET),
    STATEMENT_PAGE_SIZE: '100',
    STATEMENT_PULL_SECONDS: '1',
  };
  const env = { ...numbers, LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'warn' };
  const system = await startSystem({ ...options, env, service: false, bank: { pageSizeMax: 100 } });
  t.teardown(() => system.stop());
  const processes: RoleProcess[] = [];
  t.teardown(async () => {
    if (!t.passed) for (const process of processes) t.log(process.log());
    await Promise.all(processes.map((process) => process.end('SIGKILL')));
  });
  for (const role of roles) processes.push(await startRole({ role, env: system.env }));
  const looking = await lookAt(system.config);
  t.teardown(() => looking.close());
  const parts = { system, looking, processes };
  await placed(looking, roles.filter((role) => role.split(',').includes('wallet')).length);
  await openWallets(looking, walletNumbers(WALLETS));
  return parts;
}

/** Puts deposits on the statement; what they sum up to. */
async function deposit({ system }: Stage, count: number): Promise<bigint> {
  const { total } = await system.bank.bulk({ count, numbers: walletNumbers(WALLETS), amountFrom: '1.00', amountTo: '9.00', seed: 7 });
  return BigInt(total.replace('.', ''));
}

/** Puts the deposits on the statement and waits until a share of them, and not all, is credited; returns what all of them sum up to. */
async function inTheMiddle(t: ExecutionContext, parts: Stage, share: number): Promise<bigint> {
  const wanted = await deposit(parts, DEPOSITS);
  await credited(parts, BigInt(Math.floor(Number(wanted) * share)));
  t.true((await creditedOf(parts.looking)) < wanted, 'a fault after the last credit would show nothing');
  return wanted;
}

/** Waits until so many halalas are credited. */
async function credited({ looking }: Stage, wanted: bigint, ms = 30_000): Promise<void> {
  await eventually(
    () => creditedOf(looking).then(String, () => '0'),
    (sum) => BigInt(sum) >= wanted,
    ms,
  );
}

async function comesOut(t: ExecutionContext, parts: Stage, wanted: bigint): Promise<void> {
  const { system, looking } = parts;
  await credited(parts, wanted, 60_000);
  const position = await settledPosition(looking.ports);
  t.deepEqual([...position.differences.values()], [0n]);
  t.deepEqual(position.broken, []);
  t.is(await creditedOf(looking), wanted);
  t.is(await wrongWallets(looking.ports, await system.bank.tally()), 0);
  t.deepEqual((await audit(looking.ports)).divergences, []);
}

test.serial('one of two wallet workers is killed with -9 in the middle of 5,000 deposits', async (t) => {
  const parts = await stage(t);
  const wanted = await inTheMiddle(t, parts, 0.2);
  t.is((await ownersOf(parts, 'wallet')).size, 2);
  await parts.processes[0]?.end('SIGKILL');
  await takenOver(t, parts);
  await comesOut(t, parts, wanted);
});

test.serial('the process that reads the statement is killed with -9 in the middle of 5,000 deposits, and another goes on', async (t) => {
  const roles = ['wallet', 'omnibus', 'gateway,payments,omnibus'];
  const parts = await stage(t, roles);
  const wanted = await inTheMiddle(t, parts, 0.2);
  const [reader = ''] = await ownersOf(parts, 'omnibus', `bank-account:${ACCOUNT}`);
  const killed = roles.findIndex((role) => reader.startsWith(`${role.replaceAll(',', '+')}@`));
  t.is(await parts.processes[killed]?.end('SIGKILL'), null, reader);
  await comesOut(t, parts, wanted);
});

test.serial('a worker sleeps past its lease and wakes: it is fenced, and nothing is doubled', async (t) => {
  const parts = await stage(t);
  const wanted = await inTheMiddle(t, parts, 0.2);
  const [sleeper] = parts.processes;
  t.is((await ownersOf(parts, 'wallet')).size, 2);
  sleeper?.signal('SIGSTOP');
  await takenOver(t, parts);
  sleeper?.signal('SIGCONT');
  await comesOut(t, parts, wanted);
  await eventually(
    () => Promise.resolve(sleeper?.log() ?? ''),
    (log) => log.includes('shards have another owner now'),
  );
});

/** Waits until one worker holds all wallet shards: it must have taken those of the other when their leases ran out. */
async function takenOver(t: ExecutionContext, parts: Stage): Promise<void> {
  const before = performance.now();
  await eventually(
    async () => [...(await ownersOf(parts, 'wallet'))],
    (owners) => owners.length === 1,
    TAKEOVER_MS_MAX,
  );
  t.log(`taken over in ${String(Math.round(performance.now() - before))} ms, of a lease of ${String(LEASE_MS)} ms`);
}

/** Who holds the shards of a role, or the one shard of an actor. */
async function ownersOf({ looking }: Stage, role: string, actor?: ActorId): Promise<Set<string>> {
  const { layout, look } = looking;
  const owners = await look.leases.owners(actor === undefined ? layout.shardsOf(role) : [layout.shardOf(actor)]);
  return new Set([...owners.values()].map(({ owner }) => owner));
}

test.serial('Redis is killed with -9 in the middle of 5,000 deposits and comes back', async (t) => {
  const parts = await stage(t);
  const wanted = await inTheMiddle(t, parts, 0.2);
  await parts.system.redis.kill9();
  await parts.system.redis.restart();
  await comesOut(t, parts, wanted);
});

const MONGO_AWAY_MS = 30_000;

test.serial('MongoDB stands still for 30 seconds in the middle of 5,000 deposits: money keeps moving', async (t) => {
  const parts = await stage(t, TWO_WALLET_WORKERS, { ownMongo: true });
  const { system, processes } = parts;
  const before = await inTheMiddle(t, parts, 0.1);
  const { pid } = system.mongo;
  if (pid === undefined) throw new Error('a MongoDB that this test may stop is needed');
  process.kill(pid, 'SIGSTOP');
  let during = 0n;
  try {
    const away = new Promise((resolve) => setTimeout(resolve, MONGO_AWAY_MS));
    for (const { url } of processes) {
      const ready = await eventually(
        () => callApi(`${url}/readyz`),
        ({ body }) => body['mongo'] === false,
      );
      t.like(ready, { status: 200, body: { status: 'degraded', why: ['mongo_away'] } });
    }
    during = await deposit(parts, 500);
    await credited(parts, before + during, MONGO_AWAY_MS);
    await away;
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await comesOut(t, parts, before + during);
  await eventually(
    () => unnamed(parts),
    (actors) => actors.length === 0,
  );
});

/** Actors of all roles whose tip names no snapshot of it. */
async function unnamed({ looking: { look, layout } }: Stage): Promise<string[]> {
  const found: string[] = [];
  for (const shard of layout.allShards) {
    let cursor = '0';
    do {
      const page = await look.operations.actors(shard, cursor);
      cursor = page.cursor;
      for (const [actor, tip] of page.actors) if (tip.snapshot !== `${tip.last}~${tip.chain}`) found.push(actor);
    } while (cursor !== '0');
  }
  return found;
}

test('a process that a test started is gone when the test is killed', async (t) => {
  const module = new URL('../support/processes.js', import.meta.url).href;
  // Nothing answers at these addresses: the process waits, as long as it lives.
  const env = { REDIS_URL: 'redis://127.0.0.1:1', MONGODB_URL: 'mongodb://127.0.0.1:1', NODE_ENV: 'test' };
  const body = `const { pid } = await startRole({ role: 'wallet', env: ${JSON.stringify(env)}, eager: true }); process.stdout.write(String(pid));`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', `import { startRole } from '${module}'; ${body}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(said.toString());
  t.true(isAlive(pid));
  parent.kill('SIGKILL');
  await eventually(
    () => Promise.resolve(isAlive(pid)),
    (alive) => !alive,
  );
});
