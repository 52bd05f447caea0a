import test from 'ava';
import fc from 'fast-check';
import { placementOf } from './placement.ts';

const SHARDS = Array.from({ length: 64 }, (_, index) => `t${index}`);

function loadsOf(owners: ReadonlyMap<string, string>, workers: readonly string[]): number[] {
  return workers.map((worker) => [...owners.values()].filter((owner) => owner === worker).length);
}

test('every worker has its share, whatever the names, and the order in which they are heard of does not matter', (t) => {
  const names = fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 64 }), (workers, count) => {
      const shards = SHARDS.slice(0, count);
      const owners = placementOf(shards, workers);
      t.is(owners.size, count);
      t.true(Math.max(...loadsOf(owners, workers)) <= Math.ceil(count / workers.length));
      t.deepEqual(new Map(owners), new Map(placementOf(shards, [...workers].reverse())));
    }),
    { numRuns: 50 },
  );
});

test('a worker that comes takes its share and little else moves', (t) => {
  const before = placementOf(SHARDS, ['one', 'two']);
  const after = placementOf(SHARDS, ['one', 'two', 'three']);
  t.deepEqual(loadsOf(before, ['one', 'two']), [32, 32]);
  const moved = SHARDS.filter((shard) => after.get(shard) !== before.get(shard));
  const taken = moved.filter((shard) => after.get(shard) === 'three');
  t.true(taken.length >= 20 && taken.length <= 22, String(taken.length));
  t.true(moved.length - taken.length <= 4, String(moved.length - taken.length));
});

test('without workers nobody has anything', (t) => {
  t.is(placementOf(SHARDS, []).size, 0);
});
