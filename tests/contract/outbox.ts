import test from 'ava';
import type { ActorId } from '../../engine/message.ts';
import type { Lease, Outbox, OutboxDelivery, OutboxEntry } from '../../engine/ports.ts';
import { actorIn, commitOf, fetchOne, isReady, layout, message, owned, stepOf } from './fixture.ts';
import type { ContractPorts, CreatePorts } from './fixture.ts';

/** For ports whose commits reach their own shard only. */
export function outboxContract(name: string, create: CreatePorts): void {
  const title = (sentence: string): string => `${name} outbox: ${sentence}`;

  test.serial(title('a commit leaves messages for other shards there, in order, and delivers those for its own'), async (t) => {
    const ports = await create();
    const { lease, near, far, entries } = await written(ports);
    t.deepEqual(
      entries.map(({ id, to, epoch }) => [id, to, epoch]),
      [
        ['1', far, lease.token],
        ['2', far, lease.token],
      ],
    );
    t.deepEqual(await idsOf(ports, near), ['near']);
    t.deepEqual(await idsOf(ports, far), []);
    await ports.close();
  });

  test.serial(title('what is delivered wakes its actor, and a second time it is nothing'), async (t) => {
    const ports = await create();
    const { far, entries } = await written(ports);
    const outbox = outboxOf(ports);
    await outbox.deliver(deliveryOf(entries.slice(0, 1)));
    t.true(await isReady(ports, far));
    await outbox.deliver(deliveryOf(entries));
    await outbox.deliver(deliveryOf(entries));
    t.deepEqual(await idsOf(ports, far), ['1', '2']);
    await ports.close();
  });

  test.serial(title('removed entries are gone, twice as well, and those of a former owner stay'), async (t) => {
    const ports = await create();
    const { lease, entries } = await written(ports);
    const outbox = outboxOf(ports);
    const [first] = entries.map(({ entry }) => entry);
    if (first === undefined) throw new Error('nothing was written');
    const former: Lease = { ...lease, token: '0:former' };
    t.false(await outbox.remove(former, [first]));
    t.is(await outbox.read(former, 10), null);
    t.true(await outbox.remove(lease, [first]));
    t.true(await outbox.remove(lease, [first]));
    t.deepEqual(
      (await outbox.read(lease, 10))?.map(({ id }) => id),
      ['2'],
    );
    await ports.close();
  });

  test.serial(title('entries of another epoch are told apart, and of one that is too old to be known none is taken'), async (t) => {
    const ports = await create();
    const { far, entries } = await written(ports);
    const outbox = outboxOf(ports);
    const under = (epoch: string): OutboxDelivery => ({ ...deliveryOf(entries.slice(0, 1)), epoch });
    for (let number = 2; number <= 10; number += 1) await outbox.deliver(under(`${String(number)}:x`));
    t.is((await idsOf(ports, far)).length, 9);
    await outbox.deliver(under('5:x'));
    await t.throwsAsync(outbox.deliver(under('2:x')), { code: 'epoch_forgotten' });
    t.is((await idsOf(ports, far)).length, 9);
    await ports.close();
  });
}

interface Written {
  readonly lease: Lease;
  readonly near: ActorId;
  readonly far: ActorId;
  readonly entries: readonly OutboxEntry[];
}

async function written(ports: ContractPorts): Promise<Written> {
  const [actor, near, far] = [actorIn('t0'), actorIn('t0'), actorIn('o1')];
  const lease = await owned(ports, actor);
  await ports.mailboxes.send([message(actor, 'a')], null);
  const step = stepOf(await fetchOne(ports, lease, actor));
  const deliveries = [message(far, '1'), message(near, 'near'), message(far, '2')];
  await ports.mailboxes.commit([commitOf(lease, [step], { deliveries })]);
  return { lease, near, far, entries: (await outboxOf(ports).read(lease, 10)) ?? [] };
}

function outboxOf({ outbox }: ContractPorts): Outbox {
  if (outbox === undefined) throw new Error('these ports have no outbox');
  return outbox;
}

function deliveryOf(entries: readonly OutboxEntry[]): OutboxDelivery {
  const [first] = entries;
  if (first === undefined) throw new Error('nothing to deliver');
  return { from: 't0', to: layout.shardOf(first.to), epoch: first.epoch, entries };
}

async function idsOf(ports: ContractPorts, actor: ActorId): Promise<string[]> {
  const [look] = await ports.mailboxes.read([{ actor, after: null }]);
  return (look?.entries ?? []).map(({ id }) => id);
}
