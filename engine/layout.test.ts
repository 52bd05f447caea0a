import test from 'ava';
import { createLayout } from './layout.ts';

const kinds = new Map([
  ['toy', 'wallet'],
  ['other', 'payments'],
]);
const layout = createLayout({ roles: { wallet: { letter: 'w', shards: 64 }, payments: { letter: 'p', shards: 4 } } }, kinds);

test('an actor always lives in the same shard, and the published hash says which', (t) => {
  t.is(layout.shardOf('toy:a'), layout.shardOf('toy:a'));
  // FNV-1a 32 of "toy:a" and of "toy:é" as anybody can compute them.
  t.is(layout.shardOf('toy:a'), `w${String(0x8859d972 % 64)}`);
  t.regex(layout.shardOf('toy:é'), /^w\d+$/);
});

test('a role has as many shards as configured and a kind lives in those of its role', (t) => {
  t.deepEqual(layout.shardsOf('payments'), ['p0', 'p1', 'p2', 'p3']);
  t.is(layout.allShards.length, 68);
  t.true(layout.shardsOf('payments').includes(layout.shardOf('other:1')));
});

test('ten thousand actors spread evenly', (t) => {
  const counts = new Map<string, number>();
  for (let index = 0; index < 10_000; index += 1) {
    const shard = layout.shardOf(`toy:${String(123_170_000_000_000 + index)}`);
    counts.set(shard, (counts.get(shard) ?? 0) + 1);
  }
  t.is(counts.size, 64);
  t.true(Math.max(...counts.values()) < 2.5 * (10_000 / 64));
});

test('an unknown kind, a letter used twice and a count of zero are faults', (t) => {
  t.throws(() => layout.shardOf('nobody:1'), { message: /nobody/ });
  t.throws(() => createLayout({ roles: { a: { letter: 'x', shards: 1 }, b: { letter: 'x', shards: 1 } } }, new Map()));
  t.throws(() => createLayout({ roles: { a: { letter: 'x', shards: 0 } } }, new Map()));
});
