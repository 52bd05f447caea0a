/** What the benches have in common: programs of their own, numbers, tables, the last line. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../mocks/servers/own-process.ts';
import type { OwnProcess } from '../mocks/servers/own-process.ts';

/** Starts a compiled file of this folder; it prints `serving <url>`. */
export async function startBeside(file: string, args: readonly string[]): Promise<{ readonly url: string; readonly process: OwnProcess }> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const process_ = await startProcess({ command: process.execPath, args: [script, ...args], ready: /serving (\S+)/ });
  return { url: process_.ready[1] ?? '', process: process_ };
}

/** One JSON line: what scripts read. */
export function lastLine(facts: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Rows of a table, columns aligned; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  for (const row of rows)
    say(row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '));
}

export function perSecond(count: number, ms: number): number {
  return Math.round((count * 1000) / ms);
}

/** Looks every 50 ms until it holds; rejects after `ms`. */
export async function until(holds: () => Promise<boolean>, ms: number, what: string): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not so after ${String(ms)} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Fires at a constant rate until the work is done, each with the moment at which it was due: who fires late has waited all the same. */
export async function atRate(rate: number, work: () => Promise<void>, fire: (dueMs: number) => void): Promise<void> {
  const state = { done: false };
  const end = work().finally(() => (state.done = true));
  let dueMs = performance.now();
  while (!state.done) {
    for (; dueMs <= performance.now(); dueMs += 1_000 / rate) fire(dueMs);
    await sleep(1);
  }
  await end;
}

/** Milliseconds. */
export interface Figures {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export function figuresOf(latencies: readonly number[]): Figures {
  const sorted = [...latencies].sort((a, b) => a - b);
  const at = (share: number): number => Math.round((sorted[Math.ceil(sorted.length * share) - 1] ?? 0) * 10) / 10;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}

const TICK_MS = 10;
const USER_TICKS = 13;

/** Processor time of a process so far, as Linux counts it; 0 elsewhere. */
export function processorMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[USER_TICKS - 2]) + Number(fields[USER_TICKS - 1])) * TICK_MS;
  } catch {
    return 0;
  }
}

/** A figure of a process' /metrics, summed over all labels. */
export function metricOf(page: string, name: string): number {
  return [...page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([\\d.e+]+)$`, 'gm'))].reduce((all, [, value]) => all + Number(value), 0);
}
