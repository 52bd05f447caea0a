import test from 'ava';
import { listed } from './checks.ts';

const ids = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => `t${String(from + at)}`);

test('of few top-ups the list has all, of many at least the last fifty, and never one that was not promised', (t) => {
  t.deepEqual(listed(ids(0, 3), ids(0, 3)), { lost: 0, doubled: 0 });
  t.deepEqual(listed(ids(0, 3), ids(1, 3)), { lost: 1, doubled: 0 });
  t.deepEqual(listed(ids(0, 51), ids(1, 51)), { lost: 0, doubled: 0 });
  t.deepEqual(listed(ids(0, 51), ids(3, 51)), { lost: 2, doubled: 0 });
  t.deepEqual(listed(ids(0, 2), ids(0, 3)), { lost: 0, doubled: 1 });
});
