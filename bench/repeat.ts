/**
 * Benches again and again, in turn, so that the machine's good and bad hours meet all of them alike: what a figure is worth is told by its spread.
 * Each run is a process of its own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { lastLine, say, table } from './rig.ts';

const PROGRAM = fileURLToPath(new URL('bench.js', import.meta.url));

/** Of one figure of a bench's last line. */
interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  readonly runs: number;
}

/** `benches`: names with their options, each one text. Ends with exit code 1 when a run did. */
export async function repeat(benches: readonly string[], { runs }: { readonly runs: number }): Promise<void> {
  const told = new Map<string, ReadonlyMap<string, number>[]>(benches.map((bench) => [bench, []]));
  let failed = 0;
  for (let run = 1; run <= runs; run += 1) {
    for (const bench of benches) {
      const { code, last } = await runOnce(bench);
      say(`${String(run)} ${bench}: ${last}`);
      if (code === 0) told.get(bench)?.push(figuresIn(JSON.parse(last)));
      else failed += 1;
    }
  }
  const spreads = new Map([...told].map(([bench, all]) => [bench, spreadsOf(all)]));
  for (const [bench, found] of spreads) tell(bench, found);
  const figures = Object.fromEntries([...spreads].map(([bench, found]) => [bench, Object.fromEntries(found)]));
  lastLine({ bench: 'repeat', runs, failed, figures });
  if (failed > 0) process.exitCode = 1;
}

async function runOnce(bench: string): Promise<{ readonly code: number | null; readonly last: string }> {
  const args = [...process.execArgv, PROGRAM, ...bench.split(' ').filter((part) => part !== '')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const interrupt = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  return { code: child.exitCode, last: output.trimEnd().split('\n').at(-1) ?? '' };
}

/** All numbers of a last line by their path; items of a list by what tells them apart. */
export function figuresIn(value: unknown, path = ''): Map<string, number> {
  if (typeof value === 'number') return new Map([[path, value]]);
  if (typeof value !== 'object' || value === null) return new Map();
  const parts = Array.isArray(value)
    ? value.map((item: unknown, index) => [nameOf(item) ?? String(index), item] as const)
    : Object.entries(value);
  return new Map(parts.flatMap(([name, part]) => [...figuresIn(part, path === '' ? name : `${path} ${name}`)]));
}

/** `commands 1000` of a step of `accept`. */
function nameOf(item: unknown): string | null {
  if (typeof item !== 'object' || item === null || !('kind' in item) || !('rate' in item)) return null;
  return `${String(item.kind)} ${String(item.rate)}`;
}

export function spreadsOf(runs: readonly ReadonlyMap<string, number>[]): Map<string, Spread> {
  const names = new Set(runs.flatMap((figures) => [...figures.keys()]));
  return new Map(
    [...names].map((name) => {
      const sorted = runs.flatMap((figures) => figures.get(name) ?? []).sort((a, b) => a - b);
      const middle = (sorted.length - 1) / 2;
      const median = ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
      return [name, { median, lowest: sorted[0] ?? 0, highest: sorted.at(-1) ?? 0, runs: sorted.length }];
    }),
  );
}

function tell(bench: string, spreads: ReadonlyMap<string, Spread>): void {
  say(`\n${bench}`);
  table([
    ['figure', 'median', 'lowest', 'highest', 'runs'],
    ...[...spreads].map(([name, { median, lowest, highest, runs }]) => [name, ...[median, lowest, highest, runs].map(rounded)]),
  ]);
}

function rounded(value: number): string {
  return String(Math.round(value * 1_000) / 1_000);
}
