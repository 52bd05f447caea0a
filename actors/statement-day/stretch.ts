/**
 * How far a day is known, told from pages alone. A page either begins the day, goes on where the last one ended, or reaches beyond the last
 * known line; a day that is read again from its start replaces what was known once it reaches the last known line again.
 */
import type { StatementDay, Stretch } from './state.ts';

/** A page's balances and the keys of its lines, at least one. */
export interface PageOfDay {
  readonly opening: bigint;
  readonly closing: bigint;
  readonly keys: readonly string[];
}

export function withPage(state: StatementDay, page: PageOfDay): StatementDay {
  const { known, reread } = state;
  if (known === null) return { ...state, known: whole(page) };
  const again = rereadWith(reread, known, page);
  const reaches = page.keys.lastIndexOf(known.last);
  if (again !== null && reaches >= 0) return { ...state, known: again, reread: null };
  if (again !== null) return { ...state, reread: again };
  if (reaches >= 0) return { ...state, known: longer(known, page, page.keys.length - 1 - reaches) };
  if (page.opening === known.closing) return { ...state, known: longer(known, page, page.keys.length) };
  return state;
}

function rereadWith(reread: Stretch | null, known: Stretch, page: PageOfDay): Stretch | null {
  if (page.keys[0] === known.first) return whole(page);
  return reread !== null && page.opening === reread.closing ? longer(reread, page, page.keys.length) : null;
}

function whole({ opening, closing, keys }: PageOfDay): Stretch {
  return { opening, closing, lines: keys.length, first: keys[0] ?? '', last: keys.at(-1) ?? '' };
}

function longer(stretch: Stretch, page: PageOfDay, more: number): Stretch {
  return { ...stretch, closing: page.closing, lines: stretch.lines + more, last: page.keys.at(-1) ?? stretch.last };
}
