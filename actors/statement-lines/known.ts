/** The known lines of a bucket, as a look-up. The state itself is one text: it is written into every snapshot and must be small and cheap. */
import { ENTRY_LENGTH, KEY_LENGTH } from './state.ts';
import type { StatementLines } from './state.ts';

/** Key hash -> content hash. */
export type Additions = Map<string, string>;

// A memo of a pure function of the state: without it every page would read the whole text again. The newest state takes the look-up
// over from the one before, so that adding costs what is added; an older state, asked again, reads its text anew.
const lookups = new WeakMap<StatementLines, Additions>();

export function knownLines(state: StatementLines): ReadonlyMap<string, string> {
  const memo = lookups.get(state);
  if (memo !== undefined) return memo;
  const read: Additions = new Map();
  const { known } = state;
  for (let at = 0; at < known.length; at += ENTRY_LENGTH) {
    read.set(known.slice(at, at + KEY_LENGTH), known.slice(at + KEY_LENGTH, at + ENTRY_LENGTH));
  }
  lookups.set(state, read);
  return read;
}

/** The state that also knows these lines; the same state when there are none. `sum`: what they are worth together. */
export function remembered(state: StatementLines, additions: Additions, sum: bigint): StatementLines {
  if (additions.size === 0) return state;
  let known = state.known;
  for (const [key, content] of additions) known += key + content;
  const next: StatementLines = { ...state, known, count: state.count + additions.size, posted: state.posted + sum };
  const lookup = lookups.get(state);
  if (lookup !== undefined) takeOver(state, next, { lookup, additions });
  return next;
}

function takeOver(state: StatementLines, next: StatementLines, { lookup, additions }: { lookup: Additions; additions: Additions }): void {
  lookups.delete(state);
  for (const [key, content] of additions) lookup.set(key, content);
  lookups.set(next, lookup);
}
