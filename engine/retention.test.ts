import test from 'ava';
import { createMemorySystem } from '../mocks/memory/system.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { Limits } from './limits.ts';
import type { ActorId, EntryId } from './message.ts';
import { createRetention } from './retention.ts';
import type { Superseded } from './retention.ts';

const THIN_MS = 10_000;
const KEPT_MS = 100_000;

/** A retention beside tips that the test moves; what it deleted, and how often it looked. */
function createCase(limits: Partial<Limits> = {}) {
  const system = createMemorySystem();
  const named = new Map<ActorId, string>();
  const removed: string[] = [];
  const count = { looks: 0 };
  const retention = createRetention({
    system,
    limits: { ...DEFAULT_LIMITS, snapshotThinAfterMs: THIN_MS, snapshotRetentionMs: KEPT_MS, ...limits },
    snapshots: {
      remove: (ids) => {
        removed.push(...ids);
        return Promise.resolve();
      },
    },
    mailboxes: {
      read: (requests) => {
        count.looks += requests.length;
        return Promise.resolve(requests.map(({ actor }) => readOf(named.get(actor) ?? null)));
      },
    },
  });
  /** The actor's snapshot of entry `n` takes the place of the one of `n - 1`. */
  const moveOn = (actor: ActorId, n: number): void => {
    named.set(actor, nameOf(n));
    retention.superseded(supersededBy(actor, n));
  };
  const sweepAll = async (): Promise<number> => {
    let sweeps = 1;
    while (await retention.sweep()) sweeps += 1;
    return sweeps;
  };
  return { system, named, removed, count, retention, moveOn, sweepAll };
}

function readOf(snapshot: string | null) {
  return { entries: [], parked: false, tip: { last: '0-0', n: 0, chain: '', snapshot, rules: 1 } } as const;
}

function nameOf(n: number): string {
  return `${String(n)}-0~c`;
}

function supersededBy(actor: ActorId, n: number): Superseded {
  return { actor, former: nameOf(n - 1), by: `${String(n)}-0` as EntryId };
}

test('however many are due, they are deleted before the next pause', async (t) => {
  const { system, removed, moveOn, sweepAll } = createCase();
  for (let n = 1; n <= 1_203; n += 1) moveOn('toy:a', n);
  await system.advance(THIN_MS);
  t.is(await sweepAll(), 3);
  // Without the first of the hour, and without the one before the named one.
  t.is(removed.length, 1_201);
  t.is(removed[0], 'toy:a@1-0~c');
  t.is(removed.at(-1), 'toy:a@1201-0~c');
});

test('of an actor at rest the one before is looked at once, and deleted when the actor moves on', async (t) => {
  const { system, removed, count, moveOn, sweepAll } = createCase();
  moveOn('toy:a', 1);
  moveOn('toy:a', 2);
  for (let round = 0; round < 3; round += 1) {
    await system.advance(THIN_MS);
    await sweepAll();
  }
  t.is(count.looks, 1);
  t.deepEqual(removed, []);
  moveOn('toy:a', 3);
  await sweepAll();
  t.deepEqual(removed, [], 'a Redis that failed over may name it for a while');
  await system.advance(THIN_MS);
  await sweepAll();
  t.deepEqual(removed, ['toy:a@1-0~c']);
  await system.advance(KEPT_MS);
  await sweepAll();
  t.deepEqual(removed, ['toy:a@1-0~c', 'toy:a@0-0~c']);
});

test('as many hourly ones as are remembered do not stop the thinning of others', async (t) => {
  const { system, removed, moveOn, sweepAll } = createCase({ retiredSnapshots: 2 });
  for (const actor of ['toy:a', 'toy:b', 'toy:c'] as const) moveOn(actor, 1);
  moveOn('toy:a', 2);
  moveOn('toy:a', 3);
  await system.advance(THIN_MS);
  await sweepAll();
  t.deepEqual(removed, ['toy:a@1-0~c']);
});

test('what a tip that fell back names again stays as the one before its next', async (t) => {
  const { system, named, removed, retention, moveOn, sweepAll } = createCase();
  moveOn('toy:a', 1);
  moveOn('toy:a', 2);
  named.set('toy:a', nameOf(1));
  await system.advance(THIN_MS);
  await sweepAll();
  named.set('toy:a', nameOf(3));
  retention.superseded({ actor: 'toy:a', former: nameOf(1), by: '3-0' });
  await system.advance(THIN_MS);
  await sweepAll();
  t.deepEqual(removed, []);
});
