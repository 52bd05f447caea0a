/** What people must know of what waits too long: a function of the state, so that a break lives exactly as long as its cause. */
import { expectationsOf, groupsOf, onlyRival } from './matching.ts';
import type { Expectation, Group } from './matching.ts';
import type { Clearing, OpenBreak, WaitingCredit } from './state.ts';

export interface Cause extends OpenBreak {
  readonly amount: bigint;
  readonly evidence: Readonly<Record<string, string>>;
}

/** Names listed in the evidence of an ambiguous match; the amount finds the others. */
const NAMED_MAX = 20;

export function sameBreak(a: OpenBreak, b: OpenBreak): boolean {
  return a.reason === b.reason && a.subject === b.subject;
}

/** Every cause for a break there is now. Only items whose window is over have one. */
export function causesOf(state: Clearing): Cause[] {
  if (![...state.documents, ...state.credits].some((one) => one.overdue)) return [];
  const expectations = expectationsOf(state);
  const groups = groupsOf(expectations, state.credits);
  const grouped = new Set<unknown>(groups.flatMap((group) => [...group.expectations.map((one) => one.document), ...group.credits]));
  const late = expectations.filter((one) => one.document.overdue && !grouped.has(one.document));
  const pairs = late.map((one) => ({ one, rival: onlyRival(state, one.document) }));
  const rivals = new Set(pairs.map(({ rival }) => rival));
  const unclaimed = state.credits.filter((credit) => credit.overdue && !grouped.has(credit) && !rivals.has(credit));
  return [
    ...groups.filter(isLate).map(ambiguous),
    ...pairs.map(({ one, rival }) => (rival === null ? overdue(one) : differing(one, rival))),
    ...unclaimed.map(withoutSettlement),
  ];
}

function isLate({ expectations, credits }: Group): boolean {
  return expectations.some((one) => one.document.overdue) || credits.some((one) => one.overdue);
}

function ambiguous({ amount, expectations, credits }: Group): Cause {
  const documents = expectations.map((one) => one.document.document);
  const evidence = {
    amount: amount.toString(),
    documents: named(documents),
    credits: named(credits.map((one) => one.source)),
  };
  return { reason: 'ambiguous_match', subject: documents[0] ?? '', amount, evidence };
}

function named(names: readonly string[]): string {
  const listed = names.slice(0, NAMED_MAX).join(', ');
  return names.length > NAMED_MAX ? `${listed} and ${names.length - NAMED_MAX} more` : listed;
}

function overdue({ document, amount, carried }: Expectation): Cause {
  const evidence = { document: document.document, date: document.date, expected: amount.toString(), carried: carried.toString() };
  return { reason: 'settlement_overdue', subject: document.document, amount, evidence };
}

function differing({ document, amount, carried }: Expectation, credit: WaitingCredit): Cause {
  const evidence = {
    document: document.document,
    expected: amount.toString(),
    carried: carried.toString(),
    credit: credit.source,
    paid: credit.amount.toString(),
    difference: (credit.amount - amount).toString(),
  };
  return { reason: 'payout_amount_mismatch', subject: document.document, amount: credit.amount, evidence };
}

function withoutSettlement({ source, amount, date, party }: WaitingCredit): Cause {
  const evidence = { credit: source, postDate: date, paid: amount.toString(), party: party ?? '' };
  return { reason: 'payout_without_settlement', subject: source, amount, evidence };
}
