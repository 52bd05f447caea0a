import { seededRandom } from '../control/random.ts';
import { Refusal } from '../control/refusal.ts';
import { decimal } from './money.ts';
import { virtualIban, type TransferShape } from './rows.ts';
import { amountOf, localTime, nextReference, type AnbState } from './state.ts';

export interface BulkRequest {
  count: number;
  /** 15-digit numbers or IBANs; each row draws one. */
  numbers: readonly string[];
  days?: number | undefined;
  /** The last of the days; default today. */
  lastDay?: string | undefined;
  amountFrom?: string | undefined;
  amountTo?: string | undefined;
  seed?: number | undefined;
  account?: string | undefined;
  shape?: TransferShape | undefined;
}

export interface BulkResult {
  count: number;
  total: string;
  firstDay: string;
  lastDay: string;
}

const DAY_MS = 86_400_000;
const NUMBER_LENGTH = 15;
/** Every so many rows one is booked after midnight on the day before. */
const AFTER_MIDNIGHT_EACH = 97;

/** Many incoming transfers at once, spread evenly over days in list order. */
export function bulk(state: AnbState, request: BulkRequest): BulkResult {
  const {
    count,
    numbers,
    days = 1,
    shape = 'narr2-last15',
    account = state.mainAccount,
    amountFrom = '1.00',
    amountTo = '1000.00',
  } = request;
  if (numbers.length === 0) throw new Refusal(400, 'Nobody to send to');
  const random = seededRandom(request.seed ?? state.random.integer(0, 2 ** 31));
  const least = Number(amountOf(amountFrom));
  const most = Number(amountOf(amountTo));
  const lastDay = request.lastDay ?? localTime(state).date;
  const dayOf = (at: number): string => shifted(lastDay, Math.floor((at * days) / count) + 1 - days);
  let total = 0n;
  for (let at = 0; at < count; at += 1) {
    const amount = BigInt(random.integer(least, most));
    const to = numbers[random.integer(0, numbers.length - 1)] ?? '';
    append(state, { at, amount, to, date: dayOf(at), shape, account });
    total += amount;
  }
  return { count, total: decimal(total), firstDay: dayOf(0), lastDay };
}

interface BulkRow {
  at: number;
  amount: bigint;
  to: string;
  date: string;
  shape: TransferShape;
  account: string;
}

function append(state: AnbState, { at, amount, to, date, shape, account }: BulkRow): void {
  const late = at % AFTER_MIDNIGHT_EACH === AFTER_MIDNIGHT_EACH - 1;
  const calendarDate = late ? shifted(date, 1) : date;
  const number = to.slice(-NUMBER_LENGTH);
  const message = `${calendarDate.replaceAll('-', '')}SANCBKNCBK1B${at.toString().padStart(14, '0')}`;
  const byNarrative = shape === 'narr2-last15';
  state.ledger.append(account, {
    amount,
    postDate: date,
    postingTime: late ? '02:05:21' : timeOfDay(at),
    valueDate: date,
    calendarDate,
    type: '56',
    narr1: `BULK SENDER ${at}`,
    narr2: byNarrative ? number : message,
    narr3: byNarrative ? message : 'BONU',
    refNum: nextReference(state),
    srl: '2',
    stmt: 'Y',
    iban: shape === 'iban-field' ? virtualIban(to) : undefined,
    beneficiaryName: 'CORPORATE_NAME',
    network: '01',
    channel: 'ANB',
    prtclrsCode: '17IPS',
    returned: false,
    hidden: false,
    number,
  });
}

function timeOfDay(at: number): string {
  const two = (value: number): string => value.toString().padStart(2, '0');
  return `${two(8 + (Math.floor(at / 3_600) % 14))}:${two(Math.floor(at / 60) % 60)}:${two(at % 60)}`;
}

function shifted(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
}
