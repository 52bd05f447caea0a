/** Makes a failing plan shorter: drops items as long as it goes on failing in the same way. */
import { runHistory } from './history.ts';
import type { History } from './history.ts';
import type { Item, Plan } from './plan.ts';

/** A history takes a tenth of a second or more; nobody waits for the last item. */
const RUNS_MAX = 150;

export interface Shrunk {
  readonly plan: Plan;
  readonly history: History;
}

/** Ends early after `withinMs`, with the shortest that was found until then. */
export async function shrink(plan: Plan, history: History, withinMs = Infinity): Promise<Shrunk> {
  const wanted = history.failure?.invariant;
  const endMs = performance.now() + withinMs;
  const isOver = (): boolean => runs >= RUNS_MAX || performance.now() >= endMs;
  let best: Shrunk = { plan, history };
  let runs = 0;
  for (let size = Math.ceil(plan.items.length / 2); size >= 1 && !isOver(); size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < best.plan.items.length && !isOver();) {
      const items = best.plan.items.filter((_item, index) => index < from || index >= from + size);
      const shorter: Plan = { ...best.plan, items };
      runs += 1;
      const result = isWhole(items) ? await runHistory(shorter) : null;
      if (result !== null && result.failure?.invariant === wanted) best = { plan: shorter, history: result };
      else from += size;
    }
  }
  return best;
}

/** Wallets are named by their place: none may be missing. */
function isWhole(items: readonly Item[]): boolean {
  const opens = items.filter((item) => 'do' in item && item.do === 'open').length;
  return items.every((item) => !('wallet' in item) || item.wallet === null || item.wallet < opens);
}
