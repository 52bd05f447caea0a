import test from 'ava';
import { FAULTS } from './faults/table.ts';
import { fullPlan, shortPlan, turnPlan } from './plan.ts';

const options = { faults: FAULTS, seed: 1 };

test('a turn plays every fault once, another turn with other seeds', (t) => {
  const [first, second] = [turnPlan(options, 0), turnPlan(options, 1)];
  t.deepEqual(
    first.map(({ fault }) => fault.name),
    FAULTS.map(({ name }) => name),
  );
  t.true(first.length >= 20, 'so that twenty rounds are at least one turn');
  t.is(new Set([...first, ...second].map(({ seed }) => seed)).size, first.length + second.length);
});

test('the full plan has the promised counts: kills 200, pauses 50, Redis 50', (t) => {
  const plan = fullPlan(options);
  const rounds = (...names: readonly string[]): number => plan.filter(({ fault }) => names.includes(fault.name)).length;
  t.is(rounds('kill-worker', 'kill-edge', 'kill-effects'), 200);
  t.is(rounds('pause-worker'), 50);
  t.is(rounds('redis-kill'), 50);
  t.is(new Set(plan.map(({ fault }) => fault.name)).size, FAULTS.length);
});

test('the short plan names faults that exist', (t) => {
  t.is(shortPlan(options).length, 7);
});

test('no two faults have one name', (t) => {
  t.is(new Set(FAULTS.map(({ name }) => name)).size, FAULTS.length);
});
