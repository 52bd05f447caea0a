import test from 'ava';
import { createStillness } from './progress.ts';
import type { ShardLook } from './progress.ts';

const look = (totals: string, ...waiting: string[]): ShardLook => ({ totals, waiting: new Set(waiting) });

/** The shard, and another one in which nothing happens. */
function besideQuiet(shard: ShardLook): ReadonlyMap<string, ShardLook> {
  return new Map([
    ['w0', shard],
    ['w1', look('1')],
  ]);
}

test('a shard with waiting entries stands still, whatever other shards commit', (t) => {
  const stillness = createStillness();
  stillness.see(besideQuiet(look('1', 'a 5')), 0);
  stillness.see(
    new Map([
      ['w0', look('1', 'a 5', 'b 6')],
      ['w1', look('2')],
    ]),
    100,
  );
  stillness.see(
    new Map([
      ['w0', look('1', 'a 5', 'b 6')],
      ['w1', look('3')],
    ]),
    2_000,
  );
  t.is(stillness.longest(), 2_000);
  stillness.see(
    new Map([
      ['w0', look('1', 'b 6')],
      ['w1', look('3')],
    ]),
    2_100,
  );
  stillness.see(
    new Map([
      ['w0', look('2', 'b 6')],
      ['w1', look('3')],
    ]),
    4_000,
  );
  t.is(stillness.longest(), 2_100, 'a commit of its own, with or without money, begins anew');
});

test('nobody waits in a shard without entries', (t) => {
  const stillness = createStillness();
  stillness.see(new Map([['w0', look('1')]]), 0);
  stillness.see(new Map([['w0', look('1')]]), 60_000);
  t.is(stillness.longest(), 0);
});

test('all stand still from the look that Redis did not answer to the first commit after it', (t) => {
  const stillness = createStillness();
  stillness.see(besideQuiet(look('1', 'a 5')), 0);
  stillness.away(100, 600);
  stillness.see(besideQuiet(look('2')), 1_000);
  t.is(stillness.longest(), 1_000);
  stillness.see(besideQuiet(look('2')), 3_000);
  t.is(stillness.longest(), 2_900, 'what was committed before the absence is no commit after it');
  stillness.see(besideQuiet(look('3')), 3_100);
  stillness.see(besideQuiet(look('3')), 9_000);
  t.is(stillness.longest(), 3_000);
});
