import test from 'ava';
import { createRegistry } from './registry.ts';
import { createRig, mortal } from './testing/rig.ts';
import { createPurse, notice } from './testing/toy.ts';

const QUIET = 300;

test('while MongoDB is away hot actors go on, cold ones wait in ready, and all is saved when it is back', async (t) => {
  const rig = createRig();
  const first = rig.worker();
  await first.start();
  await rig.send('purse:cold', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  await first.stop();
  const worker = rig.worker();
  await worker.start();
  await rig.send('purse:hot', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  rig.ports.mongo.away = true;
  await rig.send('purse:cold', 'Deposit', { amount: '1' });
  await rig.send('purse:hot', 'Deposit', { amount: '1' });
  await rig.system.advance(15_000);
  t.is((await rig.purse('purse:hot')).balance, 2n);
  t.true(rig.shard('purse:cold').ready.has('purse:cold'));
  t.is((await rig.ports.operations.parked(rig.layout.allShards)).length, 0);
  t.true(worker.status().lag.oldestMs >= 14_000);
  rig.ports.mongo.away = false;
  await rig.system.advance(6_000);
  t.is((await rig.purse('purse:cold')).balance, 2n);
  await rig.system.advance(11_000);
  t.is(worker.status().lag.dirtyActors, 0);
  await worker.stop();
});

test('a cold actor is its snapshot and the entries after it; a chain that differs parks it, a missing snapshot too', async (t) => {
  const rig = createRig({ shards: 1 });
  const dying = mortal(rig.ports);
  const first = rig.worker({ flushEntries: 3 }, dying.ports);
  await first.start();
  for (const name of ['a', 'b', 'c'] as const)
    for (let index = 0; index < 3; index += 1) await rig.send(`purse:${name}`, 'Deposit', { amount: '1' });
  await rig.system.advance(600);
  for (const name of ['a', 'b', 'c'] as const) await rig.send(`purse:${name}`, 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  dying.kill();
  const shard = rig.shard('purse:a');
  const tipOf = (actor: `purse:${string}`) => {
    const tip = shard.tips.get(actor);
    if (tip === undefined) throw new Error(`${actor} never committed`);
    return tip;
  };
  t.is(tipOf('purse:a').n, 4);
  t.not(tipOf('purse:a').snapshot, null);
  shard.tips.set('purse:b', { ...tipOf('purse:b'), chain: 'forged' });
  rig.ports.mongo.snapshots.delete(`purse:c@${tipOf('purse:c').snapshot ?? ''}`);
  for (const name of ['a', 'b', 'c'] as const) await rig.send(`purse:${name}`, 'Deposit', { amount: '1' });
  const second = rig.worker();
  await second.start();
  await rig.system.advance(8_000);
  t.is((await rig.purse('purse:a')).balance, 5n);
  const parked = await rig.ports.operations.parked(['t0']);
  t.deepEqual(parked.map(({ actor, error }) => [actor, error.split(':')[0]]).sort(), [
    ['purse:b', 'replay_diverged'],
    ['purse:c', 'snapshot_missing'],
  ]);
  await second.stop();
});

test('a snapshot that exists with other bytes parks its actor', async (t) => {
  const rig = createRig({ shards: 1 });
  const worker = rig.worker();
  await worker.start();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  const tip = rig.shard('purse:a').tips.get('purse:a');
  rig.ports.mongo.snapshots.set(`purse:a@${tip?.last ?? ''}~${tip?.chain ?? ''}`, '{}');
  await rig.system.advance(11_000);
  const parked = await rig.ports.operations.parked(['t0']);
  t.deepEqual(
    parked.map(({ error }) => error),
    ['snapshot_conflict'],
  );
  await worker.stop();
});

test('a snapshot that is on its way when Redis loses its tail names no tip of the history that follows', async (t) => {
  const rig = createRig({ shards: 1 });
  const { snapshots } = rig.ports;
  const insert = snapshots.insert.bind(snapshots);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  snapshots.insert = (documents) => held.then(() => insert(documents));
  const worker = rig.worker({ flushEntries: 1 });
  await worker.start();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  const shard = rig.shard('purse:a');
  t.is(shard.tips.get('purse:a')?.n, 1);
  // The server is back at a moment before all that; its lease is still the same.
  shard.tips.delete('purse:a');
  shard.mailboxes.delete('purse:a');
  await rig.system.advance(QUIET);
  for (const amount of ['5', '7']) await rig.send('purse:a', 'Deposit', { amount });
  await rig.system.advance(QUIET);
  t.is(shard.tips.get('purse:a')?.n, 2);
  release();
  await rig.system.advance(1);
  t.is(shard.tips.get('purse:a')?.snapshot, null);
  await rig.system.advance(QUIET);
  const { last, chain, snapshot } = shard.tips.get('purse:a') ?? {};
  t.is(snapshot, `${String(last)}~${String(chain)}`);
  t.is((await rig.purse('purse:a')).balance, 12n);
  await worker.stop();
});

test('new rules begin where a snapshot under the former ones ends', async (t) => {
  const rig = createRig({ shards: 1 });
  const old = mortal(rig.ports);
  await rig.worker({}, old.ports).start();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  old.kill();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  const newer = rig.worker({}, rig.ports, createRegistry([createPurse({ rules: 1 }), createPurse({ rules: 2 }), notice]));
  await newer.start();
  await rig.system.advance(8_000);
  const tip = rig.shard('purse:a').tips.get('purse:a');
  t.is(tip?.n, 2);
  t.is(tip?.rules, 2);
  t.true((tip?.snapshot ?? '').length > 0);
  await newer.stop();
  const older = rig.worker();
  await older.start();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  t.is(rig.shard('purse:a').tips.get('purse:a')?.n, 2);
  t.true(rig.shard('purse:a').ready.has('purse:a'));
  await older.stop();
});

test('a turn that sends more than one commit may carry is split, in order, and one entry that sends too much parks', async (t) => {
  const rig = createRig({ shards: 1 });
  const worker = rig.worker({ deliveriesPerCommit: 50, entriesPerCommit: 7 });
  await worker.start();
  await rig.send('purse:a', 'Deposit', { amount: '10000' });
  for (let index = 0; index < 20; index += 1) await rig.send('purse:a', 'Pay', { to: `purse:${index % 3}`, amount: '1', times: 20 });
  await rig.send('purse:b', 'Deposit', { amount: '10000' });
  await rig.send('purse:b', 'Pay', { to: 'purse:z', amount: '1', times: 51 });
  await rig.system.advance(QUIET);
  t.is((await rig.purse('purse:a')).balance, 9_600n);
  const paid = await Promise.all(['purse:0', 'purse:1', 'purse:2'].map((actor) => rig.purse(actor as 'purse:0')));
  t.is(
    paid.reduce((sum, { balance }) => sum + balance, 0n),
    400n,
  );
  const parked = await rig.ports.operations.parked(['t0']);
  t.regex(parked[0]?.error ?? '', /outcome_too_large/);
  await worker.stop();
});

test('a mailbox without traffic is deleted, and its actor goes on when it gets mail again', async (t) => {
  const rig = createRig({ shards: 1 });
  const worker = rig.worker({ forgetAfterMs: 60_000 });
  await worker.start();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(80_000);
  t.false(rig.shard('purse:a').mailboxes.has('purse:a'));
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  t.is((await rig.purse('purse:a')).balance, 2n);
  await worker.stop();
});

test('superseded snapshots are thinned, but the named one and the one before it stay', async (t) => {
  const rig = createRig({ shards: 1 });
  const worker = rig.worker({ flushAgeMs: 1_000, snapshotThinAfterMs: 10_000 });
  await worker.start();
  for (let index = 0; index < 10; index += 1) {
    await rig.send('purse:a', 'Deposit', { amount: '1' });
    await rig.system.advance(2_000);
  }
  t.true(rig.ports.mongo.snapshots.size > 3);
  await rig.system.advance(30_000);
  // The first of the hour, the named one and the one before it.
  t.is(rig.ports.mongo.snapshots.size, 3);
  t.is((await rig.purse('purse:a')).balance, 10n);
  await worker.stop();
});

test('actors of one moment are saved at different ages, none later than the age says, and the same one always at its own', async (t) => {
  const rig = createRig({ shards: 1 });
  const worker = rig.worker({ flushAgeMs: 10_000, flushSpread: 0.3 });
  await worker.start();
  const names = Array.from({ length: 60 }, (_, index) => `purse:${String(index)}` as const);
  const savedAfter = async (ms: number): Promise<number> => {
    await rig.system.advance(ms);
    return names.length - worker.status().lag.dirtyActors;
  };
  for (const amount of ['1', '2']) {
    for (const name of names) await rig.send(name, 'Deposit', { amount });
    t.is(await savedAfter(6_500), 0);
    const inTheMiddle = await savedAfter(2_000);
    t.true(inTheMiddle > 15 && inTheMiddle < 45, `${String(inTheMiddle)} of 60`);
    t.is(await savedAfter(2_500), names.length);
  }
  await worker.stop();
});
