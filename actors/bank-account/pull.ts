/**
 * Where a pull begins and goes on (B1, B3).
 *
 * P1  Usually the last page is read again: new lines stand behind the known ones. It costs one page.
 * P2  A balance that moved there means that lines came earlier in the list: whole days are read, from further and further back until the
 *     balance before them is the proven one. Only when no earlier day is left, or the chain breaks between lines, is it a flaw.
 * P3  Whole days are also read behind a flaw, for a date that was asked for, once each day for the days of `lookbackDays`, and when a
 *     cursor failed twice.
 */
import type { FetchStatement } from './messages.ts';
import { balanceBefore, dayBefore, daysBefore } from './days.ts';
import type { BankAccount, BankAccountConfig, Pass, Place } from './state.ts';

/** A cursor that failed this often is given up for the start of its day: the bank may not know it any more. */
const CURSOR_FAILURES_MAX = 2;

export interface OpenAccount extends BankAccount {
  readonly config: BankAccountConfig;
}

/** Begins to pull, or goes on where the last request failed. `date`: that day again from its start. */
export function started(state: OpenAccount, date: string | null): OpenAccount {
  const { pass, cursor, again, flaw } = state;
  const fresh: OpenAccount = { ...state, again: null };
  const whole = earliest([date, again?.date ?? null, pass === null && flaw !== null ? flaw.date : null]);
  if (whole !== null) return wholeFrom(fresh, pass === null ? whole : lesser(whole, dateAt(pass.at)));
  if (pass !== null && pass.failures >= CURSOR_FAILURES_MAX && pass.at.offset !== null) return wholeFrom(fresh, dateAt(pass.at));
  if (pass !== null) return requested(fresh, pass);
  return cursor === null ? wholeFrom(fresh, state.config.from) : onward(fresh, cursor);
}

/** Reads whole days from `date` on, never from before the books begin, nor from a day that has not come. */
export function wholeFrom(state: OpenAccount, date: string): OpenAccount {
  const begin = beginning(state);
  const from = state.first === null || date < begin ? begin : lesser(date, state.today ?? date);
  const n = state.passes + 1;
  const at: Place = { from, offset: null, balance: balanceBefore(state, from), day: null };
  return requested({ ...state, passes: n }, { n, at, whole: true, effect: null, failures: 0 });
}

/** Where the books begin. */
export function beginning({ first, config }: OpenAccount): string {
  return first?.date ?? config.from;
}

/** Reads the last page again, and what follows it. */
function onward(state: OpenAccount, at: Place): OpenAccount {
  const n = state.passes + 1;
  return requested({ ...state, passes: n }, { n, at, whole: false, effect: null, failures: 0 });
}

/** Asks for the page at `pass.at`. */
export function requested(state: OpenAccount, pass: Pass): OpenAccount {
  const requests = state.requests + 1;
  return { ...state, requests, pass: { ...pass, effect: `page-${requests}` } };
}

/** Further back, when the page does not begin where the chain ends; null when there is nothing further back. */
export function steppedBack(state: OpenAccount, { at, whole }: Pass): OpenAccount | null {
  if (!whole) return wholeFrom(state, lesser(dateAt(at), lookbackDate(state) ?? dateAt(at)));
  if (at.offset !== null) return null;
  const before = dayBefore(state, at.from);
  return before === null ? null : wholeFrom(state, before);
}

/** What follows an ended pass: a pull that was asked for meanwhile, or the look back of the day; else rest. */
export function followed(state: OpenAccount): OpenAccount {
  const back = state.flaw === null ? dueLookback(state) : null;
  const { again } = state;
  if (again === null && back === null) return state;
  return started(state, back);
}

/** Today less the look back, when the days before were not read again today. */
export function dueLookback(state: OpenAccount): string | null {
  return state.lookedBack === state.today ? null : lookbackDate(state);
}

function lookbackDate({ today, config }: OpenAccount): string | null {
  return today === null || config.lookbackDays === 0 ? null : daysBefore(today, config.lookbackDays);
}

function dateAt({ day, from }: Place): string {
  return day?.date ?? from;
}

function earliest(dates: readonly (string | null)[]): string | null {
  return dates.reduce((first, date) => (first === null || (date !== null && date < first) ? date : first), null);
}

function lesser(one: string, other: string): string {
  return one < other ? one : other;
}

/** The body of the effect under way. */
export function fetchOf(account: string, { pageSize }: BankAccountConfig, { from, offset }: Place): FetchStatement {
  return { account, from, to: null, offset, pageSize };
}
