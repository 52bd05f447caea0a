import test from 'ava';
import { scenario } from '../testing/scenario.ts';
import { rowType } from '../payment/messages.ts';
import type { SettlementRow } from '../payment/messages.ts';
import { settlementPage } from './decide.ts';

const SETTLEMENT = 'settlement:moyasar:doc-1' as const;
const TERMS = { feePolicy: 'platform' as const, rates: [], vatPercent: '15', tolerance: 1n, rowGraceMs: 60_000, windowDays: 4 };
const row = (index: number, over: Partial<SettlementRow> = {}): SettlementRow => ({
  index,
  type: 'payment',
  paymentId: `p-${index}`,
  currency: 'SAR',
  gross: 10000n,
  net: 9770n,
  fee: 230n,
  tax: 30n,
  ...over,
});
const refund = (index: number) => row(index, { type: 'refund', gross: 5000n, net: -5115n, fee: 115n, tax: 15n });
const cost = (index: number) => row(index, { type: 'chargeback_penalty', paymentId: null, gross: 0n, net: -7500n, fee: 7500n, tax: 0n });
const store = (...rows: SettlementRow[]) => ({
  type: 'StorePage' as const,
  body: { settlement: SETTLEMENT, provider: 'moyasar', document: 'doc-1', page: 1, currency: 'SAR', rows, terms: TERMS },
});
const release = (amount: bigint) => ({ type: 'ReleasePage' as const, body: { amount, currency: 'SAR' } });
const answered = (index: number, outcome: 'credited' | 'broken' = 'credited') => ({
  type: 'RowAnswered' as const,
  body: { index, outcome },
});
const fresh = () => scenario(settlementPage, 'settlement-page:moyasar:doc-1:1');

test('a stored page says how many rows it keeps and what they sum to', (t) => {
  const it = fresh().when(store(row(0), refund(1), cost(2)));
  it.then(t, { sends: [`PageStored -> ${SETTLEMENT}`], rows: '', state: { status: 'stored' } });
  t.deepEqual(it.sent[0]?.body, { page: 1, count: 3, gross: '5000', net: '-2845', foreign: 0 });
});

test('case 18: rows of another currency are counted apart, and in no sum', (t) => {
  const it = fresh().when(store(row(0), row(1, { currency: 'KWD', gross: 1234n, net: 1200n })));
  t.deepEqual(it.sent[0]?.body, { page: 1, count: 2, gross: '10000', net: '9770', foreign: 1 });
});

test('released, every row that moves money goes to the reference of its payment, whole and with a natural key', (t) => {
  const it = fresh()
    .given(store(row(0), cost(1), refund(2)))
    .when(release(5000n));
  it.then(t, {
    rows: '',
    sends: ['Forward -> reference:moyasar:payment:p-0', 'Forward -> reference:moyasar:payment:p-2'],
    state: { status: 'released', waiting: [0, 2] },
  });
  const [first, second] = it.sent;
  t.is(first?.id, 'doc-1/1/0/row');
  t.like(first?.body, { type: 'RowSettled', key: 'doc-1/1/0/row', amount: '10000', currency: 'SAR', graceMs: 60_000 });
  t.like(first?.body, { orElse: { reason: 'unknown_payment', subject: 'doc-1/1/0', evidence: { payment: 'p-0', gross: '10000' } } });
  t.like(first?.body, { answer: { page: 'settlement-page:moyasar:doc-1:1', index: 0 } });
  t.is(second?.body['amount'], '-5000');
  const forwarded = JSON.parse(String(first?.body['body'])) as Record<string, unknown>;
  t.like(forwarded, { page: 'settlement-page:moyasar:doc-1:1', document: 'doc-1', row: { index: 0, gross: '10000', net: '9770' } });
  t.like(forwarded, { terms: { rowGraceMs: 60_000, feePolicy: 'platform' } });
});

test('the sign of a row follows its type', (t) => {
  for (const type of rowType.options) {
    const sign = { payment: 1n, installment: 1n, refund: -1n, void: -1n, chargeback: -1n }[type as string] ?? 0n;
    const it = fresh()
      .given(store(row(0, { type })))
      .when(release(sign * 10000n));
    t.is(it.sent[0]?.type, sign === 0n ? 'PageDone' : 'Forward', type);
  }
});

test('case 15: a row that names no payment is a break that holds its money, in suspense or as owed by the company', (t) => {
  const it = fresh().given(store(row(0, { paymentId: null }), row(1, { type: 'chargeback', paymentId: null, gross: 300n })));
  it.when(release(9700n)).then(t, {
    sends: ['OpenBreak -> break:unknown_payment:doc-1/1/0', 'OpenBreak -> break:unknown_payment:doc-1/1/1', `PageDone -> ${SETTLEMENT}`],
    state: { status: 'done', rows: [], broken: 2 },
  });
  t.like(it.sent[0]?.body, { money: 'credit', amount: '10000', currency: 'SAR' });
  t.like(it.sent[1]?.body, { money: 'debit', amount: '300', currency: 'SAR' });
  t.is(it.sent[0]?.id, 'doc-1/1/0/break');
});

test('when every row is answered the page is done and forgets its rows', (t) => {
  const it = fresh().given(store(row(0), row(1), cost(2)), release(20000n));
  it.when(answered(1)).then(t, { sends: [], state: { status: 'released', waiting: [0] } });
  it.when(answered(0, 'broken')).then(t, { sends: [`PageDone -> ${SETTLEMENT}`], state: { status: 'done', rows: [], terms: null } });
  t.deepEqual(it.sent[0]?.body, { page: 1, credited: 1, broken: 1 });
});

test('case 3: a row answered twice, an unknown one, or a page stored again after its release changes nothing', (t) => {
  const it = fresh().given(store(row(0), row(1)), release(20000n), answered(1));
  for (const message of [answered(1), answered(1, 'broken'), answered(7), store(row(0))]) {
    it.when(message).then(t, { sends: [], rows: '', state: { credited: 1, broken: 0, waiting: [0] } });
  }
  it.given(answered(0))
    .when(store(row(0)))
    .then(t, { sends: [], state: { status: 'done', rows: [] } });
});

test('until its release a page may be stored again with other rows', (t) => {
  const it = fresh()
    .given(store(row(0), row(1)))
    .when(store(row(0)));
  it.then(t, { sends: [`PageStored -> ${SETTLEMENT}`] });
  t.is(it.state.rows.length, 1);
});

test('a page of costs alone, or an empty one, is done at once', (t) => {
  fresh()
    .given(store(cost(0)))
    .when(release(0n))
    .then(t, { sends: [`PageDone -> ${SETTLEMENT}`], state: { status: 'done' } });
  fresh()
    .given(store())
    .when(release(0n))
    .then(t, { sends: [`PageDone -> ${SETTLEMENT}`] });
});

test('a release of another amount, a second one, or one before the rows stops here', (t) => {
  t.throws(
    () =>
      fresh()
        .given(store(row(0)))
        .when(release(9999n)),
    { message: /10000, not 9999/ },
  );
  t.throws(
    () =>
      fresh()
        .given(store(row(0)), release(10000n))
        .when(release(10000n)),
    { message: /released/ },
  );
  t.throws(() => fresh().when(release(0n)), { message: /empty/ });
});

test('what waits in the mailbox of a page is counted', (t) => {
  t.deepEqual(settlementPage.carries?.(release(-5n)), { currency: 'SAR', amount: -5n });
  t.is(settlementPage.carries?.(release(0n)) ?? null, null);
  t.is(settlementPage.carries?.(answered(0)) ?? null, null);
});

test('a page of 500 rows is released in one commit and stays under the limit of a state', (t) => {
  const rows = Array.from({ length: 500 }, (_, index) =>
    row(index, { paymentId: `5f3c1c52-9b0e-4a37-8a51-${String(index).padStart(12, '0')}` }),
  );
  const it = fresh()
    .given(store(...rows))
    .when(release(5_000_000n));
  t.is(it.sent.length, 500);
  t.true(JSON.stringify(it.state, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)).length < 256 * 1024);
});
