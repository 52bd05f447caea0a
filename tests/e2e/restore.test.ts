/** Redis lost everything in the middle of deposits and a top-up; MongoDB, the bank and the provider know enough to come out right. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { audit } from '../../engine/audit.ts';
import { creditedOf, lookAt, openWallets, settledPosition, walletNumbers, wrongWallets } from '../support/deposits.ts';
import type { Looking } from '../support/deposits.ts';
import { startRole } from '../support/processes.ts';
import type { RoleProcess } from '../support/processes.ts';
import { openWallet, payOut, pendingTopUp, topUpIs, walletHas } from '../support/story.ts';
import { callApi, eventually, startSystem } from '../support/system.ts';
import type { TestSystem } from '../support/system.ts';

const PROGRAM = fileURLToPath(new URL('../../cli/ironwallet.js', import.meta.url));
const ALL_ROLES = 'gateway,wallet,payments,omnibus';
/** Behind the blocks that two gateways take. */
const NUMBERS = walletNumbers(5_050).slice(5_000);
const DEPOSITS = 2_000;
const ENV = {
  LEASE_MS: '1000',
  SNAPSHOT_MS: '700',
  STATEMENT_PAGE_SIZE: '50',
  MOYASAR_POLL_SECONDS: '1',
  MOYASAR_SETTLEMENT_POLL_SECONDS: '1',
};

interface Ended {
  readonly code: number;
  readonly output: string;
}

async function ironwallet(system: TestSystem, ...args: readonly string[]): Promise<Ended> {
  const ended = await promisify(execFile)(process.execPath, [PROGRAM, ...args], { env: { ...process.env, ...system.env } }).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (error: unknown) => ({ code: numberIn(error, 'code'), output: textIn(error, 'stdout') + textIn(error, 'stderr') }),
  );
  return ended;
}

function numberIn(error: unknown, name: string): number {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, name) : null;
  return typeof value === 'number' ? value : -1;
}

function textIn(error: unknown, name: string): string {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, name) : null;
  return typeof value === 'string' ? value : '';
}

/** Every actor's snapshot is the newest there can be. */
async function saved({ look, layout }: Looking): Promise<void> {
  await eventually(
    async () => {
      const pages = await Promise.all(layout.allShards.map((shard) => look.operations.actors(shard, '0')));
      return pages.flatMap(({ actors }) => [...actors]).filter(([, tip]) => tip.snapshot !== `${tip.last}~${tip.chain}`).length;
    },
    (unsaved) => unsaved === 0,
  );
}

async function twoProcesses(t: ExecutionContext, system: TestSystem): Promise<readonly RoleProcess[]> {
  const processes = [await startRole({ role: ALL_ROLES, env: system.env }), await startRole({ role: ALL_ROLES, env: system.env })];
  t.teardown(async () => {
    if (!t.passed) for (const process of processes) t.log(process.log().slice(-3_000));
    await Promise.all(processes.map((process) => process.end('SIGKILL')));
  });
  const url = processes[0]?.url ?? '';
  await system.webhooksTo({ payments: url, omnibus: url });
  return processes;
}

function servedBy(system: TestSystem, processes: readonly RoleProcess[]): TestSystem {
  return { ...system, call: (path, request) => callApi(`${processes[0]?.url ?? ''}${path}`, request) };
}

test.serial(
  'Redis lost everything in the middle of 2,000 deposits and two top-ups: restored and read again, every wallet is right',
  async (t) => {
    const bare = await startSystem({ service: false, env: ENV, bank: { pageSizeMax: 100 } });
    t.teardown(() => bare.stop());
    const processes = await twoProcesses(t, bare);
    const before = servedBy(bare, processes);
    const looking = await lookAt(bare.config);
    t.teardown(() => looking.close());
    await openWallets(looking, NUMBERS);
    const alice = await openWallet(before, 'alice');
    const paid = await pendingTopUp(before, alice, '100.00');
    await saved(looking);

    // Under way: deposits, a second top-up, and the payout of the first.
    const { expectedCreditText } = await before.moyasar.settle();
    const pending = await pendingTopUp(before, alice, '40.00');
    await payOut(before, expectedCreditText);
    const { total } = await before.bank.bulk({
      count: DEPOSITS,
      numbers: NUMBERS,
      amountFrom: '1.00',
      amountTo: '9.00',
      seed: 7,
    });
    const wanted = BigInt(total.replace('.', ''));
    await eventually(
      () => creditedOf(looking).then(String),
      (sum) => BigInt(sum) > wanted / 4n,
    );
    await Promise.all(processes.map((process) => process.end('SIGKILL')));
    t.true((await creditedOf(looking)) < wanted, 'a loss after the last credit would show little');
    await looking.look.redis.flushall();

    await t.throwsAsync(startRole({ role: ALL_ROLES, env: bare.env }), { message: /ironwallet restore/ });
    const dry = await ironwallet(bare, 'restore', '--dry-run');
    t.is(dry.code, 0, dry.output);
    t.is(await looking.look.redis.dbsize(), 0, 'a dry run writes nothing');
    const restored = await ironwallet(bare, 'restore');
    t.is(restored.code, 0, restored.output);
    t.regex(restored.output, /virtual-account +51\n/);
    t.regex(restored.output, /whole up to/);
    t.log(restored.output);
    const again = await ironwallet(bare, 'restore');
    t.is(again.code, 1);
    t.regex(again.output, /not empty/);

    const after = servedBy(bare, await twoProcesses(t, bare));
    await topUpIs(after, alice, { id: paid.id, status: 'paid' });
    // What came after the last snapshot may be unknown to the wallet; what the provider has is asked for by whoever knows of it.
    await walletHas(after, alice, { available: '100.00' });
    await eventually(
      () => creditedOf(looking).then(String),
      (sum) => BigInt(sum) >= wanted + 10_000n,
      60_000,
    );
    const position = await settledPosition(looking.ports);
    t.deepEqual([...position.differences.values()], [0n]);
    t.deepEqual(position.broken, []);
    t.is(await wrongWallets(looking.ports, await after.bank.tally()), 0);
    t.deepEqual((await audit(looking.ports)).divergences, []);
    t.deepEqual(await looking.look.operations.parked(looking.layout.allShards), []);
    t.is(typeof pending.id, 'string');
  },
);
