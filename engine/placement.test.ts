import test from 'ava';
import { ownerOf } from './placement.ts';

test('a worker that comes or goes moves only its own shards', (t) => {
  const shards = Array.from({ length: 64 }, (_, index) => `t${index}`);
  const before = shards.map((shard) => ownerOf(shard, ['one', 'two']));
  const after = shards.map((shard) => ownerOf(shard, ['one', 'two', 'three']));
  t.true(shards.every((_, index) => after[index] === before[index] || after[index] === 'three'));
  t.true(before.filter((owner) => owner === 'one').length > 16);
});
