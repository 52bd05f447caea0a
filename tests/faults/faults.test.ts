/**
 * Real faults on real servers, in the middle of 5,000 deposits: nothing lost, nothing doubled, every wallet as the bank's own tally says,
 * the proof at zero, the chain without a divergence.
 */
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { audit } from '../../engine/audit.ts';
import { creditedOf, lookAt, openWallets, settledPosition, walletNumbers, wrongWallets } from '../support/deposits.ts';
import type { Looking } from '../support/deposits.ts';
import { startRole } from '../support/processes.ts';
import type { RoleProcess } from '../support/processes.ts';
import { callApi, eventually, startSystem } from '../support/system.ts';
import type { SystemOptions, TestSystem } from '../support/system.ts';

const DEPOSITS = 5_000;
const WALLETS = 200;
const LEASE_MS = 1_000;

interface Stage {
  readonly system: TestSystem;
  readonly looking: Looking;
  readonly workers: readonly RoleProcess[];
  readonly others: RoleProcess;
}

/** Two wallet workers, and one process for the rest; wallets open, deposits on the statement, nothing pulled yet. */
async function stage(t: ExecutionContext, options: SystemOptions = {}): Promise<Stage> {
  const env = { LEASE_MS: String(LEASE_MS), STATEMENT_PAGE_SIZE: '100', STATEMENT_PULL_SECONDS: '1', ...options.env };
  const system = await startSystem({ ...options, env, service: false, bank: { pageSizeMax: 100 } });
  const workers = await Promise.all([startRole({ role: 'wallet', env: system.env }), startRole({ role: 'wallet', env: system.env })]);
  const others = await startRole({ role: 'gateway,payments,omnibus', env: system.env });
  const looking = await lookAt(system.config);
  t.teardown(async () => {
    if (!t.passed) for (const process of [...workers, others]) t.log(process.log());
    await looking.close();
    await Promise.all([...workers, others].map((process) => process.end('SIGKILL')));
    await system.stop();
  });
  await openWallets(looking, walletNumbers(WALLETS));
  return { system, looking, workers, others };
}

/** Puts the deposits on the statement and waits until a share of them is credited; returns what all of them sum up to. */
async function inTheMiddle({ system, looking }: Stage, share: number): Promise<bigint> {
  const { total } = await system.bank.bulk({
    count: DEPOSITS,
    numbers: walletNumbers(WALLETS),
    amountFrom: '1.00',
    amountTo: '9.00',
    seed: 7,
  });
  const wanted = BigInt(total.replace('.', ''));
  const part = BigInt(Math.floor(Number(wanted) * share));
  await eventually(
    () => creditedOf(looking).then(String),
    (credited) => BigInt(credited) >= part,
  );
  return wanted;
}

async function comesOut(t: ExecutionContext, { system, looking }: Stage, wanted: bigint): Promise<void> {
  await eventually(
    () => creditedOf(looking).then(String, () => '0'),
    (credited) => BigInt(credited) >= wanted,
    60_000,
  );
  const position = await settledPosition(looking.ports);
  t.deepEqual([...position.differences.values()], [0n]);
  t.deepEqual(position.broken, []);
  t.is(await creditedOf(looking), wanted);
  t.is(await wrongWallets(looking.ports, await system.bank.tally()), 0);
  t.deepEqual((await audit(looking.ports)).divergences, []);
}

test.serial('one of two wallet workers is killed with -9 in the middle of 5,000 deposits', async (t) => {
  const parts = await stage(t);
  const wanted = await inTheMiddle(parts, 0.2);
  await parts.workers[0]?.end('SIGKILL');
  await comesOut(t, parts, wanted);
});

test.serial('a worker sleeps past its lease and wakes: it is fenced, and nothing is doubled', async (t) => {
  const parts = await stage(t);
  const wanted = await inTheMiddle(parts, 0.2);
  const [sleeper, other] = parts.workers;
  sleeper?.signal('SIGSTOP');
  await eventually(
    () => ownersOf(parts),
    (owners) => owners.size === 1,
  );
  sleeper?.signal('SIGCONT');
  await comesOut(t, parts, wanted);
  t.not(other, undefined);
});

async function ownersOf({ looking }: Stage): Promise<Set<string>> {
  const owners = await looking.look.leases.owners(looking.layout.shardsOf('wallet'));
  return new Set([...owners.values()].map(({ owner }) => owner));
}

test.serial('Redis is killed with -9 in the middle of 5,000 deposits and comes back', async (t) => {
  const parts = await stage(t);
  const wanted = await inTheMiddle(parts, 0.2);
  await parts.system.redis.kill9();
  await parts.system.redis.restart();
  await comesOut(t, parts, wanted);
});

test.serial('MongoDB stands still for 30 seconds in the middle of 5,000 deposits: money keeps moving', async (t) => {
  const parts = await stage(t, { ownMongo: true, env: { SNAPSHOT_MS: '500' } });
  const { system, looking, others } = parts;
  const wanted = await inTheMiddle(parts, 0.1);
  const { pid } = system.mongo;
  if (pid === undefined) throw new Error('a MongoDB that this test may stop is needed');
  process.kill(pid, 'SIGSTOP');
  const before = await creditedOf(looking);
  try {
    const stopped = performance.now();
    await eventually(
      () => callApi(`${others.url}/readyz`),
      ({ status, body }) => status === 200 && body['status'] === 'degraded',
    );
    await eventually(
      () => creditedOf(looking).then(String),
      (credited) => BigInt(credited) > before,
    );
    const left = 30_000 - (performance.now() - stopped);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, left)));
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await comesOut(t, parts, wanted);
});
