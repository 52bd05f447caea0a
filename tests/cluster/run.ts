/**
 * Rounds of faults on a real cluster: `npm run cluster -- [--rounds 21] [--wait 1]`. One line per round, the last line is JSON:
 * `{"rounds":..,"lost":..,"lostTail":..,"doubled":..,"wrong":..,"reads":..,"wait":..,"seconds":..}`; the exit code is 0 when nothing was lost,
 * doubled or wrong. A round lists the commands that were answered and are not found (`lostTail`: their number): with `--wait 1` there must be
 * none; with `--wait 0` it is what a lost tail costs clients who do not repeat.
 */
import { Command, InvalidArgumentError } from 'commander';
import { FAULT_NAMES, round } from './faults.ts';
import { startStage } from './stage.ts';

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
const stage = await startStage({ waitReplicas });
const sums = { lost: 0, lostTail: 0, doubled: 0, wrong: 0, reads: 0 };
try {
  for (let number = 0; number < rounds; number += 1) {
    const name = FAULT_NAMES[number % FAULT_NAMES.length] ?? 'master killed';
    const from = performance.now();
    const { struck, account } = await round(stage, name);
    // Money that is lost or doubled in one round stays so: the sums are those of the last. What clients found is of this round alone.
    Object.assign(sums, { lost: account.lost, doubled: account.doubled, reads: account.reads });
    sums.wrong += account.wrong.length;
    sums.lostTail += account.lostTail.length;
    const seconds = ((performance.now() - from) / 1000).toFixed(1);
    const tail = struck.lostTail > 0 ? `, ${String(struck.lostTail)} bytes of log lost` : '';
    say(
      `${String(number + 1)} ${name}: ${seconds} s${tail}; ${String(account.acknowledged)} wallets promised, lost ${String(account.lost)}, doubled ${String(account.doubled)}`,
    );
    if (account.lostTail.length > 0) say(`  lost tail: ${account.lostTail.join(', ')}; repeated with their keys`);
    for (const line of account.wrong) say(`  ${line}`);
  }
} finally {
  await stage.stop();
}
say(JSON.stringify({ rounds, ...sums, wait: waitReplicas, seconds: Math.round((performance.now() - began) / 1000) }));
const unsecured = waitReplicas === 0 ? 0 : sums.lostTail;
process.exitCode = sums.lost + unsecured + sums.doubled + sums.wrong === 0 ? 0 : 1;
