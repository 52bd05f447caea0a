import test from 'ava';
import { z } from 'zod';
import { createPackedQueue } from './packed-queue.ts';

const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('what was pushed comes back in its order, a pack at a time, the young ones too', (t) => {
  const queue = createPackedQueue(z.number(), 3);
  for (const n of upTo(1, 8)) queue.push(n);
  t.is(queue.length, 8);
  const taken: (readonly number[])[] = [];
  while (queue.length > 0) {
    const some = queue.oldest();
    taken.push(some);
    queue.drop(some.length);
  }
  t.deepEqual(taken, [upTo(1, 3), upTo(4, 6), upTo(7, 8)]);
  t.deepEqual(queue.oldest(), []);
});

test('what was not dropped is the oldest again, before all that came meanwhile', (t) => {
  const queue = createPackedQueue(z.number(), 3);
  queue.push(1);
  queue.push(2);
  t.deepEqual(queue.oldest(), [1, 2]);
  for (const n of upTo(3, 7)) queue.push(n);
  queue.drop(1);
  t.deepEqual(queue.oldest(), [2]);
  queue.drop(1);
  t.deepEqual(queue.oldest(), upTo(3, 5));
  t.is(queue.length, 5);
  queue.drop(3);
  t.deepEqual(queue.oldest(), [6, 7]);
});
