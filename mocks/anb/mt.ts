import { dayFirst, type Ledger, type Row } from './ledger.ts';
import { decimal } from './money.ts';

// The bank's own header layout is not public; the blocks are the standard's.
const LINE_END = '\r\n';

export interface MtRequest {
  accountNumber: string;
  date: string;
  rows: readonly Row[];
  opening: bigint;
  closing: bigint;
}

/** End of day: opening, lines, closing. */
export function mt940(of: MtRequest): string {
  const number = Math.floor(Date.parse(of.date) / 86_400_000) - Math.floor(Date.parse(`${of.date.slice(0, 4)}-01-01`) / 86_400_000) + 1;
  return [
    '{1:F01ARNBSARIXXXX0000000000}{2:I940TESTSARIXXXXN}{4:',
    `:20:EOD${six(of.date)}000001`,
    `:25:${ibanOf(of.accountNumber)}`,
    `:28C:${number}/1`,
    `:60F:${balance(of.date, of.opening)}`,
    ...of.rows.flatMap(lines),
    `:62F:${balance(of.date, of.closing)}`,
    `:64:${balance(of.date, of.closing)}`,
    '-}',
  ].join(LINE_END);
}

/** Intraday: no balances, but counts and sums. */
export function mt942(of: MtRequest): string {
  const debits = of.rows.filter(({ amount }) => amount < 0n);
  const credits = of.rows.filter(({ amount }) => amount > 0n);
  return [
    '{1:F01ARNBSARIXXXX0000000000}{2:I942TESTSARIXXXXN}{4:',
    `:20:INT${six(of.date)}000001`,
    `:25:${ibanOf(of.accountNumber)}`,
    ':28C:1/1',
    ':34F:SAR0,',
    `:13D:${six(of.date)}0000+0300`,
    ...of.rows.flatMap(lines),
    `:90D:${debits.length}SAR${comma(sum(debits))}`,
    `:90C:${credits.length}SAR${comma(sum(credits))}`,
    '-}',
  ].join(LINE_END);
}

/** The bank's own layout: `SA`, check digits, 30, 40 and the 16 digits. */
function ibanOf(accountNumber: string): string {
  const check = 98n - (BigInt(`3040${accountNumber}281000`) % 97n);
  return `SA${check.toString().padStart(2, '0')}3040${accountNumber}`;
}

function lines(row: Row): string[] {
  const backFromBank = row.category === '000SJ';
  const credit = backFromBank ? 'RD' : 'C';
  const mark = row.amount < 0n ? 'D' : credit;
  const reference = (backFromBank ? row.narr3 : (row.narr3 ?? 'NONREF'))?.slice(0, 16) ?? 'NONREF';
  const [day, month] = dayFirst(row.postDate).split('-');
  const narratives = [row.narr1, row.narr2, row.narr3].filter((text) => text !== undefined).map(latin);
  return [
    `:61:${six(row.valueDate)}${month ?? ''}${day ?? ''}${mark}${comma(row.amount)}NTRF${latin(reference)}//${row.refNum}`,
    `:86:${narratives.join(LINE_END)}`,
  ];
}

function balance(date: string, amount: bigint): string {
  return `${amount < 0n ? 'D' : 'C'}${six(date)}SAR${comma(amount)}`;
}

function six(date: string): string {
  return date.slice(2).replaceAll('-', '');
}

function comma(amount: bigint): string {
  return decimal(amount < 0n ? -amount : amount).replace('.', ',');
}

function sum(rows: readonly Row[]): bigint {
  return rows.reduce((total, { amount }) => total + amount, 0n);
}

/** The format carries no Arabic. */
function latin(text: string): string {
  return text.replace(/[^\u0020-\u007e]/gu, '?');
}

/** All listed rows of one day as an end-of-day statement; undefined without such a day. */
export function endOfDay(ledger: Ledger, accountNumber: string, date: string): string | undefined {
  const day = ledger.days(accountNumber).find((each) => each.date === date);
  if (!day) return undefined;
  const rows = ledger.rows(accountNumber).filter((row) => row.postDate === date && !row.hidden);
  return mt940({ accountNumber, date, rows, opening: day.opening, closing: day.closing });
}
