/** `npm run chaos`: real faults on real servers, under load, reconciled to the halala after each round. The last line is JSON. */
import { Command, InvalidArgumentError } from 'commander';
import { drawSeed } from '../mocks/control/random.ts';
import { writeTable } from './document.ts';
import { FAULTS } from './faults/table.ts';
import { fullPlan, shortPlan, turnPlan } from './plan.ts';
import type { Planned } from './plan.ts';
import { say } from './report.ts';
import type { RoundResult } from './round.ts';
import { createRunner, faultNamed } from './run.ts';
import type { Runner, Skipped } from './run.ts';

interface Options {
  readonly full: boolean;
  readonly short: boolean;
  readonly write: boolean;
  readonly fault?: string;
  readonly rounds: number;
  readonly minutes: number;
  readonly seed?: number;
}

type Played = readonly (RoundResult | Skipped)[];

const MINUTE_MS = 60_000;
const SEED_MAX = 1_000_000;

async function chaos(options: Options): Promise<void> {
  const seed = options.seed ?? drawSeed() % SEED_MAX;
  const begun = performance.now();
  const runner = await createRunner();
  try {
    const played = await play(runner, { ...options, seed });
    if (options.write) writeTable(FAULTS, played.filter(isPlayed));
    conclude(played, Math.round((performance.now() - begun) / 1000));
  } finally {
    await runner.stop();
  }
}

async function play(runner: Runner, options: Options & { readonly seed: number }): Promise<Played> {
  const { full, short, seed } = options;
  if (options.fault !== undefined) {
    const faults = options.fault.split(',').map((name) => faultNamed(FAULTS, name));
    const plan = faults.flatMap((fault) => Array.from({ length: options.rounds }, (_, index) => ({ fault, seed: seed + index })));
    return playAll(runner, plan, full);
  }
  if (short) return playAll(runner, shortPlan({ faults: FAULTS, seed }), full);
  if (full) return playAll(runner, fullPlan({ faults: FAULTS, seed }), full);
  return playFor(runner, options);
}

/** Whole turns over all faults at first, then as much of another as the time allows. */
async function playFor(runner: Runner, { seed, minutes }: Options & { readonly seed: number }): Promise<Played> {
  const end = performance.now() + minutes * MINUTE_MS;
  const played: (RoundResult | Skipped)[] = [];
  for (let turn = 0; turn === 0 || performance.now() < end; turn += 1) {
    for (const one of turnPlan({ faults: FAULTS, seed }, turn)) {
      if (turn > 0 && performance.now() > end) break;
      played.push(...(await playAll(runner, [one], false)));
    }
  }
  return played;
}

async function playAll(runner: Runner, plan: readonly Planned[], full: boolean): Promise<Played> {
  const played: (RoundResult | Skipped)[] = [];
  for (const one of plan) {
    const result = await runner.play(one, full);
    if ('skipped' in result) say(`    SKIPPED ${result.fault}: ${result.skipped}`);
    played.push(result);
  }
  return played;
}

function isPlayed(one: RoundResult | Skipped): one is RoundResult {
  return !('skipped' in one);
}

function conclude(played: Played, tookSeconds: number): void {
  const rounds = played.filter(isPlayed);
  const sum = (of: (one: RoundResult) => number): number => rounds.reduce((total, one) => total + of(one), 0);
  const failed = rounds.filter(({ ok }) => !ok).length;
  const skipped = [...new Set(played.flatMap((one) => ('skipped' in one ? [one.fault] : [])))];
  const facts = { rounds: rounds.length, lost: sum(({ lost }) => lost), doubled: sum(({ doubled }) => doubled), failed };
  const more = {
    faults: new Set(rounds.map(({ fault }) => fault)).size,
    effects: sum(({ effects }) => effects),
    tail: sum(({ tail }) => tail.length),
  };
  say(JSON.stringify({ ...facts, ...more, skipped, seconds: tookSeconds }));
  if (failed > 0 || rounds.length === 0) process.exitCode = 1;
}

function whole(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('A whole number.');
  return Number(value);
}

const program = new Command('chaos')
  .description('Real faults on real servers under load; without options 20 minutes, every fault at least once.')
  .option('--full', 'every fault as often as docs/reliability.md promises', false)
  .option('--short', 'the most telling faults, once each: about three minutes', false)
  .option('--fault <name>', `only these, separated by commas: ${FAULTS.map(({ name }) => name).join(', ')}`)
  .option('--rounds <n>', 'rounds of each of them', whole, 1)
  .option('--minutes <n>', 'how long, without another choice', whole, 20)
  .option('--seed <n>', 'the first seed; drawn when left out', whole)
  .option('--write', 'puts the results into docs/reliability.md', false)
  .showHelpAfterError()
  .action(chaos);

await program.parseAsync();
process.exit();
