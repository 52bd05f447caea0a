/** What a run prints and keeps: a line per round, the logs of a failed one, the table, the last line. */
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { RoundResult } from './round.ts';
import type { Stage } from './stage.ts';

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export function roundLine(number: number, result: RoundResult): string {
  const { fault, seed, effects, lost, doubled, tail, stillMs, restMs, unknown, notes } = result;
  const asked = Object.entries(unknown).map(([status, count]) => `${String(count)}x${status}`);
  const facts = [
    `${String(number).padStart(3)} ${result.ok ? 'ok    ' : 'FAILED'} ${fault.padEnd(20)} seed ${String(seed)}`,
    `${String(effects)} effects, lost ${String(lost)}, doubled ${String(doubled)}`,
    `still ${seconds(stillMs)}, at rest after ${seconds(restMs)}`,
    ...(tail.length > 0 ? [`lost tail: ${String(tail.length)} commands, repeated`] : []),
    ...(asked.length > 0 ? [`repeated after ${asked.join(' ')}`] : []),
    notes.join('; '),
  ];
  return facts.join(' | ');
}

/** Writes what the processes said and what was wrong; the folder. */
export function keepLogs(stage: Stage, result: RoundResult): string {
  const folder = path.join(os.tmpdir(), `ironwallet-chaos-${result.fault}-${String(result.seed)}`);
  mkdirSync(folder, { recursive: true });
  for (const [name, log] of stage.logs()) writeFileSync(path.join(folder, `${name}.log`), log);
  const { ledger, ...facts } = result;
  const plain = (_key: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return String(value);
    return value instanceof Set ? [...value] : value;
  };
  writeFileSync(path.join(folder, 'round.json'), JSON.stringify(facts, plain, 2));
  writeFileSync(path.join(folder, 'ledger.json'), JSON.stringify(ledger, plain, 2));
  return folder;
}
