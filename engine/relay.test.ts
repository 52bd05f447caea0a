import test from 'ava';
import { createMemoryPorts } from '../mocks/memory/ports.ts';
import { createMemorySystem } from '../mocks/memory/system.ts';
import type { ActorId } from './message.ts';
import type { Lease, Outbox, OutboxDelivery } from './ports.ts';
import { createRig, mortal } from './testing/rig.ts';
import type { Mortal } from './testing/rig.ts';
import type { WorkerPorts } from './worker.ts';

const QUIET = 1_500;
const PURSES = Array.from({ length: 12 }, (_, index): ActorId => `purse:to${index}`);

type Rig = ReturnType<typeof createRig>;

function outboxOf(rig: Rig): Outbox {
  const { outbox } = rig.ports;
  if (outbox === undefined) throw new Error('the ports have no outbox');
  return outbox;
}

/** Every purse gets 1 for each payment. */
async function pay(rig: Rig, times: number): Promise<void> {
  await rig.send('purse:a', 'Deposit', { amount: String(PURSES.length * times) });
  for (const to of PURSES) for (let time = 0; time < times; time += 1) await rig.send('purse:a', 'Pay', { to, amount: '1' });
}

async function balances(rig: Rig): Promise<bigint[]> {
  const all: bigint[] = [];
  for (const actor of PURSES) all.push((await rig.purse(actor)).balance);
  return all;
}

function waitingIn(rig: Rig): number {
  return [...rig.ports.store.shards.values()].reduce((sum, { outbox }) => sum + outbox.entries.length, 0);
}

/** What the port does is done, but each second call is answered by an error. */
function lossy(ports: WorkerPorts, names: readonly (keyof Outbox)[]): WorkerPorts {
  const { outbox } = ports;
  if (outbox === undefined) throw new Error('the ports have no outbox');
  let calls = 0;
  const losing = <A extends unknown[], R>(name: keyof Outbox, method: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      const answer = await method(...args);
      calls += 1;
      if (names.includes(name) && calls % 2 === 1) throw new Error('the answer was lost');
      return answer;
    };
  };
  return {
    ...ports,
    outbox: {
      read: losing('read', (lease, count) => outbox.read(lease, count)),
      deliver: losing('deliver', (delivery) => outbox.deliver(delivery)),
      remove: losing('remove', (lease, entries) => outbox.remove(lease, entries)),
    },
  };
}

test('messages to other shards go through the outbox and arrive once, in their order', async (t) => {
  const rig = createRig({ cluster: true });
  const worker = rig.worker();
  await rig.send('purse:a', 'Deposit', { amount: '100' });
  await worker.start();
  for (const amount of ['1', '2', '3']) for (const to of PURSES) await rig.send('purse:a', 'Pay', { to, amount });
  await rig.system.advance(QUIET);
  t.deepEqual(
    await balances(rig),
    PURSES.map(() => 6n),
  );
  for (const actor of PURSES) {
    const amounts = rig
      .shard(actor)
      .mailboxes.get(actor)
      ?.entries.map(({ body }) => body);
    t.deepEqual(amounts, ['{"amount":"1"}', '{"amount":"2"}', '{"amount":"3"}']);
  }
  t.is(waitingIn(rig), 0);
  t.true(
    [...rig.ports.store.shards.values()].some(({ seen }) => seen.size > 0),
    'something went from shard to shard',
  );
  await worker.stop();
});

for (const name of ['read', 'deliver', 'remove'] as const) {
  test(`a lost answer of ${name} neither loses nor doubles a message`, async (t) => {
    const rig = createRig({ cluster: true });
    const worker = rig.worker({}, lossy(rig.ports, [name]));
    await worker.start();
    await pay(rig, 3);
    await rig.system.advance(10 * QUIET);
    t.deepEqual(
      await balances(rig),
      PURSES.map(() => 3n),
    );
    t.is(waitingIn(rig), 0);
    await worker.stop();
  });
}

/** A process that dies in the moment after its first delivery. */
function dyingAfterDelivery(rig: Rig): Mortal {
  const outbox = outboxOf(rig);
  const given = mortal({
    ...rig.ports,
    outbox: {
      ...outbox,
      async deliver(delivery) {
        await outbox.deliver(delivery);
        given.kill();
      },
    },
  });
  return given;
}

test('a worker that dies between delivery and removal leaves both to the next owner, and nothing is doubled', async (t) => {
  const rig = createRig({ cluster: true });
  const first = dyingAfterDelivery(rig);
  const dead = rig.worker({}, first.ports);
  await dead.start();
  await pay(rig, 2);
  await rig.system.advance(QUIET);
  t.true(waitingIn(rig) > 0, 'it died with messages in an outbox');
  const next = rig.worker();
  await next.start();
  await rig.system.advance(20 * QUIET);
  t.deepEqual(
    await balances(rig),
    PURSES.map(() => 2n),
  );
  t.is(waitingIn(rig), 0);
  await next.stop();
});

test('a graceful stop carries what waits before it gives the shards back', async (t) => {
  const rig = createRig({ cluster: true });
  const worker = rig.worker({ relayEveryMs: 3_600_000, relayEntries: 2 });
  await worker.start();
  await pay(rig, 3);
  const stopped = worker.stop();
  await rig.system.advance(QUIET);
  await stopped;
  t.is(waitingIn(rig), 0);
});

test('a destination that cannot be reached holds up nobody else', async (t) => {
  const rig = createRig({ cluster: true });
  const outbox = outboxOf(rig);
  const away = rig.layout.shardOf('purse:to0');
  let isAway = true;
  const deliver = (delivery: OutboxDelivery): Promise<void> =>
    isAway && delivery.to === away ? Promise.reject(new Error('away')) : outbox.deliver(delivery);
  const worker = rig.worker({}, { ...rig.ports, outbox: { ...outbox, deliver } });
  await worker.start();
  await pay(rig, 1);
  await rig.system.advance(QUIET);
  const expected = (paid: boolean): bigint[] => PURSES.map((actor) => (paid || !isLate(actor) ? 1n : 0n));
  const isLate = (actor: ActorId): boolean => rig.layout.shardOf(actor) === away && rig.layout.shardOf('purse:a') !== away;
  t.deepEqual(await balances(rig), expected(false));
  isAway = false;
  await rig.system.advance(QUIET);
  t.deepEqual(await balances(rig), expected(true));
  await worker.stop();
});

test('entries that a sleeper read under an old lease are known to the destination, or refused when they are too old to be known', async (t) => {
  const system = createMemorySystem();
  const ports = createMemoryPorts({ layout: { shardOf: (actor) => (actor === 'purse:b' ? 't2' : 't1') }, system, cluster: true });
  const { outbox } = ports;
  if (outbox === undefined) throw new Error('the ports have no outbox');
  const message = { to: 'purse:b', id: 'm', type: 'Deposit', body: '{}', from: 'purse:a', trace: '' } as const;
  const epoch = (number: number): OutboxDelivery => ({
    from: 't1',
    to: 't2',
    epoch: `${number}:x`,
    entries: [{ ...message, entry: `${number}-0`, epoch: `${number}:x` }],
  });
  const delivered = (): number => ports.store.shards.get('t2')?.mailboxes.get('purse:b')?.entries.length ?? 0;
  for (let number = 1; number <= 9; number += 1) await outbox.deliver(epoch(number));
  t.is(delivered(), 9);
  await outbox.deliver(epoch(5));
  t.is(delivered(), 9);
  await t.throwsAsync(outbox.deliver(epoch(1)), { message: 'epoch_forgotten' });
  t.is(delivered(), 9);
});

test('a former owner is told that it is fenced, and removes nothing', async (t) => {
  const rig = createRig({ cluster: true });
  const outbox = outboxOf(rig);
  const stranger: Lease = { shard: 't0', token: '1:stranger', via: 'free' };
  t.is(await outbox.read(stranger, 10), null);
  t.false(await outbox.remove(stranger, ['1-0']));
});
