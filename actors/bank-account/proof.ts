/** Proves a page by its running balance: how far it can be believed, and where not. Knows nothing of pulls. */
import { signedAmount } from '../statement-line.ts';
import type { StatementLine } from '../statement-line.ts';
import type { Flaw } from './state.ts';

export interface Page {
  readonly today: string;
  readonly opening: bigint;
  readonly closing: bigint;
  readonly lines: readonly StatementLine[];
}

/** Proven lines of one day that follow each other in the bank's list. */
export interface Group {
  readonly date: string;
  readonly opening: bigint;
  closing: bigint;
  readonly lines: StatementLine[];
  readonly foreign: Record<string, bigint>;
}

export interface Proof {
  /** In list order. */
  readonly groups: readonly Group[];
  /** After the last proven line. */
  readonly balance: bigint;
  readonly flaw: Flaw | null;
  /** The page does not begin where the proven chain ends: lines appeared or vanished before it. */
  readonly misplaced: boolean;
}

/** `expected`: the proven balance where the page begins; null believes the page. */
export function prove(page: Page, expected: bigint | null, currency: string): Proof {
  const { opening, closing, lines } = page;
  if (expected !== null && opening !== expected) {
    const date = lines[0]?.postDate ?? page.today;
    return { groups: [], balance: expected, flaw: { reason: 'statement_gap', date, expected, found: opening }, misplaced: true };
  }
  const chained = chain(lines, opening, currency);
  if (chained.flaw !== null || chained.balance === closing) return chained;
  // Nothing tells which of its lines is wrong, so none is believed.
  const date = lines[0]?.postDate ?? page.today;
  const flaw: Flaw = { reason: 'statement_balance', date, expected: chained.balance, found: closing };
  return { groups: [], balance: opening, flaw, misplaced: false };
}

function chain(lines: readonly StatementLine[], opening: bigint, currency: string): Proof {
  const groups: Group[] = [];
  let balance = opening;
  let group: Group | undefined;
  for (const line of lines) {
    const next = balanceAfter(line, balance, currency);
    if (line.balance !== null && line.balance !== next) {
      const flaw: Flaw = { reason: 'statement_gap', date: line.postDate, expected: next, found: line.balance };
      return { groups, balance, flaw, misplaced: false };
    }
    if (group?.date !== line.postDate) {
      group = { date: line.postDate, opening: balance, closing: balance, lines: [], foreign: {} };
      groups.push(group);
    }
    add(group, line, { balance: next, isForeign: line.currency !== currency });
    balance = next;
  }
  return { groups, balance, flaw: null, misplaced: false };
}

/** A line in another currency leaves the account's balance alone, unless the bank says that it added the bare number. */
function balanceAfter(line: StatementLine, balance: bigint, currency: string): bigint {
  const sum = balance + signedAmount(line);
  return line.currency === currency || line.balance === sum ? sum : balance;
}

function add(group: Group, line: StatementLine, after: { readonly balance: bigint; readonly isForeign: boolean }): void {
  group.lines.push(line);
  group.closing = after.balance;
  if (after.isForeign) group.foreign[line.currency] = (group.foreign[line.currency] ?? 0n) + signedAmount(line);
}
