/** A bounded form of `npm run simulate`, and what the simulator itself must hold. */
import test from 'ava';
import { median, runHistory } from './history.ts';
import type { History } from './history.ts';
import { mutated } from './mutants.ts';
import { MUTATIONS } from './mutations.ts';
import { plainPlanOf, planOf } from './plan.ts';
import { runSeeds } from './pool.ts';
import { shrink } from './shrink.ts';

const SEEDS = 300;

test.serial('three hundred histories come to rest with every invariant kept and every wallet as the model says', async (t) => {
  const histories: History[] = [];
  const program = new URL('./seeds.js', import.meta.url);
  await runSeeds({ from: 1, count: SEEDS, program, onHistory: (history) => histories.push(history) });
  t.is(histories.length, SEEDS);
  t.deepEqual(
    histories.filter(({ failure }) => failure !== null).map(({ seed, failure }) => ({ seed, failure })),
    [],
  );
  t.true(median(histories.map(({ messages }) => messages)) >= 200);
  t.true(median(histories.map(({ faults }) => faults)) >= 5);
});

/** Each was a bug once: of the engine, the gateway or the simulator. Another way of making plans makes them seeds like any other. */
const FOUND = [
  [646, 'a second tail that was lost brought back what the first one took'],
  [2374, "an invoice whose answer came in a lost span was forgotten, and what was paid by it was in nobody's wallet"],
  [2945, 'after a lost tail an entry was given to another command, whose decision was told to the first one'],
  [3901, 'refunds were more than payments: the provider takes the rest from its next payout'],
  [3156, 'in a cluster a transfer overtook the opening of its wallet'],
  [100600, 'a debit was refused, a lost tail took the refusal, and decided anew it was accepted: nobody had asked again'],
  [809880, 'a debit whose promise a lost tail took was repeated before the money it spent was pulled again'],
] as const;
for (const [seed, what] of FOUND) {
  test.serial(`seed ${String(seed)}: ${what}`, async (t) => {
    t.is((await runHistory(plainPlanOf(seed))).failure, null);
  });
}

test.serial('a seed gives the same history again, line by line', async (t) => {
  const told = async (seed: number): Promise<string> => {
    const lines: string[] = [];
    await runHistory(planOf(seed), (line) => lines.push(line));
    return lines.join('\n');
  };
  const first = await told(17);
  t.true(first.length > 1_000);
  t.is(await told(17), first);
});

test('every planted bug still has its place in the sources', (t) => {
  t.true(MUTATIONS.length >= 15);
  for (const mutation of MUTATIONS) t.notThrows(() => mutated(mutation), mutation.name);
});

test('a failing history is made shorter and goes on failing in the same way', async (t) => {
  // A wallet that was never opened is a step that cannot be done.
  const plan = { ...planOf(3), items: [{ atMs: 10, do: 'read', wallet: 0 } as const, ...planOf(3).items] };
  const history = await runHistory(plan);
  t.is(history.failure?.invariant, 'error');
  const shorter = await shrink(plan, history);
  t.true(shorter.plan.items.length < plan.items.length / 2);
  t.is(shorter.history.failure?.invariant, 'error');
});
