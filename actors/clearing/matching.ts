/** Which document a credit pays: exact amount, date window, and never a guess. Pure functions of what waits. */
import { byPlace } from './state.ts';
import type { Carry, Clearing, WaitingCredit, WaitingDocument } from './state.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Bank and provider count days in Riyadh: three hours before UTC, all year. */
const RIYADH_AHEAD_MS = 3 * 60 * 60_000;

/** What the bank will pay for a document: its net less the carries before it (C2), which are consumed when it comes. */
export interface Expectation {
  readonly document: WaitingDocument;
  readonly amount: bigint;
  readonly carried: bigint;
  readonly consumed: readonly Carry[];
}

/** Documents and credits of one amount whose windows hang together. */
export interface Group {
  readonly amount: bigint;
  readonly expectations: readonly Expectation[];
  readonly credits: readonly WaitingCredit[];
}

export interface Join {
  readonly expectation: Expectation;
  readonly credit: WaitingCredit;
}

/** When the last day of a window is over, in milliseconds since 1970. */
export function windowEnd(date: string, windowDays: number): number {
  return (dayOf(date) + windowDays + 1) * DAY_MS - RIYADH_AHEAD_MS;
}

export function expectationsOf({ documents, carries }: Clearing): Expectation[] {
  const rest = [...carries];
  return documents.map((document) => {
    const consumed = rest.splice(0, rest.filter((carry) => byPlace(carry, document) < 0).length);
    const carried = consumed.reduce((sum, carry) => sum + carry.amount, 0n);
    return { document, amount: document.net - carried, carried, consumed };
  });
}

export function fits(document: WaitingDocument, credit: WaitingCredit): boolean {
  const days = dayOf(credit.date) - dayOf(document.date);
  return days >= 0 && days <= document.windowDays;
}

/** Groups with at least one document and one credit, in the order of their first documents. */
export function groupsOf(expectations: readonly Expectation[], credits: readonly WaitingCredit[]): Group[] {
  const amounts = new Set(credits.map((credit) => credit.amount));
  const open = expectations.filter((one) => amounts.has(one.amount));
  const groups: Group[] = [];
  const grouped = new Set<Expectation>();
  for (const first of open) {
    if (grouped.has(first)) continue;
    const group = groupAround(first, open, credits);
    for (const one of group.expectations) grouped.add(one);
    if (group.credits.length > 0) groups.push(group);
  }
  return groups;
}

function groupAround(first: Expectation, open: readonly Expectation[], credits: readonly WaitingCredit[]): Group {
  const { amount } = first;
  const group = { expectations: [first], credits: [] as WaitingCredit[] };
  const freeCredits = new Set(credits.filter((credit) => credit.amount === amount));
  const freeExpectations = new Set(open.filter((one) => one.amount === amount && one !== first));
  for (const { document } of group.expectations) {
    for (const credit of freeCredits) {
      if (!fits(document, credit)) continue;
      freeCredits.delete(credit);
      group.credits.push(credit);
      for (const other of freeExpectations) {
        if (!fits(other.document, credit)) continue;
        freeExpectations.delete(other);
        group.expectations.push(other);
      }
    }
  }
  group.expectations.sort((a, b) => byPlace(a.document, b.document));
  return { amount, expectations: group.expectations, credits: group.credits.sort(byPlace) };
}

/** As many credits as documents: they join by date order. Else nobody can say which is whose, and null is the answer. */
export function joinsOf({ expectations, credits }: Group): Join[] | null {
  if (expectations.length !== credits.length) return null;
  const joins: Join[] = [];
  for (const [index, expectation] of expectations.entries()) {
    const credit = credits[index];
    if (credit === undefined || !fits(expectation.document, credit)) return null;
    joins.push({ expectation, credit });
  }
  return joins;
}

/** The one credit that this document could mean although its amount differs; null when either has another candidate. */
export function onlyRival({ documents, credits }: Clearing, document: WaitingDocument): WaitingCredit | null {
  const near = credits.filter((credit) => fits(document, credit));
  const [credit] = near;
  if (credit === undefined || near.length > 1) return null;
  return documents.filter((one) => fits(one, credit)).length === 1 ? credit : null;
}

function dayOf(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / DAY_MS;
}
