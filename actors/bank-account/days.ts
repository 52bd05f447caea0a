/** The remembered days: extended by proven lines, read again by a new pass, the oldest dropped. */
import type { Group } from './proof.ts';
import { DAYS_KEPT } from './state.ts';
import type { BankAccount, Day, Pass } from './state.ts';

type Sums = Readonly<Record<string, bigint>>;

/** A day that this pass meets for the first time begins anew, or as it was before the page; an older day than all kept is not taken up again. */
export function withGroup<S extends BankAccount>(state: S, group: Group, pass: Pass): S {
  const { days } = state;
  const oldest = days[0];
  if (days.length >= DAYS_KEPT && oldest !== undefined && group.date < oldest.date) return state;
  const known = days.find(({ date }) => date === group.date);
  const next = extended(known?.pass === pass.n ? known : begun(group, pass), group);
  const others = days.filter(({ date }) => date !== group.date);
  const later = others.findIndex(({ date }) => date > group.date);
  return withinLimit({ ...state, days: others.toSpliced(later < 0 ? others.length : later, 0, next) });
}

function begun({ date, opening }: Group, { n, at }: Pass): Day {
  if (at.day?.date === date) return { ...at.day, pass: n };
  return { date, opening, closing: opening, lines: 0, foreign: {}, pass: n };
}

function extended(day: Day, { closing, lines, foreign }: Group): Day {
  return { ...day, closing, lines: day.lines + lines.length, foreign: plus(day.foreign, foreign) };
}

function withinLimit<S extends BankAccount>(state: S): S {
  const [oldest] = state.days;
  if (oldest === undefined || state.days.length <= DAYS_KEPT) return state;
  return { ...state, days: state.days.slice(1), foreign: plus(state.foreign, oldest.foreign) };
}

/** Days that the bank's list no longer names, seen by a pass that read all from `from` on, are forgotten. */
export function withoutVanished(days: readonly Day[], from: string, pass: number): Day[] {
  return days.filter((day) => day.date < from || day.pass === pass);
}

/** The proven balance where a day begins; null when that is no longer, or not yet, known. */
export function balanceBefore({ first, days }: BankAccount, from: string): bigint | null {
  if (first === null) return null;
  const before = days.findLast(({ date }) => date < from);
  if (before !== undefined) return before.closing;
  const [oldest] = days;
  if (oldest?.date === from) return oldest.opening;
  return from > first.date && days.length >= DAYS_KEPT ? null : first.opening;
}

/** The newest day before that one that can be read whole and compared; null when there is none. */
export function dayBefore({ first, days }: BankAccount, from: string): string | null {
  const before = days.findLast(({ date }) => date < from);
  if (before !== undefined) return before.date;
  return first !== null && first.date < from && days.length < DAYS_KEPT ? first.date : null;
}

/** Signed sums of all lines in other currencies. */
export function foreignSums({ foreign, days }: BankAccount): Sums {
  return days.reduce<Sums>((sums, day) => plus(sums, day.foreign), foreign);
}

function plus(one: Sums, other: Sums): Record<string, bigint> {
  const sums: Record<string, bigint> = { ...one };
  for (const [currency, amount] of Object.entries(other)) sums[currency] = (sums[currency] ?? 0n) + amount;
  return sums;
}

export function daysBefore(date: string, days: number): string {
  const dayMs = 24 * 60 * 60 * 1000;
  return new Date(Date.parse(`${date}T00:00:00Z`) - days * dayMs).toISOString().slice(0, date.length);
}
