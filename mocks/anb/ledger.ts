// The accounts of the fake bank: rows per post date, in list order.
// L1 a page is served in time proportional to its rows: running balances are sums kept per row and per day.
// L2 a hidden row counts in every balance but is not listed, which is how a gap looks from outside.
// L3 `uniqueId` sticks: a returned row sets it and every later row of the account repeats it until the next one.
import { Refusal } from '../control/refusal.ts';

export interface RowContent {
  amount: bigint;
  postDate: string;
  postingTime: string;
  valueDate: string;
  /** The day on the wall when it happened; the post date may be before or after it. */
  calendarDate: string;
  type: string;
  narr1: string;
  narr2?: string | undefined;
  narr3?: string | undefined;
  refNum: string;
  /** The leg: 1 debit, 2 credit. */
  srl: string;
  stmt: string;
  srcAcctNum?: string | undefined;
  iban?: string | undefined;
  orderingParty?: string | undefined;
  beneficiaryName?: string | undefined;
  network: string;
  channel: string;
  prtclrsCode?: string | undefined;
  category?: string | undefined;
  subCategory?: string | undefined;
  /** Sets the sticky `uniqueId`. */
  returned: boolean;
  hidden: boolean;
  /** The bank's fee inside a debit; a return comes back without it. Never on the wire. */
  feeWithin?: bigint | undefined;
  /** The wallet number it was meant for; for the tally only, never on the wire. */
  number?: string | undefined;
}

export interface Row extends RowContent {
  account: string;
  counter: number;
  /** Sum of the day's rows up to this one. */
  cumulative: bigint;
  /** Set within the day; undefined means that the day's start decides. */
  sticky: string | undefined;
}

interface Day {
  date: string;
  rows: Row[];
  positions: Map<string, number>;
  total: bigint;
  opening: bigint;
  stickyBefore: string | undefined;
}

interface Account {
  number: string;
  opening: bigint;
  days: Day[];
  stale: boolean;
}

export interface Page {
  rows: Row[];
  /** Of the first day asked for. */
  broughtForward: bigint;
  pageOpening: bigint;
  closing: bigint;
  more: boolean;
}

export interface DaySummary {
  date: string;
  rows: number;
  opening: bigint;
  closing: bigint;
}

/** Where a page starts: after a known row, or at the start. */
export interface After {
  postDate: string;
  refNum: string;
  srl: string;
}

const LEGS = ['1', '2'];

export class Ledger {
  readonly #accounts = new Map<string, Account>();
  readonly #uniqueIdSuffix: string;

  constructor(uniqueIdSuffix: string) {
    this.#uniqueIdSuffix = uniqueIdSuffix;
  }

  open(number: string, opening: bigint): void {
    const account = this.#accounts.get(number);
    if (account) Object.assign(account, { opening, stale: true });
    else this.#accounts.set(number, { number, opening, days: [], stale: false });
  }

  has(number: string): boolean {
    return this.#accounts.has(number);
  }

  accounts(): string[] {
    return [...this.#accounts.keys()];
  }

  append(number: string, content: RowContent): Row {
    const account = this.#account(number);
    const day = this.#day(account, content.postDate);
    if (day.positions.has(position(content))) throw new Refusal(409, 'A row with this post date, reference and serial exists');
    const row: Row = Object.assign(content, { account: number, counter: 0, cumulative: 0n, sticky: undefined });
    this.#place(day, row);
    account.stale = true;
    return row;
  }

  /** The row of a reference; with two legs the serial or the account tells which. */
  row(refNum: string, which: { srl?: string | undefined; account?: string | undefined } = {}): Row {
    const accounts = which.account === undefined ? [...this.#accounts.values()] : [this.#account(which.account)];
    const serials = which.srl === undefined ? LEGS : [which.srl];
    const days = accounts.flatMap((account) => account.days).reverse();
    const row = days.flatMap((day) => serials.map((srl) => rowOf(day, { refNum, srl }))).find((each) => each !== undefined);
    if (!row) throw new Refusal(404, `No row ${refNum}`);
    return row;
  }

  /** Changes a row in its place; a new post date moves it to the end of that day. */
  change(row: Row, change: { [Key in keyof RowContent]?: RowContent[Key] | undefined }): Row {
    const account = this.#account(row.account);
    const from = this.#day(account, row.postDate);
    Object.assign(row, Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)));
    if (row.postDate !== from.date) {
      this.#rebuild(
        from,
        from.rows.filter((other) => other !== row),
      );
      this.#place(this.#day(account, row.postDate), row);
    } else this.#rebuild(from, from.rows);
    account.stale = true;
    return row;
  }

  runningBalance(row: Row): bigint {
    return this.#fresh(row.account, row.postDate).opening + row.cumulative;
  }

  uniqueId(row: Row): string | undefined {
    return row.sticky ?? this.#fresh(row.account, row.postDate).stickyBefore;
  }

  balance(number: string): bigint {
    const account = this.#refreshed(number);
    const last = account.days.at(-1);
    return last ? last.opening + last.total : account.opening;
  }

  days(number: string): DaySummary[] {
    return this.#refreshed(number).days.map(({ date, rows, opening, total }) => ({
      date,
      rows: rows.length,
      opening,
      closing: opening + total,
    }));
  }

  /** Rows in list order, hidden ones too. */
  rows(number: string): Row[] {
    return this.#refreshed(number).days.flatMap(({ rows }) => rows);
  }

  page(number: string, of: { from: string; to: string; max: number; after?: After | undefined }): Page {
    const account = this.#refreshed(number);
    const days = account.days.filter(({ date }) => date >= of.from && date <= of.to);
    const broughtForward = openingOf(account, of.from);
    const start = of.after ? this.#startAfter(account, of.after) : { date: of.from, at: 0, balance: broughtForward };
    const rows: Row[] = [];
    let more = false;
    for (const day of days) {
      if (more || day.date < start.date) continue;
      more = take(day, day.date === start.date ? start.at : 0, { rows, max: of.max });
    }
    const last = rows.at(-1);
    return { rows, broughtForward, pageOpening: start.balance, closing: last ? this.runningBalance(last) : start.balance, more };
  }

  #startAfter(account: Account, after: After): { date: string; at: number; balance: bigint } {
    const day = account.days.find(({ date }) => date === after.postDate);
    const row = day && rowOf(day, after);
    if (!row) throw new Refusal(400, 'Invalid offset');
    return { date: day.date, at: row.counter, balance: day.opening + row.cumulative };
  }

  #account(number: string): Account {
    const account = this.#accounts.get(number);
    if (!account) throw new Refusal(404, 'Account not found');
    return account;
  }

  #day(account: Account, date: string): Day {
    const last = account.days.at(-1);
    if (last?.date === date) return last;
    const known = account.days.find((day) => day.date === date);
    if (known) return known;
    const day: Day = { date, rows: [], positions: new Map(), total: 0n, opening: 0n, stickyBefore: undefined };
    account.days.push(day);
    account.days.sort((one, other) => (one.date < other.date ? -1 : 1));
    account.stale = true;
    return day;
  }

  #place(day: Day, row: Row): void {
    day.total += row.amount;
    row.cumulative = day.total;
    row.sticky = row.returned ? `${row.refNum}${dayFirst(row.postDate)}   ${row.srl}${this.#uniqueIdSuffix}` : day.rows.at(-1)?.sticky;
    day.positions.set(position(row), day.rows.length);
    day.rows.push(row);
    row.counter = day.rows.length;
  }

  #rebuild(day: Day, rows: readonly Row[]): void {
    Object.assign(day, { rows: [], positions: new Map(), total: 0n });
    for (const row of rows) this.#place(day, row);
  }

  #refreshed(number: string): Account {
    const account = this.#account(number);
    if (!account.stale) return account;
    let opening = account.opening;
    let stickyBefore: string | undefined;
    for (const day of account.days) {
      Object.assign(day, { opening, stickyBefore });
      opening += day.total;
      stickyBefore = day.rows.at(-1)?.sticky ?? stickyBefore;
    }
    account.stale = false;
    return account;
  }

  #fresh(number: string, date: string): Day {
    return this.#day(this.#refreshed(number), date);
  }
}

/** Takes listed rows from `at` until the page is full; true when another row waits. */
function take(day: Day, at: number, page: { rows: Row[]; max: number }): boolean {
  for (let index = at; index < day.rows.length; index += 1) {
    const row = day.rows[index];
    if (!row || row.hidden) continue;
    if (page.rows.length === page.max) return true;
    page.rows.push(row);
  }
  return false;
}

function openingOf(account: Account, date: string): bigint {
  const first = account.days.find((day) => day.date >= date);
  if (first) return first.opening;
  const last = account.days.at(-1);
  return last ? last.opening + last.total : account.opening;
}

function rowOf(day: Day, key: { refNum: string; srl: string }): Row | undefined {
  const at = day.positions.get(position(key));
  return at === undefined ? undefined : day.rows[at];
}

function position({ refNum, srl }: { refNum: string; srl: string }): string {
  return `${refNum} ${srl}`;
}

/** `2026-03-02` -> `02-03-2026`. */
export function dayFirst(date: string): string {
  return `${date.slice(8)}-${date.slice(5, 7)}-${date.slice(0, 4)}`;
}
