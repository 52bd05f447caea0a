/** What a reconciliation looks at, and what it says. */
import type { Random } from '../mocks/control/random.ts';
import type { Looking } from '../tests/support/deposits.ts';
import type { Ledger } from './ledger.ts';
import type { Outside } from './stage.ts';

export interface Judging {
  readonly stage: Outside;
  readonly looking: Looking;
  readonly ledger: Ledger;
  /** Of the rounds before on the same stage: their wallets must stay as they were. */
  readonly before: readonly Ledger[];
  readonly random: Random;
  /** An invoice may be made twice (see `Fault`). */
  readonly repeatsCalls: boolean;
}

export interface Verdict {
  readonly lost: number;
  readonly doubled: number;
  /** What else is wrong; each a sentence. */
  readonly wrong: readonly string[];
}

const AT_ONCE = 8;

export function failed(error: unknown): Verdict {
  return { lost: 0, doubled: 0, wrong: [`could not be looked at: ${error instanceof Error ? error.message : String(error)}`] };
}

export function isClean({ lost, doubled, wrong }: Verdict): boolean {
  return lost === 0 && doubled === 0 && wrong.length === 0;
}

export function added(verdicts: readonly Verdict[]): Verdict {
  return verdicts.reduce(
    (sum, one) => ({ lost: sum.lost + one.lost, doubled: sum.doubled + one.doubled, wrong: [...sum.wrong, ...one.wrong] }),
    { lost: 0, doubled: 0, wrong: [] },
  );
}

export async function inParts<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) done.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(act))));
  return done;
}
