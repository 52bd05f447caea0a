/** One round: a fault in the middle of load. */
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Looking } from '../tests/support/deposits.ts';
import type { Fault } from './fault.ts';
import { logOf } from './faults/redis.ts';
import type { Ledger } from './ledger.ts';
import { watchProgress } from './progress.ts';
import type { Stage } from './stage.ts';
import { inTheMiddle, underLoad } from './under-load.ts';
import type { Outcome } from './under-load.ts';

export interface RoundOptions {
  readonly fault: Fault;
  readonly seed: number;
  /** Counts the rounds of a run. */
  readonly number: number;
  readonly full: boolean;
  readonly stage: Stage;
  readonly looking: Looking;
  readonly before: readonly Ledger[];
}

export interface RoundResult extends Outcome {
  readonly fault: string;
  readonly stillMs: number;
}

export async function playRound({ fault, full, ...options }: RoundOptions): Promise<RoundResult> {
  const { seed, stage, looking } = options;
  const { losesTail = false, repeatsCalls = false } = fault;
  let stillMs = 0;
  const outcome = await underLoad({ ...options, losesTail, repeatsCalls, readsGrow: !losesTail }, async (middle) => {
    const loadBegan = { logBytes: stage.dataFolder === null ? 0 : statSync(logOf(stage.dataFolder)).size };
    const progress = watchProgress(looking);
    try {
      const scene = { ...middle, stage, looking, seed, full, loadBegan, sleep: (ms: number) => sleep(ms) };
      await inTheMiddle(middle, () => fault.strike(scene));
    } finally {
      stillMs = await progress.stop();
    }
  });
  return { ...outcome, fault: fault.name, stillMs };
}
