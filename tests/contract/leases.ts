import test from 'ava';
import { TTL_MS } from './fixture.ts';
import type { CreatePorts } from './fixture.ts';

const SHARD = 't0';

export function leasesContract(name: string, create: CreatePorts): void {
  const title = (sentence: string): string => `${name} leases: ${sentence}`;
  endingContract(title, create);

  test.serial(title('a free shard is given to one worker, who gets the same lease again when it asks again'), async (t) => {
    const ports = await create();
    const lease = await ports.leases.acquire(SHARD, 'w1', TTL_MS);
    t.is(lease?.via, 'free');
    t.is(await ports.leases.acquire(SHARD, 'w2', TTL_MS), null);
    t.deepEqual(await ports.leases.acquire(SHARD, 'w1', TTL_MS), { shard: SHARD, token: lease?.token ?? '', via: 'same' });
    const owners = await ports.leases.owners(['t0', 't1']);
    t.like(owners.get(SHARD), { owner: 'w1', token: lease?.token });
    t.is(owners.size, 1);
    await ports.close();
  });

  test.serial(title('a released shard goes to the next worker with another token'), async (t) => {
    const ports = await create();
    const lease = await ports.leases.acquire(SHARD, 'w1', TTL_MS);
    if (lease === null) throw new Error('no lease');
    await ports.leases.release([lease]);
    t.is((await ports.leases.owners([SHARD])).size, 0);
    const next = await ports.leases.acquire(SHARD, 'w2', TTL_MS);
    t.is(next?.via, 'released');
    t.not(next?.token, lease.token);
    await ports.leases.release([lease]);
    t.deepEqual(await ports.leases.renew([lease], TTL_MS), [], 'a former token renews nothing');
    t.is((await ports.leases.owners([SHARD])).get(SHARD)?.owner, 'w2', 'a former token releases nothing');
    await ports.close();
  });

  test.serial(title('renewed leases last, others expire and their former owner is told'), async (t) => {
    const ports = await create();
    const [kept, lost] = [await ports.leases.acquire('t0', 'w1', TTL_MS), await ports.leases.acquire('t1', 'w1', TTL_MS)];
    if (kept === null || lost === null) throw new Error('no lease');
    await ports.passTime(TTL_MS / 2);
    t.deepEqual(await ports.leases.renew([kept], TTL_MS), [kept]);
    await ports.passTime(TTL_MS / 2 + 1);
    t.is(await ports.leases.acquire('t0', 'w2', TTL_MS), null);
    t.is((await ports.leases.acquire('t1', 'w2', TTL_MS))?.via, 'expired');
    t.deepEqual(await ports.leases.renew([kept, lost], TTL_MS), [kept]);
    await ports.close();
  });

  test.serial(title('workers of a role see each other until they leave or fall silent'), async (t) => {
    const ports = await create();
    await ports.leases.heartbeat('toys', 'w1', TTL_MS);
    await ports.leases.heartbeat('others', 'w9', TTL_MS);
    t.deepEqual((await ports.leases.heartbeat('toys', 'w2', TTL_MS)).toSorted(), ['w1', 'w2']);
    await ports.leases.leave('toys', 'w1');
    t.deepEqual(await ports.leases.heartbeat('toys', 'w2', TTL_MS), ['w2']);
    await ports.passTime(TTL_MS + 1);
    t.deepEqual(await ports.leases.heartbeat('toys', 'w3', TTL_MS), ['w3']);
    await ports.close();
  });
}

function endingContract(title: (sentence: string) => string, create: CreatePorts): void {
  test.serial(title('what a dead worker left behind is ended by its token, and found expired'), async (t) => {
    const ports = await create();
    const [former, other] = [await ports.leases.acquire('t0', 'w1', TTL_MS), await ports.leases.acquire('t1', 'w1', TTL_MS)];
    if (former === null || other === null) throw new Error('no lease');
    await ports.leases.expire([former, { shard: 't1', token: '7:another' }]);
    t.is((await ports.leases.acquire('t0', 'w2', TTL_MS))?.via, 'expired');
    t.is(await ports.leases.acquire('t1', 'w2', TTL_MS), null);
    await ports.leases.expire([former]);
    t.is((await ports.leases.owners(['t0'])).get('t0')?.owner, 'w2');
    t.is(await ports.leases.acquire('t0', 'w3', TTL_MS), null, 'a former token ends nothing');
    t.deepEqual(await ports.leases.renew([former, other], TTL_MS), [other]);
    await ports.close();
  });

  test.serial(title('an expiry further away than a TTL is a clock that stepped back, and counts as expired'), async (t) => {
    const ports = await create();
    await ports.leases.acquire(SHARD, 'w1', 10 * TTL_MS);
    t.is((await ports.leases.acquire(SHARD, 'w2', TTL_MS))?.via, 'expired');
    await ports.close();
  });
}
