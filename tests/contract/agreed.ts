/** Cases in which the in-memory ports and the scripts once disagreed: most were found by reading both, the rest by agree.test.ts. */
import test from 'ava';
import type { ActorId } from '../../engine/message.ts';
import type { ClaimedEffect } from '../../engine/ports.ts';
import { advance, commitOf, fetchOne, freshActor, isReady, layout, message, NO_HEAD, owned, stepOf, TTL_MS } from './fixture.ts';
import type { ContractPorts, CreatePorts } from './fixture.ts';

const NEVER_IDLE_MS = 3_600_000;
const RESULT = { id: 'result/1', type: 'Done', body: '{"ok":true}', from: 'effect:toy.call', trace: 'tr' };

type Title = (sentence: string) => string;

export function agreedContract(name: string, create: CreatePorts): void {
  const title = (sentence: string): string => `${name} as agreed: ${sentence}`;
  commitCases(title, create);
  trimCases(title, create);
  operatorCases(title, create);
  effectCases(title, create);
  leaseCases(title, create);
}

function commitCases(title: Title, create: CreatePorts): void {
  test.serial(title('entries that are committed and kept take no room from several messages sent at once'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    await advance({ ports, lease, actor }, ['a', 'b']);
    const three = await ports.mailboxes.send(
      ['c', 'd', 'e', 'f'].map((id) => message(actor, id)),
      3,
    );
    t.deepEqual(
      three.map((one) => (one.sent ? 'sent' : one.why)),
      ['sent', 'sent', 'sent', 'full'],
    );
    await ports.close();
  });

  test.serial(title('a commit without an entry has no consequences, and no commit moves a tip back'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    const head = await advance({ ports, lease, actor });
    const nothing = commitOf(lease, [], { deliveries: [message(actor, 'x')] });
    await t.throwsAsync(ports.mailboxes.commit([nothing]), { code: 'nothing_decided' });
    const step = { actor, expected: head, next: { ...head, chain: 'other' }, rules: 1 };
    await t.throwsAsync(ports.mailboxes.commit([commitOf(lease, [step])]), { code: 'bad_head' });
    t.false(await isReady(ports, actor));
    t.is((await fetchOne(ports, lease, actor)).tip?.chain, head.chain);
    await ports.close();
  });

  test.serial(title('of the timers that are due the oldest come first, whichever was set first'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    await ports.mailboxes.send([message(actor, 'a')], null);
    const step = stepOf(await fetchOne(ports, lease, actor));
    const timers = [3000, 1000, 2000].map((at, index) => ({ actor, key: `k${String(index)}`, at }));
    await ports.mailboxes.commit([commitOf(lease, [step], { timers: [...timers, { actor, key: 'k', at: 1000 }] })]);
    t.is(await ports.mailboxes.due([lease]), 4);
    t.deepEqual(
      (await fetchOne(ports, lease, actor)).entries.map(({ id }) => id.slice(`${actor} `.length)),
      ['k@1000', 'k1@1000', 'k2@2000', 'k0@3000'],
    );
    await ports.close();
  });
}

function trimCases(title: Title, create: CreatePorts): void {
  test.serial(title('trim leaves the entry at which the snapshot stands, also when nothing is to be kept'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    const head = await advance({ ports, lease, actor }, ['a', 'b', 'c']);
    t.is(await ports.mailboxes.trim(lease, [{ actor, snapshot: head, keep: 0 }]), 1);
    const [look] = await ports.mailboxes.read([{ actor, after: '0-0' }]);
    t.deepEqual(
      look?.entries.map((entry) => entry.id),
      ['c'],
    );
    await ports.close();
  });

  test.serial(title('of two snapshots of one actor in one call the newer one is named, in either order'), async (t) => {
    const ports = await create();
    for (const order of [0, 1]) {
      const actor = freshActor();
      const lease = await owned(ports, actor);
      const [older, newer] = [await advance({ ports, lease, actor }), await advance({ ports, lease, actor })];
      const names = [older, newer].map((snapshot) => ({ actor, snapshot, keep: 0 }));
      t.is(await ports.mailboxes.trim(lease, order === 0 ? names : names.toReversed()), order === 0 ? 2 : 1);
      t.is((await fetchOne(ports, lease, actor)).tip?.snapshot, `${newer.last}~${newer.chain}`);
    }
    await ports.close();
  });
}

function operatorCases(title: Title, create: CreatePorts): void {
  test.serial(title('a skip whose answer was lost may be asked for again, and the newest of the dead come first'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const skip = await parked(ports, actor);
    t.deepEqual([await ports.operations.skip(skip), await ports.operations.skip(skip)], [true, true]);
    const lease = await owned(ports, actor);
    const [entry] = (await fetchOne(ports, lease, actor)).entries;
    if (entry === undefined) throw new Error('nothing waits');
    await ports.mailboxes.commit([commitOf(lease, [], { parks: [{ actor, entry: entry.entry, error: 'boom', attempts: 1 }] })]);
    const next = { last: entry.entry, n: 2, chain: 'skipped-too' };
    t.true(await ports.operations.skip({ ...skip, entry: entry.entry, expected: skip.next, next }));
    t.deepEqual(
      (await ports.operations.dead(layout.allShards)).map(({ id }) => id),
      ['next', 'poison'],
    );
    await ports.close();
  });

  test.serial(title('only the next entry can be skipped, and the new head must stand on it'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const skip = await parked(ports, actor);
    await t.throwsAsync(ports.operations.skip({ ...skip, next: { ...skip.next, last: '5-5' } }), { code: 'bad_head' });
    await ports.operations.resume(actor);
    const lease = await owned(ports, actor);
    const [, later] = (await fetchOne(ports, lease, actor)).entries;
    if (later === undefined) throw new Error('nothing waits');
    await ports.mailboxes.commit([commitOf(lease, [], { parks: [{ actor, entry: later.entry, error: 'boom', attempts: 1 }] })]);
    t.false(await ports.operations.skip({ ...skip, entry: later.entry, next: { ...skip.next, last: later.entry } }));
    await ports.close();
  });

  test.serial(title('resuming an actor that is not parked leaves its attempts counted'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    await ports.mailboxes.send([message(actor, 'a')], null);
    await ports.mailboxes.fetch(lease, [{ actor, count: 1 }], true);
    t.false(await ports.operations.resume(actor));
    t.is((await fetchOne(ports, lease, actor)).attempts, 1);
    await ports.close();
  });

  test.serial(title('a mailbox may be forgotten twice, but not while its actor is parked'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    const head = await advance({ ports, lease, actor });
    await ports.mailboxes.trim(lease, [{ actor, snapshot: head, keep: 16 }]);
    await ports.mailboxes.commit([commitOf(lease, [], { parks: [{ actor, entry: '-', error: 'snapshot_missing', attempts: 1 }] })]);
    t.false(await ports.operations.forget(lease, actor));
    await ports.operations.resume(actor);
    t.deepEqual([await ports.operations.forget(lease, actor), await ports.operations.forget(lease, actor)], [true, true]);
    await ports.close();
  });
}

function effectCases(title: Title, create: CreatePorts): void {
  test.serial(title('a retry that is asked for again counts once; what another has or what went on since is not retried'), async (t) => {
    const ports = await create();
    await withEffect(ports, freshActor(), 'e1');
    const [first] = await claim(ports, 'r1');
    if (first === undefined) throw new Error('nothing claimed');
    t.is(await ports.effects.retry(first, 'r2'), null);
    const second = await ports.effects.retry(first, 'r1');
    t.deepEqual(second, { ...first, attempt: 2 });
    t.deepEqual(await ports.effects.retry(first, 'r1'), second);
    t.deepEqual(await ports.effects.retry({ ...first, attempt: 2 }, 'r1'), { ...first, attempt: 3 });
    t.is(await ports.effects.retry(first, 'r1'), null);
    await ports.close();
  });

  test.serial(title('what nobody carries out goes before what is new'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    await withEffect(ports, actor, 'e1');
    const [first] = await claim(ports, 'r1');
    await withEffect(ports, actor, 'e2');
    t.deepEqual(
      (await claim(ports, 'r2', 0)).map(({ id, attempt }) => ({ id, attempt })),
      [
        { id: first?.id, attempt: 2 },
        { id: 'e2', attempt: 1 },
      ],
    );
    await ports.close();
  });

  test.serial(title('a claim is never given again, also when its effect is settled in the same millisecond'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    await withEffect(ports, actor, 'e1');
    const [first] = await claim(ports, 'r1');
    if (first === undefined) throw new Error('nothing claimed');
    await ports.effects.settle(first, RESULT);
    await withEffect(ports, actor, 'e2');
    const [second] = await claim(ports, 'r1');
    t.not(second?.claim, first.claim);
    t.false(await ports.effects.settle(first, RESULT));
    await ports.close();
  });
}

function leaseCases(title: Title, create: CreatePorts): void {
  test.serial(title('how long a silent worker counts as living is for the one who asks to say'), async (t) => {
    const ports = await create();
    await ports.leases.heartbeat('toys', 'w1', TTL_MS);
    await ports.passTime(2 * TTL_MS);
    t.deepEqual((await ports.leases.heartbeat('toys', 'w2', 3 * TTL_MS)).toSorted(), ['w1', 'w2']);
    t.deepEqual(await ports.leases.heartbeat('toys', 'w2', TTL_MS), ['w2']);
    await ports.close();
  });
}

function claim(ports: ContractPorts, runner: string, idleMs = NEVER_IDLE_MS): Promise<ClaimedEffect[]> {
  return ports.effects.claim(layout.shardsOf('toys'), { runner, count: 10, idleMs });
}

async function withEffect(ports: ContractPorts, actor: ActorId, id: string): Promise<void> {
  const lease = await owned(ports, actor);
  await ports.mailboxes.send([message(actor, `for ${id}`)], null);
  const effect = { actor, id, type: 'toy.call', body: '{}', trace: 'tr' };
  await ports.mailboxes.commit([commitOf(lease, [stepOf(await fetchOne(ports, lease, actor))], { effects: [effect] })]);
}

/** Parks a new actor at its first entry, `poison`, with `next` behind it; the skip that leads over it. */
async function parked(ports: ContractPorts, actor: ActorId): Promise<Parameters<ContractPorts['operations']['skip']>[0]> {
  const lease = await owned(ports, actor);
  await ports.mailboxes.send([message(actor, 'poison'), message(actor, 'next')], null);
  const entry = (await fetchOne(ports, lease, actor)).entries[0]?.entry ?? '0-0';
  await ports.mailboxes.commit([commitOf(lease, [], { parks: [{ actor, entry, error: 'boom', attempts: 1 }] })]);
  const next = { last: entry, n: 1, chain: 'skipped' };
  return { actor, entry, expected: NO_HEAD, next, rules: 7, by: 'ann', why: 'cannot be read', deliveries: [] };
}
