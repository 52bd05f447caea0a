/** `npm run simulate`: many histories, one history step by step, planted bugs, or a scenario of one's own. Ends with one line of JSON. */
import { Command, InvalidArgumentError } from 'commander';
import { median, runHistory } from './history.ts';
import type { History } from './history.ts';
import { runMutants } from './mutants.ts';
import { planOf } from './plan.ts';
import { runSeeds } from './pool.ts';
import { shrink } from './shrink.ts';

const PROGRESS_EVERY = 100;
const FAILURES_SHOWN = 5;
/** After many histories: with --seed it may take longer. */
const SHRINK_MS_MAX = 30_000;

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly trace?: true;
  readonly mutants?: true;
}

const program = new Command('simulate')
  .description('Simulated histories of the whole service, each from a seed, each with its faults.')
  .option('--seeds <n>', 'how many histories', whole, 300)
  .option('--from <n>', 'the first seed', whole, 1)
  .option('--seed <n>', 'this one history alone; a failing one is made shorter', whole)
  .option('--trace', 'tells it step by step (with --seed)')
  .option('--mutants', 'plants bugs, one at a time, and looks for each in as many histories (default 500)')
  .action(simulate);

function whole(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('A whole number.');
  return Number(value);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function simulate({ seeds, from, seed, trace, mutants }: Options): Promise<void> {
  if (mutants === true) return runMutants(say);
  if (seed !== undefined) return one(seed, trace === true);
  return many(from, seeds);
}

async function one(seed: number, trace: boolean): Promise<void> {
  const plan = planOf(seed);
  const history = await runHistory(plan, trace ? say : null);
  if (history.failure !== null && !trace) {
    await showShorter(history);
  }
  say(JSON.stringify(history));
  process.exitCode = history.failure === null ? 0 : 1;
}

async function showShorter(history: History, withinMs = Infinity): Promise<void> {
  const plan = planOf(history.seed);
  const shorter = await shrink(plan, history, withinMs);
  say(`seed ${String(history.seed)} fails with ${String(shorter.plan.items.length)} of ${String(plan.items.length)} items:`);
  for (const item of shorter.plan.items) say(`  ${JSON.stringify(item)}`);
  say(shorter.history.failure?.message ?? '');
}

async function many(from: number, count: number): Promise<void> {
  const began = performance.now();
  const histories: History[] = [];
  await runSeeds({
    ...{ from, count, program: new URL('./seeds.js', import.meta.url) },
    onHistory: (history, done) => {
      histories.push(history);
      if (history.failure !== null) say(`seed ${String(history.seed)}: ${history.failure.message.slice(0, 300)}`);
      if (done % PROGRESS_EVERY === 0) say(`${String(done)} of ${String(count)}`);
    },
  });
  const failures = histories.filter(({ failure }) => failure !== null);
  const [first] = failures;
  if (first !== undefined) await showShorter(first, SHRINK_MS_MAX);
  for (const { seed } of failures.slice(0, FAILURES_SHOWN))
    say(`npm run simulate -- --seed ${String(seed)} shows it, made shorter; --trace tells it step by step`);
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  say(
    JSON.stringify({
      ...{ seeds: count, failures: failures.length, seconds },
      ...{ medianMessages: median(histories.map(({ messages }) => messages)), medianFaults: median(histories.map(({ faults }) => faults)) },
    }),
  );
  process.exitCode = failures.length === 0 ? 0 : 1;
}

await program.parseAsync();
