import test from 'ava';
import type { ActorId } from '../../engine/message.ts';
import type { Operations } from '../../engine/operations.ts';
import { actorIn, advance, carry, commitOf, fetchOne, freshActor, isReady, layout, message, NO_HEAD, owned, stepOf } from './fixture.ts';
import type { ContractPorts, CreatePorts } from './fixture.ts';

export function operationsContract(name: string, create: CreatePorts): void {
  const title = (sentence: string): string => `${name} operations: ${sentence}`;
  skipContract(title, create);
  forgetContract(title, create);
  lookContract(title, create);
}

type Title = (sentence: string) => string;
type Skip = Parameters<Operations['skip']>[0];

function skipContract(title: Title, create: CreatePorts): void {
  test.serial(title('a resumed actor goes on with the entry that stopped it'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    await parked(ports, actor);
    t.deepEqual([await ports.operations.resume(actor), await ports.operations.resume(actor)], [true, false]);
    t.true(await isReady(ports, actor));
    t.deepEqual(await ports.operations.parked(layout.allShards), []);
    t.deepEqual(
      (await fetchOne(ports, await owned(ports, actor), actor)).entries.map(({ id }) => id),
      ['poison', 'next'],
    );
    await ports.close();
  });

  test.serial(title('a skipped entry is kept among the dead; tip and snapshot move over it and what follows is delivered'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const told = freshActor('other');
    const skip = await parked(ports, actor, [message(told, 'entry skipped')]);
    t.true(await ports.operations.skip(skip));
    const [look] = await ports.mailboxes.read([{ actor, after: '0-0' }]);
    t.deepEqual(look?.tip, { ...skip.next, snapshot: `${skip.next.last}~${skip.next.chain}`, rules: 7 });
    t.deepEqual(
      look?.entries.map(({ id }) => id),
      ['next'],
    );
    t.true(await isReady(ports, actor));
    t.false(look?.parked);
    const [dead] = await ports.operations.dead(layout.allShards);
    t.like(dead, {
      actor,
      entry: skip.entry,
      id: 'poison',
      type: 'Say',
      body: '{"bad":1}',
      from: 'edge:test',
      by: 'ann',
      why: 'cannot be read',
    });
    await carry(ports, await owned(ports, actor));
    t.is((await ports.mailboxes.read([{ actor: told, after: null }]))[0]?.entries.length, 1);
    await ports.close();
  });

  test.serial(title('skip does nothing when the entry or the tip is another, or the actor is not parked'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const skip = await parked(ports, actor);
    t.false(await ports.operations.skip({ ...skip, expected: { ...skip.expected, chain: 'other' } }));
    t.false(await ports.operations.skip({ ...skip, entry: '5-5', next: { ...skip.next, last: '5-5' } }));
    await ports.operations.resume(actor);
    t.false(await ports.operations.skip(skip));
    t.deepEqual(await ports.operations.dead(layout.allShards), []);
    await ports.close();
  });
}

function forgetContract(title: Title, create: CreatePorts): void {
  test.serial(title('only a mailbox at rest behind its snapshot is forgotten, and its ids go on growing'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    const head = await advance({ ports, lease, actor });
    t.false(await ports.operations.forget(lease, actor), 'no snapshot');
    await ports.mailboxes.trim(lease, [{ actor, snapshot: head, keep: 16 }]);
    await ports.mailboxes.send([message(actor, 'b')], null);
    t.false(await ports.operations.forget(lease, actor), 'an entry waits');
    const next = stepOf(await fetchOne(ports, lease, actor));
    await ports.mailboxes.commit([commitOf(lease, [next])]);
    t.false(await ports.operations.forget(lease, actor), 'the snapshot is behind');
    await ports.mailboxes.trim(lease, [{ actor, snapshot: next.next, keep: 16 }]);
    t.false(await ports.operations.forget({ ...lease, token: '99:x' }, actor), 'not the owner');
    t.true(await ports.operations.forget(lease, actor));
    t.deepEqual((await ports.mailboxes.read([{ actor, after: '0-0' }]))[0]?.entries, []);
    const after = await advance({ ports, lease, actor }, ['c']);
    t.is(after.n, 3);
    await ports.close();
  });
}

function lookContract(title: Title, create: CreatePorts): void {
  test.serial(title('people see who waits since when, all tips, all totals and the gauges'), async (t) => {
    const ports = await create();
    const [first, second] = [actorIn('t0'), actorIn('t1')];
    for (const actor of [first, second]) {
      const lease = await owned(ports, actor);
      await ports.mailboxes.send([message(actor, 'a')], null);
      const step = stepOf(await fetchOne(ports, lease, actor));
      await ports.mailboxes.commit([
        commitOf(lease, [step], {
          totals: new Map([
            ['cash:SAR', 10n ** 16n],
            ['bank:SAR', -(10n ** 16n)],
          ]),
        }),
      ]);
    }
    await ports.mailboxes.send([message(first, 'b')], null);
    const [waiting, ...more] = await ports.operations.waiting(layout.allShards, 10);
    t.like(waiting, { actor: first, shard: 't0' });
    t.deepEqual(more, []);
    t.deepEqual([...(await tips(ports, 't0')).keys()], [first]);
    t.deepEqual(
      await ports.operations.totals(layout.allShards),
      new Map([
        ['cash:SAR', 2n * 10n ** 16n],
        ['bank:SAR', -2n * 10n ** 16n],
      ]),
    );
    const gauges = await ports.operations.gauges(layout.allShards);
    t.like(gauges, { ready: 1, parked: 0 });
    t.true((gauges.oldestReadyMs ?? -1) >= 0);
    t.like(gauges.byShard.get('t0'), { ready: 1, parked: 0, dead: 0 });
    t.deepEqual(gauges.byShard.get('t1'), { ready: 0, oldestReadyMs: null, parked: 0, dead: 0 });
    t.is((await ports.operations.gauges(['t3'])).oldestReadyMs, null);
    await ports.close();
  });
}

async function tips(ports: ContractPorts, shard: string): Promise<Map<ActorId, unknown>> {
  const found = new Map<ActorId, unknown>();
  let cursor = '0';
  do {
    const page = await ports.operations.actors(shard, cursor);
    for (const [actor, tip] of page.actors) found.set(actor, tip);
    cursor = page.cursor;
  } while (cursor !== '0');
  return found;
}

/** Parks a new actor at its first entry, `poison`, with `next` behind it; the skip that leads over it. */
async function parked(ports: ContractPorts, actor: ActorId, deliveries: Skip['deliveries'] = []): Promise<Skip> {
  const lease = await owned(ports, actor);
  await ports.mailboxes.send([message(actor, 'poison', '{"bad":1}'), message(actor, 'next')], null);
  const entry = (await fetchOne(ports, lease, actor)).entries[0]?.entry ?? '0-0';
  await ports.mailboxes.commit([commitOf(lease, [], { parks: [{ actor, entry, error: 'boom', attempts: 1 }] })]);
  const next = { last: entry, n: 1, chain: 'skipped' };
  return { actor, entry, expected: NO_HEAD, next, rules: 7, by: 'ann', why: 'cannot be read', deliveries };
}
