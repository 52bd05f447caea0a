/** Redis lost everything in the middle of deposits and a top-up; MongoDB, the bank and the provider know enough to come out right. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { startCable } from '../../chaos/cable.ts';
import { audit } from '../../engine/audit.ts';
import { creditedOf, lookAt, openWallets, settledPosition, walletNumbers, wrongWallets } from '../support/deposits.ts';
import type { Looking } from '../support/deposits.ts';
import { startRole } from '../support/processes.ts';
import type { RoleProcess } from '../support/processes.ts';
import { decided, field, invoiceOf, itemsOf, nextKey, payOut, topUpIs, walletHas } from '../support/story.ts';
import type { Wallet } from '../support/story.ts';
import { callApi, eventually, startSystem } from '../support/system.ts';
import type { Reply, Request, TestSystem } from '../support/system.ts';

const PROGRAM = fileURLToPath(new URL('../../cli/ironwallet.js', import.meta.url));
const ALL_ROLES = 'gateway,wallet,payments,omnibus';
/** Behind the blocks that two gateways take. */
const NUMBERS = walletNumbers(5_050).slice(5_000);
const DEPOSITS = 2_000;
/** Come when the tail is given: at the loss they are not credited. */
const LATE_DEPOSITS = 500;
const ENV = {
  LEASE_MS: '60000', // a stall while MongoDB is cut shall move no shard: the other process could not load its actors
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

/** A command of a client that was answered 201. */
interface Promised {
  readonly path: string;
  readonly request: Request;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly answeredAt: number;
}

async function give(system: TestSystem, path: string, { as, body }: { readonly as: string; readonly body: unknown }): Promise<Promised> {
  const request = { as, key: nextKey(), body };
  const reply = await decided(system, path, request);
  if (reply.status !== 201) throw new Error(`${path}: ${JSON.stringify(reply.body)}`);
  return { path, request, id: String(reply.body['id']), answeredAt: Date.now() };
}

function giveTopUp(system: TestSystem, { owner, id }: Pick<Wallet, 'owner' | 'id'>, amount: string): Promise<Promised> {
  return give(system, `/v1/wallets/${id}/top-ups`, { as: owner, body: { amount, currency: 'SAR' } });
}

/** The customer pays by card, and the top-up is pending. */
async function pay(system: TestSystem, wallet: Wallet, { id }: Promised): Promise<void> {
  await system.moyasar.pay(await invoiceOf(system, id));
  await topUpIs(system, wallet, { id, status: 'processing' });
}

function lookFor(system: TestSystem, { path, id, request: { as = '' } }: Promised): Promise<Reply> {
  return eventually(
    () => system.call(`${path}/${id}`, { as }),
    ({ status }) => status === 200 || status === 404,
  );
}

/** Ids of those that the service does not know. */
async function unknownOf(system: TestSystem, promised: readonly Promised[]): Promise<string[]> {
  const found = await Promise.all(promised.map(async (one) => ({ id: one.id, status: (await lookFor(system, one)).status })));
  return found.filter(({ status }) => status === 404).map(({ id }) => id);
}

/** Up to when a role's decisions are surely in MongoDB, as `restore --json` says. */
function wholeUpTo(json: string, role: string): number {
  const horizons = field(JSON.parse(json), 'horizons');
  const own: unknown = Array.isArray(horizons) ? horizons.find((one) => field(one, 'role') === role) : null;
  return Number(field(own, 'complete'));
}

async function bulk({ bank }: TestSystem, count: number, seed: number): Promise<bigint> {
  const { total } = await bank.bulk({ count, numbers: NUMBERS, amountFrom: '1.00', amountTo: '9.00', seed });
  return BigInt(total.replace('.', ''));
}

async function twoProcesses(t: ExecutionContext, system: TestSystem, more = {}): Promise<readonly RoleProcess[]> {
  const env = { ...system.env, ...more };
  const processes = [await startRole({ role: ALL_ROLES, env }), await startRole({ role: ALL_ROLES, env })];
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

/** What clients were promised, and the money that was at the bank, when Redis was lost. */
interface Lost {
  readonly bare: TestSystem;
  readonly looking: Looking;
  readonly alice: Wallet;
  readonly opened: Promised;
  /** Settled, its payout under way. */
  readonly paid: Promised;
  /** Saved while nobody had paid it; paid in the tail. */
  readonly asked: Promised;
  /** Asked for and paid in the tail. */
  readonly late: Promised;
  /** Another wallet, opened in the tail. */
  readonly bobs: Promised;
  readonly deposited: bigint;
}

async function loseRedis(t: ExecutionContext): Promise<Lost> {
  const bare = await startSystem({ service: false, env: ENV, ownMongo: true, bank: { pageSizeMax: 100 } });
  t.teardown(() => bare.stop());
  // What the processes save goes through it: when it is cut, what follows is surely in no snapshot.
  const cable = await startCable('mongo', Number(new URL(bare.mongo.url).port));
  t.teardown(() => cable.close());
  const processes = await twoProcesses(t, bare, { MONGODB_URL: `mongodb://127.0.0.1:${String(cable.port)}` });
  const before = servedBy(bare, processes);
  const looking = await lookAt(bare.config);
  t.teardown(() => looking.close());
  await openWallets(looking, NUMBERS);
  const opened = await give(before, '/v1/wallets', { as: 'alice', body: {} });
  const alice: Wallet = { owner: 'alice', id: opened.id, iban: '' };
  const paid = await giveTopUp(before, alice, '100.00');
  await pay(before, alice, paid);
  const asked = await giveTopUp(before, alice, '40.00');
  await invoiceOf(before, asked.id);
  await saved(looking);

  // Under way: deposits and the payout of the first top-up.
  const { expectedCreditText } = await before.moyasar.settle();
  await payOut(before, expectedCreditText);
  const first = await bulk(before, DEPOSITS, 7);
  await eventually(
    () => creditedOf(looking).then(String),
    (sum) => BigInt(sum) > first / 4n,
  );
  // The tail: nothing of it reaches MongoDB.
  cable.cut();
  await pay(before, alice, asked);
  const late = await giveTopUp(before, alice, '25.00');
  await pay(before, alice, late);
  const bobs = await give(before, '/v1/wallets', { as: 'bob', body: {} });
  const deposited = first + (await bulk(before, LATE_DEPOSITS, 8));
  await Promise.all(processes.map((process) => process.end('SIGKILL')));
  t.true((await creditedOf(looking)) < deposited, 'a loss after the last credit would show little');
  await looking.look.redis.flushall();
  return { bare, looking, alice, opened, paid, asked, late, bobs, deposited };
}

/** Up to when the wallets' decisions are whole, as the dry run said. */
async function restoreIt(t: ExecutionContext, { bare, looking }: Lost): Promise<number> {
  await t.throwsAsync(startRole({ role: ALL_ROLES, env: bare.env }), { message: /ironwallet restore/ });
  const dry = await ironwallet(bare, 'restore', '--dry-run', '--json');
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
  return wholeUpTo(dry.output, 'wallet');
}

function untilCredited(looking: Looking, sum: bigint): Promise<string> {
  return eventually(
    () => creditedOf(looking).then(String),
    (seen) => BigInt(seen) >= sum,
    60_000,
  );
}

/** What the bank credited, what the provider settled, and the payment of the top-up that was saved unpaid. */
async function comesBackByItself(t: ExecutionContext, after: TestSystem, lost: Lost): Promise<void> {
  const { looking, alice, paid, asked, late, deposited } = lost;
  await topUpIs(after, alice, { id: paid.id, status: 'paid' });
  await topUpIs(after, alice, { id: asked.id, status: 'processing' });
  await walletHas(after, alice, { available: '100.00', pending: '40.00' });
  await untilCredited(looking, deposited + 10_000n);
  t.is((await invoicesOf(after, late.id)).length, 1, 'paid at the provider, and nobody here knows');
}

/** With their keys all commands have one effect, and the settlement finds the payment that was lost. */
async function repeatAll(t: ExecutionContext, after: TestSystem, lost: Lost): Promise<void> {
  const { looking, alice, opened, paid, asked, late, bobs, deposited } = lost;
  const known = [opened, paid, asked, late];
  const repeated = await Promise.all([...known, bobs].map(({ path, request }) => decided(after, path, request)));
  t.deepEqual(
    repeated.map(({ status }) => status),
    [201, 201, 201, 201, 201],
  );
  t.deepEqual(
    repeated.slice(0, known.length).map(({ body }) => body['id']),
    known.map(({ id }) => id),
  );
  for (const as of ['alice', 'bob']) t.is(itemsOf((await after.call('/v1/wallets', { as })).body).length, 1, `wallets of ${as}`);
  t.is(itemsOf((await after.call(`/v1/wallets/${alice.id}/fund-requests`, { as: 'alice' })).body).length, 3);
  await payOut(after, (await after.moyasar.settle()).expectedCreditText);
  for (const { id } of [asked, late]) await topUpIs(after, alice, { id, status: 'paid' });
  await walletHas(after, alice, { available: '165.00', pending: '0.00' });
  await untilCredited(looking, deposited + 16_500n);
  await eventually(
    () => invoicesOf(after, late.id),
    (statuses) => statuses.every((status) => status !== 'initiated'),
  );
}

test.serial(
  'Redis lost everything in the middle of 2,500 deposits and three top-ups: restored, pulled and repeated, every wallet is right',
  async (t) => {
    const lost = await loseRedis(t);
    const { bare, looking, opened, paid, asked, late, bobs, deposited } = lost;
    const wholeUntil = await restoreIt(t, lost);
    const after = servedBy(bare, await twoProcesses(t, bare));
    await comesBackByItself(t, after, lost);

    // Not by itself: the commands of the tail, and no other.
    const tail = await unknownOf(after, [opened, paid, asked, late, bobs]);
    t.log(`commands of the lost tail: ${tail.join(', ')}`);
    t.deepEqual(tail, [late.id, bobs.id]);
    for (const { id, answeredAt } of [late, bobs]) t.true(answeredAt > wholeUntil, `${id} was answered before ${String(wholeUntil)}`);
    await repeatAll(t, after, lost);

    const position = await settledPosition(looking.ports);
    t.deepEqual([...position.differences.values()], [0n]);
    t.deepEqual(position.broken, []);
    t.is(await wrongWallets(looking.ports, await after.bank.tally()), 0);
    t.is(await creditedOf(looking), deposited + 16_500n);
    t.deepEqual((await audit(looking.ports)).divergences, []);
    t.deepEqual(await looking.look.operations.parked(looking.layout.allShards), []);
  },
);

/** How the provider's invoices for a top-up stand. */
async function invoicesOf({ moyasar }: TestSystem, topUpId: string): Promise<string[]> {
  const all = await moyasar.invoices();
  return all.filter(({ metadata }) => Object.values(metadata ?? {}).includes(topUpId)).map(({ status }) => status);
}
