import test from 'ava';
import { turnOf } from './faults/network.ts';
import { FAULTS } from './faults/table.ts';
import { fullPlan, shortPlan, turnPlan } from './plan.ts';

/** Of a stage: two workers with two each, two gateways with three, payments with four, omnibus with five. */
const CABLES = 19;
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

test('the rounds of a network fault meet every cable, and every way of it, in as many turns as there are', (t) => {
  const seeds = Array.from({ length: 2 * CABLES }, (_, turn) => turnPlan(options, turn)[0]?.seed ?? 0);
  const consecutive = seeds.map((_, index) => options.seed + index);
  for (const one of [seeds, consecutive]) {
    t.is(new Set(one.slice(0, CABLES).map((seed) => turnOf(seed, CABLES).index)).size, CABLES);
    t.is(new Set(one.map((seed) => JSON.stringify(turnOf(seed, CABLES)))).size, 2 * CABLES);
  }
});

test('the short plan names faults that exist', (t) => {
  t.is(shortPlan(options).length, 7);
});

test('no two faults have one name', (t) => {
  t.is(new Set(FAULTS.map(({ name }) => name)).size, FAULTS.length);
});
