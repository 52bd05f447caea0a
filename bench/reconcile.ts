/**
 * Settlement rows against the payments that the books expect, with noise from a seed: is every wrong row found as what it is, and nothing
 * else; how long that takes, and how much memory. The work is done in a process of its own (`reconcile-run.ts`).
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { CaseOptions } from './reconcile-rows.ts';
import { lastLine, say, table } from './rig.ts';

export interface ReconcileOptions extends CaseOptions {
  /** More than this, or more memory, is a failure. */
  readonly secondsMax?: number;
  readonly mibMax?: number;
}

/** About 7 KB of live states a row, and room for what dies; with 11 some runs spent as much again on collecting garbage. */
const HEAP_KIB_PER_ROW = 13;
const HEAP_MIB_MIN = 256;
const YOUNG_MIB = 32; // as `npm start` has it
const result = z.object({
  lines: z.number(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  peakMiB: z.number(),
  entries: z.number(),
  actors: z.number(),
  counts: z.record(z.string(), z.object({ made: z.number(), found: z.number() })),
  problems: z.array(z.string()),
});

export async function reconcile({ secondsMax = Infinity, mibMax = Infinity, ...options }: ReconcileOptions): Promise<void> {
  const script = fileURLToPath(new URL('reconcile-run.js', import.meta.url));
  const heapMiB = Math.max(HEAP_MIB_MIN, Math.ceil((options.rows * HEAP_KIB_PER_ROW) / 1_024));
  const flags = [`--max-old-space-size=${String(heapMiB)}`, `--max-semi-space-size=${String(YOUNG_MIB)}`];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, JSON.stringify(options)]);
  const done = result.parse(JSON.parse(stdout));
  const wrong = Object.values(done.counts).reduce((sum, { made, found }) => sum + made - found, 0) + done.problems.length;
  table([
    ['noise', 'made', 'found'],
    ...Object.entries(done.counts).map(([noise, { made, found }]) => [noise, String(made), String(found)]),
  ]);
  for (const problem of done.problems) say(problem);
  const [seconds, cpuSeconds] = [rounded(done.seconds), rounded(done.cpuSeconds)];
  const rowsPerSecond = Math.round(done.lines / done.seconds);
  const work = `${String(done.entries)} entries decided`;
  say(
    `${String(seconds)} s (${String(cpuSeconds)} s of processors), ${String(rowsPerSecond)} rows/s, ${work}, at most ${String(done.peakMiB)} MiB resident`,
  );
  const noisy = Object.values(done.counts).reduce((sum, { made }) => sum + made, 0);
  const facts = { lines: done.lines, expected: options.rows, noisy, wrong };
  lastLine({ bench: 'reconcile', ...facts, seconds, cpuSeconds, rowsPerSecond, peakMiB: done.peakMiB, entries: done.entries });
  if (wrong > 0 || seconds > secondsMax || done.peakMiB > mibMax) process.exitCode = 1;
}

function rounded(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
