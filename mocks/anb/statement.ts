import { decimal, jsonNumber } from './money.ts';
import { dayFirst, type After, type Ledger, type Page, type Row } from './ledger.ts';

const CURRENCY = 'SAR';
const REFERENCE_WIDTH = 15;
const BALANCE_WIDTH = 19;

/** The page as the bank's JSON text. Written by hand because its numbers are exact decimals beyond what a float keeps. */
export function statementText(ledger: Ledger, asked: { accountNumber: string; from: string; to: string }, page: Page): string {
  const { rows } = page;
  const last = rows.at(-1);
  const transactions = rows.map((row) => transactionText(ledger, row)).join(',');
  return [
    `{"accountNumber":${JSON.stringify(asked.accountNumber)},"fromDate":"${asked.from}","toDate":"${asked.to}"`,
    `,"numberOfRecords":${rows.length},"completed":${last !== undefined && !page.more}`,
    last ? `,"offset":${JSON.stringify(offsetText(ledger, last))}` : '',
    `,"broughtFrwdBalance":${money(page.broughtForward)},"openingClrBalance":{"amount":${jsonNumber(page.broughtForward)}}`,
    `,"pageOpenBalance":${money(page.pageOpening)},"closingBalance":${money(page.closing)}`,
    `,"statement":${last ? `{"transactions":[${transactions}]}` : 'null'}}`,
  ].join('');
}

function money(amount: bigint): string {
  return `{"amount":${jsonNumber(amount)},"currencyCode":"${CURRENCY}"}`;
}

// One growing text, not a list of parts: a bench reads hundreds of thousands of these.
function transactionText(ledger: Ledger, row: Row): string {
  const { amount, narr1, narr2, narr3 } = row;
  let text = field('uniqueId', ledger.uniqueId(row)) + field('postDate', row.postDate) + field('postingTime', row.postingTime);
  text += field('valueDate', row.valueDate) + field('type', row.type);
  text += `,"amount":${money(amount)},"narrative":{${(field('narr1', narr1) + field('narr2', narr2) + field('narr3', narr3)).slice(1)}}`;
  text +=
    field('refNum', row.refNum) + field('counter', row.counter.toString()) + field('stmt', row.stmt) + field('srcAcctNum', row.srcAcctNum);
  text += field('partTrnType', amount < 0n ? 'DEBIT' : 'CREDIT') + field('partTrnSrlNum', row.srl);
  text += `,"runningBalance":${money(ledger.runningBalance(row))}`;
  text += field('orderingParty', row.orderingParty) + field('beneficiaryName', row.beneficiaryName) + field('iban', row.iban);
  text += field('samaNarr', `${narr1}${narr2 ?? ''}${narr3 ?? ''}`) + field('network', row.network) + field('channel', row.channel);
  text += field('prtclrsCode', row.prtclrsCode) + field('category', row.category) + field('subCategory', row.subCategory);
  return `{${text.slice(1)}}`;
}

const PLAIN = /^[\w .:-]*$/;

/** `,"name":"value"`, or nothing. */
function field(name: string, value: string | undefined): string {
  if (value === undefined) return '';
  return PLAIN.test(value) ? `,"${name}":"${value}"` : `,"${name}":${JSON.stringify(value)}`;
}

/** The bank's opaque cursor, spaces, padding and all. */
export function offsetText(ledger: Ledger, row: Row): string {
  const balance = decimal(ledger.runningBalance(row)).padStart(BALANCE_WIDTH, '0');
  return `${dayFirst(row.postDate)}${row.refNum.padEnd(REFERENCE_WIDTH)}${row.srl}   ${dayFirst(row.calendarDate)}${row.postingTime}${balance}`;
}

/** Undefined when a client lost its spaces on the way or made it up. */
export function readOffset(offset: string): After | undefined {
  const parts = /^(\d\d)-(\d\d)-(\d{4})(.{15})(\d) {3}\d\d-\d\d-\d{4}\d\d:\d\d:\d\d[-.\d]{19,}$/.exec(offset);
  if (!parts) return undefined;
  const [, day, month, year, refNum = '', srl = ''] = parts;
  return { postDate: `${year}-${month}-${day}`, refNum: refNum.trimEnd(), srl };
}
