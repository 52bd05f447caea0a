/**
 * The omnibus account at the bank: what of its statement is proven, and where the next pull goes on.
 *
 * B1  One page is asked for at a time, and every request has an id that was never used before.
 * B2  Lines are applied only as far as the running balance proves them; behind a flaw they are neither applied nor kept.
 * B3  A pass ends where the bank says that nothing follows, or at a page without lines; a failed request is never such an end.
 * B4  No line is kept here, only balances, and the hash of the last page: overlapping reads are told apart by `statement-lines`.
 */
import { z } from 'zod';
import { currencyCode, isoDate, signedMinor } from '../money.ts';
import { attribution } from '../statement-line.ts';

/** Days remembered; an older one is read again without comparing its opening balance. */
export const DAYS_KEPT = 40;

const day = z.object({
  date: isoDate,
  /** Balances before the first and after the last proven line. */
  opening: signedMinor,
  closing: signedMinor,
  lines: z.number().int(),
  /** Signed sums of lines in other currencies than the account's. */
  foreign: z.record(currencyCode, signedMinor),
  /** The pass that read this day from its start. */
  pass: z.number().int(),
});
export type Day = z.output<typeof day>;

/** Where a page begins: its cursor, the proven balance there (null: whatever the bank says), and the day as read so far. */
const place = z.object({ from: isoDate, offset: z.string().nullable(), balance: signedMinor.nullable(), day: day.nullable() });
export type Place = z.output<typeof place>;

const pass = z.object({
  n: z.number().int(),
  at: place,
  /** Reads whole days from `at.from` on, instead of going on behind the last page. */
  whole: z.boolean(),
  /** Id of the request under way; null: the last one failed and the next pull goes on from here. */
  effect: z.string().nullable(),
  /** Requests for this page that failed for good. */
  failures: z.number().int(),
});
export type Pass = z.output<typeof pass>;

/** Lines of one day in a page that was passed on. */
const seen = z.object({ date: isoDate, opening: signedMinor, lines: z.number().int(), hash: z.string() });
export type Seen = z.output<typeof seen>;

const flaw = z.object({
  reason: z.enum(['statement_gap', 'statement_balance']),
  date: isoDate,
  expected: signedMinor,
  found: signedMinor,
});
export type Flaw = z.output<typeof flaw>;

const config = z.object({
  currency: currencyCode,
  from: isoDate,
  pullEveryMs: z.number(),
  pageSize: z.number(),
  buckets: z.number(),
  lookbackDays: z.number(),
  attribution,
});

export const bankAccountState = z.object({
  account: z.string(),
  /** null: not opened yet. */
  config: config.nullable(),
  /** Where the books begin, and with what. */
  first: z.object({ date: isoDate, opening: signedMinor }).nullable(),
  /** Today at the bank, when it last answered. */
  today: isoDate.nullable(),
  /** The newest proven line's day, its place in that day, and the balance after it. */
  proven: z.object({ date: isoDate, lines: z.number().int(), closing: signedMinor }).nullable(),
  /** Ascending; the newest `DAYS_KEPT`. */
  days: z.array(day),
  /** Signed sums of lines in other currencies on days no longer kept. */
  foreign: z.record(currencyCode, signedMinor),
  /** The last page of the last whole pass: where new lines will appear. */
  cursor: place.nullable(),
  /** What the page at `cursor` had. */
  seen: z.array(seen).default([]),
  pass: pass.nullable(),
  /** A pull asked for while one was running; `date` as asked, the earliest of several. */
  again: z.object({ date: isoDate.nullable() }).nullable(),
  flaw: flaw.nullable(),
  /** The day at the bank on which the days before were last read again. */
  lookedBack: isoDate.nullable(),
  /** Requests and passes ever begun. */
  requests: z.number().int(),
  passes: z.number().int(),
  /** Milliseconds since 1970. */
  nextPullAt: z.number().nullable(),
  lastPageAt: z.number().nullable(),
  lastError: z.string().nullable(),
});
export type BankAccount = z.output<typeof bankAccountState>;
export type BankAccountConfig = z.output<typeof config>;

export type BankAccountRefusal =
  /** Nobody said yet how its statement is read. */
  | 'bank_account_not_open'
  /** The books are kept in the currency they began with. */
  | 'currency_is_fixed';

export function initialBankAccount(id: string): BankAccount {
  return {
    account: id,
    config: null,
    first: null,
    today: null,
    proven: null,
    days: [],
    foreign: {},
    cursor: null,
    seen: [],
    pass: null,
    again: null,
    flaw: null,
    lookedBack: null,
    requests: 0,
    passes: 0,
    nextPullAt: null,
    lastPageAt: null,
    lastError: null,
  };
}
