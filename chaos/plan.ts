/** Which faults a run plays, and how often. */
import type { Fault } from './fault.ts';

export interface Planned {
  readonly fault: Fault;
  readonly seed: number;
}

export interface PlanOptions {
  readonly faults: readonly Fault[];
  readonly seed: number;
}

/** The most telling ones: what CI plays in about three minutes. */
const SHORT = ['kill-worker', 'pause-worker', 'redis-kill', 'kill-effects', 'mongo-errors', 'answers-lost', 'two-owners'];

/** One round of each of the few. */
export function shortPlan({ faults, seed }: PlanOptions): Planned[] {
  const chosen = faults.filter(({ name }) => SHORT.includes(name));
  return chosen.map((fault, index) => ({ fault, seed: seed + index * SEED_STEP }));
}

/** Every fault as often as the reliability table promises. */
export function fullPlan({ faults, seed }: PlanOptions): Planned[] {
  const most = Math.max(...faults.map(({ fullRounds }) => fullRounds));
  return turns(most).flatMap((turn) => faults.filter(({ fullRounds }) => turn < fullRounds).map((fault) => planned(fault, seed, turn)));
}

/** One turn over all faults; a run for a time plays as many as fit, but one at least. */
export function turnPlan({ faults, seed }: PlanOptions, turn: number): Planned[] {
  return faults.map((fault) => planned(fault, seed, turn));
}

/**
 * A seed for each round, so that any of them can be played again alone; far apart, because a round uses a few. A prime: a fault whose seed says
 * which of its variants a round plays (cables, ways) meets all of them in as many turns.
 */
const SEED_STEP = 101;
const SEEDS_PER_FAULT = 100_000;

function planned(fault: Fault, seed: number, turn: number): Planned {
  return { fault, seed: seed + (hashOf(fault.name) % SEEDS_PER_FAULT) * SEED_STEP * SEED_STEP + turn * SEED_STEP };
}

function turns(count: number): number[] {
  return Array.from({ length: count }, (_, turn) => turn);
}

function hashOf(text: string): number {
  return Buffer.from(text).reduce((hash, byte) => (hash * 31 + byte) >>> 0, 7);
}
