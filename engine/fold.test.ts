import test from 'ava';
import { POSTINGS_PER_PAGE } from './envelope.ts';
import { Fault } from './fault.ts';
import { foldActor, foldActors } from './fold.ts';
import type { Folded } from './fold.ts';
import { replay } from './inspect.ts';
import type { ActorId } from './message.ts';
import { createRig } from './testing/rig.ts';

const A: ActorId = 'purse:a';

async function setUp(saves: boolean) {
  const rig = createRig();
  const limits = saves ? { flushEntries: 1, flushEveryMs: 10, entriesKept: 0 } : { flushEntries: 1e6, flushAgeMs: 1e9 };
  const worker = rig.worker(limits);
  await worker.start();
  const ports = { registry: rig.registry, mailboxes: rig.ports.mailboxes, snapshots: rig.ports.snapshots };
  const deposit = async (count: number, actor = A): Promise<void> => {
    for (let n = 0; n < count; n += 1) await rig.send(actor, 'Deposit', { amount: '1' });
    await rig.system.advance(1_000);
  };
  const fold = async (known: Folded | null = null): Promise<Folded> => {
    const folded = await foldActor({ actor: A, known: known?.envelope ?? null }, ports);
    if (folded === null) throw new Error('nothing is committed');
    return folded;
  };
  return { rig, ports, deposit, fold };
}

test('F1: more entries than one read gives are read on to the tip', async (t) => {
  const { deposit, fold } = await setUp(false);
  await deposit(4_000);
  const folded = await fold();
  t.like(folded.envelope.state, { balance: 4_000n });
  t.is(folded.filled.length, 4_000 / POSTINGS_PER_PAGE);
});

test('F1: a tail of a hundred short reads is read to its end', async (t) => {
  const { rig, ports, deposit } = await setUp(false);
  await deposit(1_000);
  const { mailboxes } = rig.ports;
  const few = {
    ...ports,
    mailboxes: {
      read: async (requests: Parameters<typeof mailboxes.read>[0]) =>
        (await mailboxes.read(requests)).map((one) => ({ ...one, entries: one.entries.slice(0, 10) })),
    },
  };
  const folded = await foldActor({ actor: A, known: null }, few);
  t.like(folded?.envelope.state, { balance: 1_000n });
});

test('F4: a long way is folded read by read, and begins again where a snapshot and its trim came between two reads', async (t) => {
  const rig = createRig();
  const worker = rig.worker({ flushEntries: 1e6, flushAgeMs: 1e9, entriesKept: 0 });
  await worker.start();
  for (let n = 0; n < 100; n += 1) await rig.send(A, 'Deposit', { amount: '1' });
  await rig.system.advance(1_000);
  const { mailboxes, snapshots } = rig.ports;
  const asked: (string | null)[] = [];
  const read: typeof mailboxes.read = async (requests) => {
    asked.push(...requests.map(({ after }) => after));
    if (asked.length === 5) await worker.stop(); // saves what is unsaved
    return (await mailboxes.read(requests)).map((one) => ({ ...one, entries: one.entries.slice(0, 10) }));
  };
  const folded = await foldActor({ actor: A, known: null }, { registry: rig.registry, mailboxes: { read }, snapshots });
  t.like(folded?.envelope.state, { balance: 100n });
  t.is(folded?.tip.snapshot, `${folded?.tip.last ?? ''}~${folded?.tip.chain ?? ''}`);
  t.true(asked.length > 5);
});

test('F4: between actors with long ways others of the process go on', async (t) => {
  const { ports, deposit } = await setUp(false);
  const actors = ['purse:a', 'purse:b', 'purse:c', 'purse:d'] as const;
  for (const actor of actors) await deposit(400, actor);
  let pauses = 0;
  const pause = (): Promise<void> => Promise.resolve(void (pauses += 1));
  const results = await foldActors(
    actors.map((actor) => ({ actor, known: null })),
    { ...ports, pause },
  );
  t.true(results.every((result) => result.ok && result.folded?.tip.n === 400));
  t.is(pauses, 2);
});

test('F4: a long way whose snapshot cannot be asked for now fails with a fault that passes', async (t) => {
  const { rig, ports, deposit } = await setUp(true);
  await deposit(2);
  rig.ports.mongo.away = true;
  await deposit(2_000);
  const [result] = await foldActors([{ actor: A, known: null }], ports);
  t.like(result, { ok: false, fault: { code: 'mongo_away', retry: 'later' } });
});

test('F2: what is known shortens the way, also when the snapshot is newer', async (t) => {
  const { rig, deposit, fold } = await setUp(false);
  await deposit(3);
  const known = await fold();
  await deposit(2);
  rig.ports.mongo.away = true;
  t.like((await fold(known)).envelope.state, { balance: 5n });
});

test('F2: when the entries after what is known are trimmed, the fold begins at the snapshot', async (t) => {
  const { deposit, fold } = await setUp(true);
  await deposit(3);
  const known = await fold();
  await deposit(2);
  await deposit(2);
  t.like((await fold(known)).envelope.state, { balance: 7n });
});

test('F2: an envelope beyond the tip, or of another history, is not believed', async (t) => {
  const { rig, deposit, fold } = await setUp(false);
  await deposit(3);
  const known = await fold();
  const tips = rig.shard(A).tips;
  const { envelope } = known;
  const forged = {
    ...known,
    envelope: { ...envelope, state: { ...(envelope.state as object), balance: 99n }, head: { ...envelope.head, n: 2, chain: 'x' } },
  };
  t.like((await fold(forged)).envelope.state, { balance: 3n });
  const first = rig.shard(A).mailboxes.get(A)?.entries[0]?.entry ?? '0-0';
  tips.set(A, { last: first, n: 1, chain: await chainAt(rig, first), snapshot: null, rules: 1 });
  t.like((await fold(known)).envelope.state, { balance: 1n });
});

async function chainAt(rig: ReturnType<typeof createRig>, entry: string): Promise<string> {
  const { steps } = await replay(A, { registry: rig.registry, mailboxes: rig.ports.mailboxes, snapshots: rig.ports.snapshots });
  return steps.find((step) => step.entry.entry === entry)?.head.chain ?? '';
}

test('F3: a chain that differs and a snapshot that is missing are faults of that actor alone', async (t) => {
  const { rig, ports, deposit } = await setUp(true);
  for (const actor of ['purse:a', 'purse:b', 'purse:c'] as const) await deposit(2, actor);
  const tip = rig.shard('purse:a').tips.get('purse:a');
  if (tip === undefined) return t.fail();
  rig.shard('purse:a').tips.set('purse:a', { ...tip, chain: 'other' });
  for (const id of rig.ports.mongo.snapshots.keys()) if (id.startsWith('purse:b@')) rig.ports.mongo.snapshots.delete(id);
  const results = await foldActors(
    (['purse:a', 'purse:b', 'purse:c', 'purse:d'] as const).map((actor) => ({ actor, known: null })),
    ports,
  );
  t.deepEqual(
    results.map((result) => (result.ok ? (result.folded?.envelope.posted ?? null) : result.fault.code)),
    ['replay_diverged', 'snapshot_missing', 2, null],
  );
});

test('MongoDB that is away fails only the actors that need it, with a fault that passes', async (t) => {
  const { rig, ports, deposit } = await setUp(true);
  await deposit(2);
  rig.ports.mongo.away = true;
  await deposit(2, 'purse:new');
  const [old, fresh] = await foldActors(
    [
      { actor: A, known: null },
      { actor: 'purse:new', known: null },
    ],
    ports,
  );
  t.like(old, { ok: false, fault: { code: 'mongo_away', retry: 'later' } });
  t.true(old?.ok === false && old.fault instanceof Fault);
  t.like(fresh, { ok: true, folded: { tip: { n: 2 } } });
});
