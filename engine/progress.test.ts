import test from 'ava';
import { progressOf, reportProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { createRig, mortal } from './testing/rig.ts';
import type { Worker } from './worker.ts';

const MARK = 30_000;
const QUIET = 300;

type Rig = ReturnType<typeof createRig>;

async function progress({ ports, layout }: Rig, worker: Worker): Promise<Progress> {
  return progressOf(await ports.operations.gauges(layout.allShards), { layout, quietMs: worker.status().quietMs, markMs: MARK });
}

/** A worker whose next looks into mailboxes are never answered, until the gate opens: it renews its leases and looks alive. */
async function hanging(rig: Rig): Promise<{ worker: Worker; hang: () => void; open: () => void }> {
  const gate = { shut: false, open: (): void => undefined };
  const { mailboxes } = rig.ports;
  const fetch: typeof mailboxes.fetch = async (lease, requests, careful) => {
    if (gate.shut) await new Promise<void>((resolve) => (gate.open = resolve));
    return mailboxes.fetch(lease, requests, careful);
  };
  const follow: typeof mailboxes.follow = async (requests, count) => {
    if (gate.shut) await new Promise<void>((resolve) => (gate.open = resolve));
    return mailboxes.follow(requests, count);
  };
  const worker = rig.worker({}, { ...rig.ports, mailboxes: { ...mailboxes, fetch, follow } });
  await worker.start();
  return {
    worker,
    hang: () => void (gate.shut = true),
    open: () => {
      gate.shut = false;
      gate.open();
    },
  };
}

test('a worker that holds its leases and decides nothing is stuck after the mark, and no longer when it moves again (Q1)', async (t) => {
  const rig = createRig();
  const { worker, hang, open } = await hanging(rig);
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  hang();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(MARK - 1_000);
  t.deepEqual((await progress(rig, worker)).stuck, []);
  await rig.system.advance(2_000);
  const still = await progress(rig, worker);
  t.is(worker.status().shards.length, 4, 'all leases are held');
  t.deepEqual([still.stuck, still.late], [[rig.layout.shardOf('purse:a')], ['toy']]);
  t.is(still.roles[0]?.standstillMs, MARK + 1_000);
  open();
  await rig.system.advance(QUIET);
  const moving = await progress(rig, worker);
  t.deepEqual([moving.stuck, moving.late, moving.roles[0]?.standstillMs], [[], [], 0]);
  await worker.stop();
});

test('a worker whose connection is silent is stuck although its leases are over', async (t) => {
  const rig = createRig();
  const dying = mortal(rig.ports);
  const worker = rig.worker({}, dying.ports);
  await worker.start();
  await rig.system.advance(QUIET);
  dying.kill();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(MARK + 1_000);
  t.is(worker.status().shards.length, 0);
  t.deepEqual((await progress(rig, worker)).stuck, [rig.layout.shardOf('purse:a')]);
});

test('a worker with nothing to do, with parked actors alone, or with a backlog that shrinks is not stuck (Q1)', async (t) => {
  const rig = createRig({ shards: 1 });
  const worker = rig.worker();
  await worker.start();
  await rig.send('purse:parked', 'Boom', {});
  await rig.send('purse:parked', 'Deposit', { amount: '1' });
  await rig.system.advance(2 * MARK);
  const idle = await progress(rig, worker);
  t.like(idle, { stuck: [], late: [] });
  t.like(idle.roles[0], { standstillMs: 0, gauges: { ready: 0, parked: 1, oldestReadyMs: null } });

  // Entries as old as the mark that wait behind one another, of which each commit takes one.
  const oldMs = rig.system.wallMs() - 2 * MARK;
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  rig.shard('purse:a').ready.set('purse:nobody', oldMs);
  const behind = await progress(rig, worker);
  t.deepEqual([behind.stuck, behind.late], [[], ['toy']]);
  await worker.stop();
});

test('a shard that nobody works on makes its role late for whoever looks (Q2)', async (t) => {
  const rig = createRig();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(MARK + 1);
  const gauges = await rig.ports.operations.gauges(rig.layout.allShards);
  const seen = progressOf(gauges, { layout: rig.layout, quietMs: new Map(), markMs: MARK });
  t.deepEqual([seen.late, seen.stuck], [['toy'], []]);
});

test('what cannot be loaded while MongoDB is away is known to the worker', async (t) => {
  const rig = createRig();
  const first = rig.worker();
  await first.start();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  await first.stop();
  rig.ports.mongo.away = true;
  const second = rig.worker();
  await second.start();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  t.true(second.status().loadsFail);
  rig.ports.mongo.away = false;
  await rig.system.advance(6_000);
  t.false(second.status().loadsFail);
  t.is((await rig.purse('purse:a')).balance, 2n);
  await second.stop();
});

test('the figures are told by role', async (t) => {
  const rig = createRig();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(1_234);
  const told = new Map<string, number>();
  const gauges = await rig.ports.operations.gauges(rig.layout.allShards);
  reportProgress(
    { gauge: (name, value, labels) => void told.set(`${name} ${labels?.['role'] ?? ''}`, value) },
    progressOf(gauges, { layout: rig.layout, quietMs: new Map([[rig.layout.shardOf('purse:a'), 500]]), markMs: MARK }),
  );
  t.deepEqual(Object.fromEntries(told), {
    'ironwallet_shards toy': 4,
    'ironwallet_oldest_ready_ms toy': 1_234,
    'ironwallet_standstill_ms toy': 500,
    'ironwallet_ready_actors toy': 1,
    'ironwallet_parked_actors toy': 0,
    'ironwallet_dead_letters toy': 0,
  });
});
