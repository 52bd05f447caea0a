import test from 'ava';
import { figuresIn, spreadsOf } from './repeat.ts';

test('every number of a last line is a figure, by its path; steps are told apart by kind and rate', (t) => {
  const line = { bench: 'accept', lost: 0, micros: { Node: 1.5 }, steps: [{ kind: 'reads', rate: 200, p99: 7 }], list: [3] };
  t.deepEqual(Object.fromEntries(figuresIn(line)), {
    ...{ lost: 0, 'micros Node': 1.5, 'steps reads 200 rate': 200, 'steps reads 200 p99': 7, 'list 0': 3 },
  });
});

test('the spread of a figure is over the runs that told it', (t) => {
  const runs = [{ a: 3 }, { a: 1 }, { a: 2, b: 4 }, { a: 10 }].map((one) => new Map(Object.entries(one)));
  t.deepEqual(Object.fromEntries(spreadsOf(runs)), {
    a: { median: 2.5, lowest: 1, highest: 10, runs: 4 },
    b: { median: 4, lowest: 4, highest: 4, runs: 1 },
  });
});
