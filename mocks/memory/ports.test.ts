import test from 'ava';
import type { Addressed } from '../../engine/message.ts';
import type { Lease, ShardCommit } from '../../engine/ports.ts';
import { createMemoryPorts } from './ports.ts';
import { createMemorySystem } from './system.ts';

const START = { last: '0-0', n: 0, chain: '-' } as const;

function message(id: string): Addressed {
  return { to: 'toy:1', id, type: 'Add', body: '{}', from: 'toy:0', trace: '' };
}

function commitOf(lease: Lease, change: Partial<ShardCommit>): ShardCommit {
  return { lease, actors: [], deliveries: [], totals: new Map(), effects: [], timers: [], parks: [], ...change };
}

async function setUp() {
  const system = createMemorySystem();
  const ports = createMemoryPorts({ layout: { shardOf: () => 't0' }, system });
  const lease = await ports.leases.acquire('t0', 'w1', 5000);
  if (lease === null) throw new Error('a free shard was not given');
  return { system, ports, lease };
}

test('a commit is applied once, known when repeated, and stale for whoever expected something else', async (t) => {
  const { ports, lease } = await setUp();
  await ports.mailboxes.send([message('a'), message('b')], null);
  const [fetched] = (await ports.mailboxes.fetch(lease, [{ actor: 'toy:1', count: 10 }], false)) ?? [];
  t.is(fetched?.entries.length, 2);
  const last = fetched?.entries[0]?.entry ?? '0-0';
  const move = { actor: 'toy:1', expected: START, next: { last, n: 1, chain: 'x' }, rules: 1 } as const;
  t.deepEqual(await ports.mailboxes.commit([commitOf(lease, { actors: [move] })]), [{ result: 'applied' }]);
  t.deepEqual(await ports.mailboxes.commit([commitOf(lease, { actors: [move] })]), [{ result: 'already' }]);
  const other = { ...move, next: { ...move.next, chain: 'y' } };
  t.deepEqual(await ports.mailboxes.commit([commitOf(lease, { actors: [other] })]), [{ result: 'stale', actors: ['toy:1'] }]);
  t.deepEqual(await ports.mailboxes.peek(['t0'], 10), new Map([['t0', ['toy:1']]]));
});

test('a lease that ran out is taken by another worker, and the former owner is fenced', async (t) => {
  const { system, ports, lease } = await setUp();
  t.is(await ports.leases.acquire('t0', 'w2', 5000), null);
  await system.advance(6000);
  t.is((await ports.leases.acquire('t0', 'w2', 5000))?.via, 'expired');
  t.is(await ports.mailboxes.fetch(lease, [{ actor: 'toy:1', count: 1 }], false), null);
  t.deepEqual(await ports.mailboxes.commit([commitOf(lease, {})]), [{ result: 'fenced' }]);
  t.deepEqual(await ports.leases.renew([lease], 5000), []);
});

test('a parked actor is never ready, also when it gets mail, until it is resumed', async (t) => {
  const { ports, lease } = await setUp();
  await ports.mailboxes.send([message('a')], null);
  await ports.mailboxes.commit([commitOf(lease, { parks: [{ actor: 'toy:1', entry: '-', error: 'boom', attempts: 1 }] })]);
  await ports.mailboxes.send([message('b')], null);
  t.is((await ports.mailboxes.peek(['t0'], 10)).size, 0);
  t.true(await ports.operations.resume('toy:1'));
  t.is((await ports.mailboxes.peek(['t0'], 10)).size, 1);
});

test('only entries under a named snapshot are trimmed, and ids go on growing in a mailbox that was forgotten', async (t) => {
  const { ports, lease } = await setUp();
  const [sent] = await ports.mailboxes.send([message('a')], null);
  if (sent?.sent !== true) throw new Error('not sent');
  const head = { last: sent.entry, n: 1, chain: 'x' };
  await ports.mailboxes.commit([commitOf(lease, { actors: [{ actor: 'toy:1', expected: START, next: head, rules: 1 }] })]);
  t.false(await ports.operations.forget(lease, 'toy:1'));
  t.is(await ports.mailboxes.trim(lease, [{ actor: 'toy:1', snapshot: head, keep: 0 }]), 1);
  t.is(await ports.mailboxes.trim(lease, [{ actor: 'toy:1', snapshot: head, keep: 0 }]), 1);
  t.true(await ports.operations.forget(lease, 'toy:1'));
  const [again] = await ports.mailboxes.send([message('b')], null);
  t.true(again?.sent === true && again.entry !== sent.entry);
});
