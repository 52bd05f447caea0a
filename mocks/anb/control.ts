import { z } from 'zod';
import { commonRoutes, verb, view, type ControlCall, type ControlRoute } from '../control/routes.ts';
import { bulk } from './bulk.ts';
import type { Row } from './ledger.ts';
import { decimal } from './money.ts';
import { debit, post, returned, reversal, transfer, twoLegs } from './rows.ts';
import { amountOf, localTime, notify, type AnbState } from './state.ts';

const amount = z.string().regex(/^-?\d{1,15}(\.\d{1,2})?$/);
const date = z.iso.date();
const number = z.string().regex(/^(\d{15}|SA\d{2}[0-9A-Z]{20})$/, 'an IBAN or a 15-digit number');
const text = z.string().optional();
const shape = z.enum(['narr2-last15', 'iban-field', 'none']);

const posting = {
  account: text,
  postDate: date.optional(),
  calendarDate: date.optional(),
  postingTime: z
    .string()
    .regex(/^\d\d:\d\d:\d\d$/)
    .optional(),
  valueDate: date.optional(),
  refNum: z.string().max(15).optional(),
  hidden: z.boolean().optional(),
};
/** `notify` sends the bank's `statement.created` after the row. */
const told = { notify: z.boolean().optional() };

export const transferBody = z.strictObject({
  to: number,
  amount,
  sender: text,
  shape: shape.optional(),
  withoutNarr3: z.boolean().optional(),
  ...posting,
  ...told,
});
const content = {
  type: text,
  narr1: text,
  narr2: text,
  narr3: text,
  stmt: text,
  srcAcctNum: text,
  iban: text,
  orderingParty: text,
  beneficiaryName: text,
  network: text,
  channel: text,
  prtclrsCode: text,
  category: text,
  subCategory: text,
};
export const rowBody = z.strictObject({
  amount,
  srl: z.enum(['1', '2']).optional(),
  ...content,
  returned: z.boolean().optional(),
  ...posting,
  ...told,
});
export const debitBody = z.strictObject({
  amount,
  fee: amount.optional(),
  narr2: text,
  sequenceNumber: z
    .string()
    .regex(/^\d{1,16}$/)
    .optional(),
  text,
  channel: text,
  ...posting,
  ...told,
});
export const payoutBody = z.strictObject({ amount, narr1: text, narr2: text, ...posting, ...told });
export const returnBody = z.strictObject({ ofRefNum: z.string(), amount: amount.optional(), reason: text, ...posting, ...told });
export const reversalBody = z.strictObject({
  ofRefNum: z.string(),
  srl: z.enum(['1', '2']).optional(),
  amount: amount.optional(),
  sameReference: z.boolean().optional(),
  ...posting,
  ...told,
});
export const twoLegsBody = z.strictObject({ amount, toAccount: z.string(), narr2: text, ...posting });
export const changeBody = z.strictObject({
  srl: z.enum(['1', '2']).optional(),
  account: text,
  amount: amount.optional(),
  postDate: date.optional(),
  valueDate: date.optional(),
  postingTime: text,
  narr1: text,
  narr2: text,
  narr3: text,
  iban: text,
  stmt: text,
  hidden: z.boolean().optional(),
});
export const bulkBody = z.strictObject({
  count: z.int().min(1).max(2_000_000),
  numbers: z.array(number).min(1),
  days: z.int().min(1).max(366).optional(),
  lastDay: date.optional(),
  amountFrom: amount.optional(),
  amountTo: amount.optional(),
  seed: z.int().optional(),
  account: text,
  shape: shape.optional(),
});
export const openingBody = z.strictObject({ account: text, amount });

/** A row as the control API shows it; amounts are decimal text. */
export interface BankRow {
  account: string;
  refNum: string;
  srl: string;
  postDate: string;
  postingTime: string;
  valueDate: string;
  amount: string;
  runningBalance: string;
  narr1: string;
  narr2?: string | undefined;
  narr3?: string | undefined;
  iban?: string | undefined;
  hidden: boolean;
}

export interface BankDay {
  date: string;
  rows: number;
  opening: string;
  closing: string;
}

/** What each wallet number got: credits less their reversals. */
export type Tally = Record<string, { count: number; total: string }>;

export function controlRoutes(state: AnbState): ControlRoute[] {
  return [...creditVerbs(state), ...rowVerbs(state), ...accountVerbs(state), ...commonRoutes(state)];
}

function shown(state: AnbState, row: Row): BankRow {
  const { account, refNum, srl, postDate, postingTime, valueDate, narr1, narr2, narr3, iban, hidden } = row;
  return {
    account,
    refNum,
    srl,
    postDate,
    postingTime,
    valueDate,
    amount: decimal(row.amount),
    runningBalance: decimal(state.ledger.runningBalance(row)),
    narr1,
    narr2,
    narr3,
    iban,
    hidden,
  };
}

function announced(state: AnbState, row: Row, notifies: boolean | undefined): BankRow {
  if (notifies === true) notify(state, 'statement.created', { accountNumber: row.account, date: row.postDate });
  return shown(state, row);
}

function creditVerbs(state: AnbState): ControlRoute[] {
  return [
    verb({
      method: 'POST',
      path: '/transfers',
      does: 'a customer sends money to an IBAN or a 15-digit number; the shape says where the bank shows it',
      body: transferBody,
      run: ({ notify: tell, ...request }) => announced(state, transfer(state, request), tell),
    }),
    verb({
      method: 'POST',
      path: '/transfers/bulk',
      does: 'many transfers, spread over days',
      body: bulkBody,
      run: (request) => bulk(state, request),
    }),
    verb({
      method: 'POST',
      path: '/payouts',
      does: 'the card provider pays out a settlement',
      body: payoutBody,
      run: ({ notify: tell, narr1 = 'MOYASAR SETTLEMENT', narr2 = 'TEST MERCHANT', ...request }) =>
        announced(state, payout(state, { ...request, narr1, narr2 }), tell),
    }),
    verb({
      method: 'POST',
      path: '/debits',
      does: 'money leaves; the fee is folded in; the amount is positive',
      body: debitBody,
      run: ({ notify: tell, ...request }) => announced(state, debit(state, request), tell),
    }),
    verb({
      method: 'POST',
      path: '/returns',
      does: 'an outgoing transfer comes back, without the fee',
      body: returnBody,
      run: ({ notify: tell, ...request }) => announced(state, returned(state, request), tell),
    }),
    verb({
      method: 'POST',
      path: '/reversals',
      does: 'a row again with the other sign (RC, RD)',
      body: reversalBody,
      run: ({ notify: tell, ...request }) => announced(state, reversal(state, request), tell),
    }),
    verb({
      method: 'POST',
      path: '/two-legs',
      does: 'one reference with two legs between own accounts',
      body: twoLegsBody,
      run: (request) => {
        const legs = twoLegs(state, request);
        return { debit: shown(state, legs.debit), credit: shown(state, legs.credit) };
      },
    }),
  ];
}

function payout(state: AnbState, request: Parameters<typeof post>[1]): Row {
  const day = request.calendarDate ?? request.postDate ?? localTime(state).date;
  return post(state, { ...request, narr3: `${day.replaceAll('-', '')}SAXXXXXXXX1B${state.random.digits(14)}`, prtclrsCode: '17IPS' });
}

function rowVerbs(state: AnbState): ControlRoute[] {
  const hide =
    (hidden: boolean) =>
    ({ params, query }: ControlCall): BankRow => {
      const row = state.ledger.row(params['refNum'] ?? '', { srl: query['srl'], account: query['account'] });
      return shown(state, state.ledger.change(row, { hidden }));
    };
  return [
    verb({
      method: 'POST',
      path: '/rows',
      does: 'any row, as given',
      body: rowBody,
      run: ({ notify: tell, ...request }) => announced(state, post(state, request), tell),
    }),
    view('GET', '/rows', {
      does: 'all rows of an account in list order, hidden ones too (?account=&postDate=)',
      run: ({ query }) => ({
        rows: state.ledger
          .rows(query['account'] ?? state.mainAccount)
          .filter(({ postDate }) => (query['postDate'] ?? postDate) === postDate)
          .map((row) => shown(state, row)),
      }),
    }),
    view('POST', '/rows/:refNum/hide', { does: 'the row is no longer listed but still counts: a gap (?srl=&account=)', run: hide(true) }),
    view('POST', '/rows/:refNum/reveal', { does: 'the row is listed again, in its place', run: hide(false) }),
    verb({
      method: 'POST',
      path: '/rows/:refNum/change',
      does: 'other content under the same key, or another post date',
      body: changeBody,
      run: ({ srl, account, amount: changed, ...change }, { params }) =>
        shown(
          state,
          state.ledger.change(state.ledger.row(params['refNum'] ?? '', { srl, account }), {
            ...change,
            amount: changed === undefined ? undefined : amountOf(changed),
          }),
        ),
    }),
  ];
}

function accountVerbs(state: AnbState): ControlRoute[] {
  const asked = (query: ControlCall['query']): string => query['account'] ?? state.mainAccount;
  return [
    verb({
      method: 'POST',
      path: '/opening',
      does: 'sets the opening balance of an account, which is made if unknown',
      body: openingBody,
      run: (body) => {
        state.ledger.open(body.account ?? state.mainAccount, amountOf(body.amount));
      },
    }),
    view('GET', '/days', {
      does: 'rows, opening and closing balance per post date (?account=)',
      run: ({ query }) => ({
        days: state.ledger.days(asked(query)).map((day) => ({ ...day, opening: decimal(day.opening), closing: decimal(day.closing) })),
      }),
    }),
    view('GET', '/balance', {
      does: 'the balance after the last row (?account=)',
      run: ({ query }) => ({ account: asked(query), balance: decimal(state.ledger.balance(asked(query))) }),
    }),
    view('GET', '/tally', { does: 'what each wallet number got (?account=)', run: ({ query }) => ({ tally: tally(state, asked(query)) }) }),
    view('POST', '/tokens/expire', {
      does: 'every token given out so far is refused',
      run: () => {
        state.tokens.clear();
      },
    }),
    verb({
      method: 'POST',
      path: '/webhooks/send',
      does: 'sends any event of the bank',
      body: z.strictObject({ type: z.string(), payload: z.unknown() }),
      run: ({ type, payload }) => {
        notify(state, type, payload);
      },
    }),
  ];
}

function tally(state: AnbState, account: string): Tally {
  const sums = new Map<string, { count: number; total: bigint }>();
  for (const { number: of, amount: moved } of state.ledger.rows(account)) {
    if (of === undefined) continue;
    const sum = sums.get(of) ?? { count: 0, total: 0n };
    sum.count += 1;
    sum.total += moved;
    sums.set(of, sum);
  }
  return Object.fromEntries([...sums].map(([of, { count, total }]) => [of, { count, total: decimal(total) }]));
}
