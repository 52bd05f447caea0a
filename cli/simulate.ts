// `ironwallet simulate`: one scenario of one's own, on virtual time, without any server.
import { readFile } from 'node:fs/promises';
import { parseScenario, runScenario } from '../simulation/scenario.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { Json } from './looking.ts';
import { age, columns, reasonOf, say, sayJson } from './text.ts';

interface SimulateCommand extends Json {
  readonly scenario: string;
  readonly trace?: boolean;
}

/** Exit code 0: every invariant was kept and all came out as the file says. 1: not so. 2: the file is not right. */
export async function simulate({ scenario: path, trace = false, json = false }: SimulateCommand): Promise<void> {
  let scenario: Scenario;
  try {
    scenario = parseScenario(await readFile(path, 'utf8'));
  } catch (error) {
    process.stderr.write(`${path}: ${reasonOf(error)}\n`);
    process.exitCode = 2;
    return;
  }
  const { history, wallets, breaks, problems } = await runScenario(scenario, trace ? say : null);
  const { messages, faults, simulatedMs } = history;
  if (json) sayJson({ scenario: path, passed: problems.length === 0, wallets, breaks, problems, messages, faults, simulatedMs });
  else {
    say(scenario.about);
    const rows = wallets.map(({ number, available, pending }, index) => [String(index), number, available, pending]);
    for (const line of columns([['wallet', 'number', 'available', 'pending'], ...rows], new Set([2, 3]))) say(line);
    say(breaks.length === 0 ? 'no breaks' : `breaks: ${breaks.join(', ')}`);
    say(`${age(simulatedMs)} of simulated time, ${String(messages)} messages, ${String(faults)} faults`);
    for (const problem of problems) say(`not as it must be: ${problem}`);
    if (problems.length === 0) say('every invariant was kept, and all came out as the file says');
  }
  process.exitCode = problems.length === 0 ? 0 : 1;
}
