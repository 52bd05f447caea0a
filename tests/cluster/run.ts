/**
 * Rounds of faults on a real cluster: `npm run cluster -- [--rounds 21] [--wait 1]`. One line per round, the last line is JSON:
 * `{"rounds":..,"effects":..,"lost":..,"lostTail":..,"doubled":..,"wrong":..,"reads":..,"wait":..,"seconds":..}`; the exit code is 0 when nothing was lost,
 * doubled or wrong. A round lists the commands that were answered and are not found (`lostTail`: their number): with `--wait 1` there must be
 * none; with `--wait 0` it is what a lost tail costs clients who do not repeat.
 */
import { Command, InvalidArgumentError } from 'commander';
import { FAULTS } from './faults.ts';
import type { ClusterFault } from './faults.ts';
import { playRound, startStage } from './stage.ts';
import type { ClusterStage } from './stage.ts';

const whole = (value: string): number => {
  if (!/^\d{1,4}$/.test(value)) throw new InvalidArgumentError('A whole number.');
  return Number(value);
};
const program = new Command('cluster')
  .description('Rounds of faults on a real Redis Cluster under load: three masters and three replicas.')
  .option('--rounds <n>', 'how many, each fault in turn', whole, 21)
  .option('--wait <n>', 'replicas that an answer waits for (REDIS_WAIT_REPLICAS)', whole, 1)
  .showHelpAfterError()
  .parse();
const { rounds, wait: waitReplicas } = program.opts<{ rounds: number; wait: number }>();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const began = performance.now();
const sums = { effects: 0, lost: 0, lostTail: 0, doubled: 0, wrong: 0, reads: 0 };
let stage: ClusterStage | null = null;
try {
  for (let number = 1; number <= rounds; number += 1) {
    const fault = FAULTS[(number - 1) % FAULTS.length];
    if (fault === undefined) break;
    stage ??= await startStage({ waitReplicas });
    if (await play(stage, fault, number)) continue;
    // Money that is lost stays so: what comes next must not be blamed for it.
    await stage.stop();
    stage = null;
  }
} finally {
  await stage?.stop();
}
say(JSON.stringify({ rounds, ...sums, wait: waitReplicas, seconds: Math.round((performance.now() - began) / 1000) }));
process.exitCode = sums.lost + sums.doubled + sums.wrong === 0 ? 0 : 1;

/** False when something was lost, doubled or wrong. */
async function play(on: ClusterStage, { name, cutsTail, readsGrow, strike }: ClusterFault, number: number): Promise<boolean> {
  const from = performance.now();
  const round = await playRound(on, () => strike(on), { losesTail: cutsTail && waitReplicas === 0, readsGrow });
  const { effects, lost, doubled, tail, wrong, struck, ledger, ok } = round;
  const more = { effects, lost, lostTail: tail.length, doubled, wrong: wrong.length, reads: ledger.reads };
  for (const key of ['effects', 'lost', 'lostTail', 'doubled', 'wrong', 'reads'] as const) sums[key] += more[key];
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  const bytes = (struck?.lostTail ?? 0) > 0 ? `, ${String(struck?.lostTail)} bytes of log lost` : '';
  say(`${String(number)} ${name}: ${seconds} s${bytes}; ${String(effects)} effects, lost ${String(lost)}, doubled ${String(doubled)}`);
  if (tail.length > 0) say(`  lost tail: ${tail.join(', ')}; repeated with their keys`);
  for (const line of wrong) say(`  ${line}`);
  return ok;
}
