import test from 'ava';
import { audit } from './audit.ts';
import { POSTINGS_PER_PAGE } from './envelope.ts';
import { Fault } from './fault.ts';
import { foldActor } from './fold.ts';
import { inspect, replay } from './inspect.ts';
import type { ActorId, EntryId } from './message.ts';
import { skipEntry } from './skip.ts';
import type { OnSkipped, SkipPorts } from './skip.ts';
import { createRig } from './testing/rig.ts';
import { createPurse } from './testing/toy.ts';

const A: ActorId = 'purse:a';
const kind = { ...createPurse(), carries: () => ({ currency: 'SAR', amount: 7n }) };

async function setUp() {
  const rig = createRig({ kinds: [kind] });
  const worker = rig.worker({ flushEntries: 100_000, flushAgeMs: 1e9 });
  await worker.start();
  const ports = { ...rig.ports, registry: rig.registry, layout: rig.layout, shards: rig.layout.allShards };
  return { rig, worker, ports };
}

type Setup = Awaited<ReturnType<typeof setUp>>;

async function deposits(setup: Setup, count: number, amount = '1'): Promise<void> {
  for (let n = 0; n < count; n += 1) await setup.rig.send(A, 'Deposit', { amount });
  await setup.rig.system.advance(200);
}

/** Deposits, then the entry that stops the actor, then one more deposit. */
async function parkedAfter(setup: Setup, count: number): Promise<EntryId> {
  await deposits(setup, count);
  const [sent] = await setup.rig.send(A, 'Boom', {});
  await deposits(setup, 1);
  if (sent?.sent !== true) throw new Error('not sent');
  return sent.entry;
}

async function stop({ rig, worker }: Setup): Promise<void> {
  const progress = { stopped: false };
  void worker.stop().then(() => (progress.stopped = true));
  while (!progress.stopped) await rig.system.advance(100);
}

test('an actor’s facts: tip, state, owner, and the entries that no snapshot covers', async (t) => {
  const setup = await setUp();
  await deposits(setup, 30);
  const facts = await inspect(A, setup.ports);
  t.like(facts, { actor: A, shard: setup.rig.layout.shardOf(A), lag: 0, parked: null, fault: null });
  t.like(facts.envelope?.state, { balance: 30n });
  t.is(facts.tip?.n, 30);
  t.is(facts.entries.length, 20);
  t.regex(facts.owner ?? '', /^worker\//);
  await stop(setup);
});

test('of an actor nobody wrote to there is nothing to tell, and no error', async (t) => {
  const setup = await setUp();
  t.like(await inspect(A, setup.ports), { tip: null, envelope: null, lag: 0, parked: null, fault: null });
  t.like(await replay(A, setup.ports), { tip: null, steps: [], proven: null });
  await stop(setup);
});

test('a parked actor shows what stopped it and what waits behind', async (t) => {
  const setup = await setUp();
  const entry = await parkedAfter(setup, 2);
  const facts = await inspect(A, setup.ports);
  t.like(facts.parked, { actor: A, entry });
  t.regex(facts.parked?.error ?? '', /boom/);
  t.deepEqual(
    facts.waiting.map(({ type }) => type),
    ['Boom', 'Deposit'],
  );
  await stop(setup);
});

test('an actor whose snapshot is gone is shown with its fault', async (t) => {
  const setup = await setUp();
  await deposits(setup, 1);
  await stop(setup);
  setup.rig.ports.mongo.snapshots.clear();
  const facts = await inspect(A, setup.ports);
  t.is(facts.fault?.code, 'snapshot_missing');
  t.is(facts.tip?.n, 1);
  await t.throwsAsync(replay(A, setup.ports), { instanceOf: Fault, message: /no snapshot/ });
});

test('a replay shows every decision with its chain, and that it leads to the tip', async (t) => {
  const setup = await setUp();
  await deposits(setup, 3);
  await setup.rig.send(A, 'Pay', { to: 'purse:b', amount: '100' });
  await setup.rig.system.advance(200);
  const whole = await replay(A, setup.ports);
  t.deepEqual(
    whole.steps.map(({ code }) => code),
    ['accepted', 'accepted', 'accepted', 'too_little'],
  );
  t.true(whole.proven);
  t.is(whole.steps.at(-1)?.head.chain, whole.tip?.chain);
  const second = whole.steps[1]?.entry.entry ?? '0-0';
  const part = await replay(A, setup.ports, { to: second });
  t.like(part.steps.at(-1)?.state, { balance: 2n });
  t.is(part.proven, null);
  await stop(setup);
});

test('a replay beyond the tip shows what stops the actor', async (t) => {
  const setup = await setUp();
  const entry = await parkedAfter(setup, 2);
  const { steps, proven } = await replay(A, setup.ports, { to: entry });
  t.like(steps.at(-1), { code: 'threw', error: 'Error: boom', committed: false });
  t.true(proven);
  await stop(setup);
});

test('a skip moves a parked actor over its entry, is in the chain, and the owner goes on behind it', async (t) => {
  const setup = await setUp();
  const entry = await parkedAfter(setup, 2);
  const head = await skipEntry({ actor: A, entry, by: 'sara', why: 'duplicate' }, setup.ports);
  t.like(head, { last: entry, n: 3 });
  await setup.rig.system.advance(500);
  t.is((await setup.rig.purse(A)).balance, 3n);
  const tip = setup.rig.shard(A).tips.get(A);
  t.is(tip?.n, 4);
  t.like(setup.rig.shard(A).dead[0], { entry, actor: A, by: 'sara', why: 'duplicate', type: 'Boom' });
  t.deepEqual((await audit(setup.ports)).divergences, []);
  const other = await setUp();
  const otherHead = await skipEntry({ actor: A, entry: await parkedAfter(other, 2), by: 'omar', why: 'duplicate' }, other.ports);
  t.not(otherHead.chain, head.chain);
  await stop(setup);
  await stop(other);
});

test('a skip tells the product what the entry carried, in the same step', async (t) => {
  const setup = await setUp();
  const entry = await parkedAfter(setup, 1);
  const onSkipped: OnSkipped = (actor, stored, carried) => [
    { to: 'purse:lost', type: 'Deposit', body: { amount: carried?.amount ?? 0n, actor, of: stored.id } },
  ];
  const ports: SkipPorts = { ...setup.ports, onSkipped };
  await skipEntry({ actor: A, entry, by: 'sara', why: 'poison' }, ports);
  await setup.rig.system.advance(500);
  t.is((await setup.rig.purse('purse:lost')).balance, 7n);
  await stop(setup);
});

test('the very first entry of an actor can be skipped', async (t) => {
  const setup = await setUp();
  const entry = await parkedAfter(setup, 0);
  await skipEntry({ actor: A, entry, by: 'sara', why: 'poison' }, setup.ports);
  await setup.rig.system.advance(500);
  t.is((await setup.rig.purse(A)).balance, 1n);
  await stop(setup);
});

test('a skip across a full ledger page saves the page before the snapshot that lacks it', async (t) => {
  const setup = await setUp();
  const entry = await parkedAfter(setup, 120);
  t.is(setup.rig.ports.mongo.pages.size, 0);
  await skipEntry({ actor: A, entry, by: 'sara', why: 'poison' }, setup.ports);
  t.is(setup.rig.ports.mongo.pages.size, Math.floor(120 / POSTINGS_PER_PAGE));
  await stop(setup);
});

test('only the entry that stops the actor can be skipped, and only once', async (t) => {
  const setup = await setUp();
  const notParked = { instanceOf: Fault, message: /not parked at/ };
  await deposits(setup, 1);
  await t.throwsAsync(skipEntry({ actor: A, entry: '5-0', by: 'sara', why: 'x' }, setup.ports), notParked);
  const entry = await parkedAfter(setup, 1);
  await t.throwsAsync(skipEntry({ actor: A, entry: '5-0', by: 'sara', why: 'x' }, setup.ports), notParked);
  const skip = () => skipEntry({ actor: A, entry, by: 'sara', why: 'x' }, setup.ports);
  await skip();
  await t.throwsAsync(skip(), notParked);
  await setup.rig.system.advance(500);
  t.is((await setup.rig.purse(A)).balance, 3n);
  await stop(setup);
});

test('an audit of an honest system finds every actor and nothing to tell', async (t) => {
  const setup = await setUp();
  await deposits(setup, 3, '50');
  await setup.rig.send(A, 'Pay', { to: 'purse:b', amount: '5', times: 3 });
  await setup.rig.system.advance(300);
  t.deepEqual(await audit(setup.ports), { actors: 2, postings: 7, divergences: [] });
  await stop(setup);
});

test('an audit tells a total that is not the sum of its actors', async (t) => {
  const setup = await setUp();
  await deposits(setup, 3);
  setup.rig.shard(A).totals.set('purse:SAR', -4n);
  const shard = setup.rig.layout.shardOf(A);
  t.deepEqual((await audit(setup.ports)).divergences, [{ what: 'total', shard, account: 'purse:SAR', total: -4n, actors: -3n }]);
  await stop(setup);
});

test('an audit tells an entry that was changed after it was decided', async (t) => {
  const setup = await setUp();
  await deposits(setup, 3);
  const mailbox = setup.rig.shard(A).mailboxes.get(A);
  if (mailbox === undefined) return t.fail();
  mailbox.entries = mailbox.entries.map((entry, n) => (n === 1 ? { ...entry, body: '{"amount":"1000"}' } : entry));
  const { divergences } = await audit(setup.ports);
  t.like(divergences[0], { what: 'actor', actor: A });
  await t.throwsAsync(foldActor({ actor: A, known: null }, setup.ports), { instanceOf: Fault, message: /tip .* folded/ });
  await stop(setup);
});
