import { Refusal } from '../control/refusal.ts';
import type { Row, RowContent } from './ledger.ts';
import { decimal } from './money.ts';
import { amountOf, localTime, nextReference, nextTransfer, type AnbState } from './state.ts';

export type TransferShape = 'narr2-last15' | 'iban-field' | 'none';

/** When and where a row is posted; what is not given is today, now, the main account. */
export interface Posting {
  account?: string | undefined;
  postDate?: string | undefined;
  /** The day on the wall, shown inside the message id; default the post date. */
  calendarDate?: string | undefined;
  postingTime?: string | undefined;
  valueDate?: string | undefined;
  refNum?: string | undefined;
  hidden?: boolean | undefined;
}

export interface RowRequest extends Posting {
  amount: string;
  srl?: string | undefined;
  type?: string | undefined;
  narr1?: string | undefined;
  narr2?: string | undefined;
  narr3?: string | undefined;
  stmt?: string | undefined;
  srcAcctNum?: string | undefined;
  iban?: string | undefined;
  orderingParty?: string | undefined;
  beneficiaryName?: string | undefined;
  network?: string | undefined;
  channel?: string | undefined;
  prtclrsCode?: string | undefined;
  category?: string | undefined;
  subCategory?: string | undefined;
  returned?: boolean | undefined;
  feeWithin?: bigint | undefined;
  number?: string | undefined;
}

export interface TransferRequest extends Posting {
  /** An IBAN or a 15-digit number. */
  to: string;
  amount: string;
  sender?: string | undefined;
  shape?: TransferShape | undefined;
  /** Leaves out the third narrative. */
  withoutNarr3?: boolean | undefined;
}

const COMPANY = 'CORPORATE_NAME';
/** A virtual IBAN is `SA`, check digits, this, and the 15-digit number. */
const VIRTUAL_PREFIX = '30100';
const NUMBER_LENGTH = 15;

/** Any row, as given. */
export function post(state: AnbState, request: RowRequest): Row {
  const { account, amount: text, ...rest } = request;
  const amount = amountOf(text);
  if (amount === 0n) throw new Refusal(400, 'A row moves money');
  const content: RowContent = {
    ...rest,
    ...timing(state, rest),
    ...defaults(rest, amount < 0n),
    refNum: rest.refNum ?? nextReference(state),
    amount,
  };
  return state.ledger.append(account ?? state.mainAccount, content);
}

function timing(state: AnbState, of: Posting): Pick<RowContent, 'postDate' | 'postingTime' | 'valueDate' | 'calendarDate'> {
  const { date, time } = localTime(state);
  const postDate = of.postDate ?? date;
  return { postDate, postingTime: of.postingTime ?? time, valueDate: of.valueDate ?? postDate, calendarDate: of.calendarDate ?? postDate };
}

type Defaults = Pick<
  RowContent,
  'type' | 'narr1' | 'srl' | 'stmt' | 'network' | 'channel' | 'returned' | 'hidden' | 'orderingParty' | 'beneficiaryName'
>;

function defaults(of: Omit<RowRequest, 'amount'>, isDebit: boolean): Defaults {
  const { type = '56', stmt = 'Y', network = '01', channel = 'ANB', returned: sticky = false, hidden = false } = of;
  return { type, stmt, network, channel, returned: sticky, hidden, ...(isDebit ? debitSide(of) : creditSide(of)) };
}

function debitSide({ narr1 = 'DEBIT', srl = '1', orderingParty = COMPANY }: Omit<RowRequest, 'amount'>) {
  return { narr1, srl, orderingParty };
}

function creditSide({ narr1 = 'CREDIT', srl = '2', beneficiaryName = COMPANY }: Omit<RowRequest, 'amount'>) {
  return { narr1, srl, beneficiaryName };
}

/** A customer's money comes in, in one of the shapes in which the bank shows it. */
export function transfer(state: AnbState, request: TransferRequest): Row {
  const { to, sender = 'TEST SENDER', shape = 'narr2-last15', withoutNarr3 = false, ...rest } = request;
  const number = to.slice(-NUMBER_LENGTH);
  const message = messageId(state, request, 'SANCBKNCBK');
  const shown = narratives({ shape, number, message });
  const iban = shape === 'iban-field' ? virtualIban(to) : undefined;
  return post(state, {
    ...rest,
    narr1: sender,
    narr2: shown.narr2,
    narr3: withoutNarr3 ? undefined : shown.narr3,
    iban,
    prtclrsCode: '17IPS',
    number,
  });
}

export function narratives({ shape, number, message }: { shape: TransferShape; number: string; message: string }): {
  narr2: string;
  narr3: string;
} {
  return shape === 'narr2-last15' ? { narr2: number, narr3: message } : { narr2: message, narr3: 'BONU' };
}

/** `YYYYMMDD`, the sending bank, `1B` and a number. The day is the one on the wall, not the post date. */
export function messageId(state: AnbState, at: Posting, bank: string): string {
  const date = at.calendarDate ?? at.postDate ?? localTime(state).date;
  return `${date.replaceAll('-', '')}${bank}1B${state.random.digits(14)}`;
}

/** A full IBAN as it is, or the one that a 15-digit number belongs to. */
export function virtualIban(to: string): string {
  if (to.startsWith('SA')) return to;
  const account = `${VIRTUAL_PREFIX}${to}`;
  const check = 98n - (BigInt(`${account}281000`) % 97n);
  return `SA${check.toString().padStart(2, '0')}${account}`;
}

export interface DebitRequest extends Posting {
  amount: string;
  /** Folded into the row's amount. */
  fee?: string | undefined;
  narr2?: string | undefined;
  sequenceNumber?: string | undefined;
  /** Appended to the reference in the first narrative; may be Arabic. */
  text?: string | undefined;
  channel?: string | undefined;
}

/** Money leaves; the bank's fee is inside the one amount. */
export function debit(state: AnbState, request: DebitRequest): Row {
  const { amount, fee = '0', narr2 = 'PAYOUT TEST', sequenceNumber = state.random.digits(16), text, channel, ...rest } = request;
  const feeWithin = amountOf(fee);
  const total = amountOf(amount) + feeWithin;
  const reference = nextTransfer(state);
  const narr1 = text === undefined ? reference : `${reference}-${text}`;
  const sarie = channel === 'SARIE' ? { network: '02', channel: 'SARIE' } : {};
  return post(state, { ...rest, ...sarie, amount: decimal(-total), feeWithin, narr1, narr2, narr3: sequenceNumber, prtclrsCode: '16IPI' });
}

/** An outgoing transfer comes back: the principal without the fee, minutes later, under another reference. */
export function returned(
  state: AnbState,
  request: Posting & { ofRefNum: string; amount?: string | undefined; reason?: string | undefined },
): Row {
  const { ofRefNum, amount, reason = 'AC03', ...rest } = request;
  const original = state.ledger.row(ofRefNum, { srl: '1' });
  const internal = `I01${state.random.digits(13)}`;
  return post(state, {
    account: original.account,
    ...rest,
    amount: amount ?? decimal(-original.amount - (original.feeWithin ?? 0n)),
    narr1: messageId(state, request, 'SAARNBARNB'),
    narr2: original.narr1.split('-')[0] ?? original.narr1,
    narr3: reason,
    srcAcctNum: internal,
    iban: internal,
    prtclrsCode: 'SJBB6',
    category: '000SJ',
    subCategory: 'SJBB6',
    returned: true,
  });
}

/** The same row with the other sign: of a credit a debit (RC), of a debit a credit (RD). */
export function reversal(
  state: AnbState,
  request: Posting & { ofRefNum: string; srl?: string | undefined; amount?: string | undefined; sameReference?: boolean | undefined },
): Row {
  const { ofRefNum, srl, amount, sameReference = false, ...rest } = request;
  const original = state.ledger.row(ofRefNum, { srl });
  const { narr1, narr2, narr3, iban, srcAcctNum, type, number, prtclrsCode, network, channel } = original;
  const part = amount === undefined ? original.amount : amountOf(amount) * (original.amount < 0n ? -1n : 1n);
  const refNum = rest.refNum ?? (sameReference ? original.refNum : undefined);
  return post(state, {
    account: original.account,
    ...rest,
    refNum,
    amount: decimal(-part),
    narr1,
    narr2,
    narr3,
    iban,
    srcAcctNum,
    type,
    number,
    prtclrsCode,
    network,
    channel,
  });
}

/** Between two of our own accounts: one reference, leg 1 the debit, leg 2 the credit. Both in one list when it is one account. */
export function twoLegs(
  state: AnbState,
  request: Posting & { amount: string; toAccount: string; narr2?: string | undefined },
): { debit: Row; credit: Row } {
  const { toAccount, amount, narr2, account, ...rest } = request;
  if (!state.ledger.has(toAccount)) throw new Refusal(404, 'Account not found');
  const refNum = rest.refNum ?? nextReference(state);
  const common = { ...rest, refNum, narr1: nextTransfer(state), narr2 };
  const paid = post(state, { ...common, account, amount: decimal(-amountOf(amount)) });
  return { debit: paid, credit: post(state, { ...common, account: toAccount, amount }) };
}
