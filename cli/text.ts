// Text for people: columns, ages, amounts, reasons.
import { wireAmount } from '../http/money.ts';

export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** JSON on one line; amounts are decimal strings of minor units. */
export function sayJson(value: unknown): void {
  say(JSON.stringify(value));
}

/** Rows with their columns aligned: the first column to the left, those named in `right` to the right. */
export function columns(rows: readonly (readonly string[])[], right: ReadonlySet<number> = new Set()): string[] {
  const widths = rows.reduce<number[]>((all, row) => row.map((cell, at) => Math.max(all[at] ?? 0, cell.length)), []);
  return rows.map((row) =>
    row
      .map((cell, at) => (right.has(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `3m 12s`, `2h 5m`, `41s`, `3d 4h`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < MINUTE) return `${String(seconds)}s`;
  if (seconds < HOUR) return `${String(Math.floor(seconds / MINUTE))}m ${String(seconds % MINUTE)}s`;
  if (seconds < DAY) return `${String(Math.floor(seconds / HOUR))}h ${String(Math.floor((seconds % HOUR) / MINUTE))}m`;
  return `${String(Math.floor(seconds / DAY))}d ${String(Math.floor((seconds % DAY) / HOUR))}h`;
}

/** `1,234.50` of minor units. */
export function amount(minor: bigint, currency: string): string {
  const [whole = '', part] = wireAmount(minor, currency).split('.');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return part === undefined ? grouped : `${grouped}.${part}`;
}

const CAUSES_MAX = 5;

/** Why something failed, on one line; what lies behind a bare "fetch failed" included. */
export function reasonOf(error: unknown, causes = CAUSES_MAX): string {
  if (!(error instanceof Error)) return String(error);
  // A host with several addresses fails with a code and no message.
  const own = error.message === '' && 'code' in error ? String(error.code) : error.message.replaceAll(/\s*\n\s*/g, ' ');
  if (causes === 0 || error.cause === undefined) return own;
  const behind = reasonOf(error.cause, causes - 1);
  return own.includes(behind) ? own : `${own}: ${behind}`;
}
