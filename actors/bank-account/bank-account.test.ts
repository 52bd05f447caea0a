import test from 'ava';
import { scenario, T0 } from '../testing/scenario.ts';
import { bankAccount } from './decide.ts';
import { ACCOUNT, AHMED, BankSide, CONFIG, isWhole, lineOf, linesOn, SARA, Statement } from './testing/statement.ts';
import { DAYS_KEPT } from './state.ts';

const SELF = `bank-account:${ACCOUNT}` as const;
const open = { type: 'OpenBankAccount' as const, body: CONFIG };
const pull = { type: 'PullStatement' as const, body: { why: 'webhook', date: null } };

function dayFigures(side: BankSide) {
  return side.state.days.map(({ date, opening, closing, lines }) => `${date} ${opening} ${closing} ${lines}`);
}

// ---- opening and asking --------------------------------------------------------------------------------------------------------------

test('a bank account that is opened asks for its statement from its first day and sets its timer', (t) => {
  const told = scenario(bankAccount, SELF).when(open);
  told.then(t, {
    rows: '',
    effects: ['page-1'],
    timers: ['pull@30000'],
    answer: { account: ACCOUNT, currency: 'SAR', from: '2026-11-20' },
  });
  t.deepEqual(told.last.effects[0]?.type, 'anb.fetch_statement');
  t.deepEqual(JSON.parse(told.last.effects[0]?.body ?? ''), { account: ACCOUNT, from: '2026-11-20', to: null, offset: null, pageSize: 3 });
});

test('opening it again with the same settings changes nothing, with others only the settings', (t) => {
  const told = scenario(bankAccount, SELF).given(open);
  const before = told.envelope.state;
  told.when(open).then(t, { effects: [], timers: [], answer: { account: ACCOUNT, currency: 'SAR', from: '2026-11-20' } });
  t.is(told.envelope.state, before);
  told
    .when({ type: 'OpenBankAccount', body: { ...CONFIG, pageSize: 500 } })
    .then(t, { effects: [], timers: ['pull@32000'], state: { requests: 1 } });
  t.is(told.state.config?.pageSize, 500);
});

test('the currency is free until the books begin and fixed from then on', (t) => {
  const told = scenario(bankAccount, SELF).given(open, { type: 'OpenBankAccount', body: { ...CONFIG, currency: 'USD' } });
  t.is(told.state.config?.currency, 'USD');
  const page = { effect: 'page-1', today: '2026-11-20', opening: 5n, closing: 5n, next: null, lines: [] };
  told.given({ type: 'StatementPageFetched', body: page });
  told.when(open).then(t, { code: 'currency_is_fixed', answer: 'USD' });
});

test('an account that was not opened refuses to pull', (t) => {
  scenario(bankAccount, SELF).when(pull).then(t, { code: 'bank_account_not_open', effects: [] });
  t.deepEqual(bankAccount.figures?.(bankAccount.initial(ACCOUNT)), []);
  t.deepEqual(bankAccount.openEffects?.(bankAccount.initial(ACCOUNT)), []);
});

test('the schedule pulls again and again, one at a time', (t) => {
  const told = scenario(bankAccount, SELF).given(open);
  const due = (at: number) => ({ type: 'TimerDue' as const, body: { key: 'pull', at }, at });
  told.when(due(T0 + 30_000)).then(t, { effects: [], timers: ['pull@60000'] });
  told.given({
    type: 'StatementPageFetched',
    body: { effect: 'page-1', ...new Statement().page({ from: '', offset: null, pageSize: 3 }) },
    at: T0 + 31_000,
  });
  told.when(due(T0 + 60_000)).then(t, { effects: ['page-2'], timers: ['pull@90000'] });
});

test('while a pull runs one more is remembered, with the earliest date', (t) => {
  const side = new BankSide(new Statement(linesOn('2026-11-20', 'A', 2)));
  const told = scenario(bankAccount, SELF).given(open);
  told.when(pull).then(t, { effects: [], state: { again: { date: null } }, answer: { account: ACCOUNT, pull: 'remembered' } });
  for (const [date, kept] of [
    ['2026-11-21', '2026-11-21'],
    ['2026-11-20', '2026-11-20'],
    ['2026-11-22', '2026-11-20'],
    [null, '2026-11-20'],
  ] as const) {
    told.when({ type: 'PullStatement', body: { why: 'test', date } }).then(t, { state: { again: { date: kept } } });
  }
  side.pull().pull();
  t.is(side.state.again, null);
  isWhole(t, side);
});

test('a pull that finds nothing running starts', (t) => {
  const told = scenario(bankAccount, SELF).given(open, {
    type: 'StatementPageFetched',
    body: { effect: 'page-1', ...new Statement().page({ from: '', offset: null, pageSize: 3 }) },
  });
  told.when(pull).then(t, { effects: ['page-2'], answer: { account: ACCOUNT, pull: 'started' } });
});

test('an answer to a request that is not under way changes nothing', (t) => {
  const told = scenario(bankAccount, SELF).given(open);
  const page = { effect: 'page-7', ...new Statement(linesOn('2026-11-20', 'A', 2)).page({ from: '', offset: null, pageSize: 3 }) };
  told.when({ type: 'StatementPageFetched', body: page }).then(t, { rows: '', sends: [], effects: [], state: { requests: 1 } });
  told
    .when({ type: 'EffectExhausted', body: { effect: 'page-7', type: '', code: '', message: '' } })
    .then(t, { sends: [], state: { lastError: null } });
});

// ---- the first day -------------------------------------------------------------------------------------------------------------------

test('the first day opens with what the bank keeps, which waits in suspense', (t) => {
  const side = new BankSide(new Statement(linesOn('2026-11-20', 'A', 1), 5_000n)).answerAll();
  t.is(side.world.total('bank'), 5_100n);
  t.is(side.world.total('suspense'), 5_000n);
  t.like(side.break(`unattributed_credit:${ACCOUNT}/opening`), { status: 'open', held: 5_000n });
  t.deepEqual(side.state.first, { date: '2026-11-20', opening: 5_000n });
});

test('an account without lines still opens with its balance', (t) => {
  const side = new BankSide(new Statement([], 5_000n)).answerAll();
  t.is(side.world.total('suspense'), 5_000n);
  side.statement.add(...linesOn('2026-11-21', 'A', 2));
  side.statement.today = '2026-11-21';
  side.pull();
  isWhole(t, side);
});

test('an overdrawn account opens with a debit that the company owes', (t) => {
  const side = new BankSide(new Statement([], -700n)).answerAll();
  t.is(side.world.total('bank'), -700n);
  t.is(side.world.total('platform-due'), 700n);
  t.like(side.break(`unexpected_debit:${ACCOUNT}/opening`), { status: 'open', due: 700n });
});

test('an empty account with nothing in it waits for its first line, and its empty pages never loop', (t) => {
  const side = new BankSide(new Statement()).answerAll();
  t.is(side.asked, 1);
  side.pull();
  t.is(side.asked, 2);
  t.is(side.state.first, null);
  side.statement.add(...linesOn('2026-11-20', 'A', 2));
  isWhole(t, side.pull());
});

test('an empty page ends the pass even when the bank names a next one', (t) => {
  const side = new BankSide(new Statement(linesOn('2026-11-20', 'A', 3)));
  side.answer({ next: 'after A3' });
  side.answer({ next: 'after A3' });
  t.is(side.request, undefined);
  side.statement.add(...linesOn('2026-11-20', 'B', 2));
  isWhole(t, side.pull());
});

// ---- pages ---------------------------------------------------------------------------------------------------------------------------

test('pages are followed by their cursor, and lines go to their day with the balances that prove them', (t) => {
  const side = new BankSide(new Statement([...linesOn('2026-11-20', 'A', 4), ...linesOn('2026-11-21', 'B', 3)]));
  side.statement.today = '2026-11-21';
  side.answerAll();
  t.deepEqual(dayFigures(side), ['2026-11-20 0 400 4', '2026-11-21 400 700 3']);
  t.is(side.asked, 3);
  isWhole(t, side);
});

test('new lines are found by reading only the last page again', (t) => {
  const side = new BankSide(new Statement(linesOn('2026-11-20', 'A', 30))).answerAll();
  side.asked = 0;
  side.statement.add(...linesOn('2026-11-20', 'B', 2));
  isWhole(t, side.pull());
  t.true(side.asked <= 2);
  t.deepEqual(dayFigures(side), ['2026-11-20 0 3200 32']);
});

test('a new day at the bank reads the days before again, once', (t) => {
  const side = new BankSide(new Statement(linesOn('2026-11-20', 'A', 4))).answerAll();
  side.statement.today = '2026-11-22';
  side.statement.add(...linesOn('2026-11-22', 'B', 1));
  side.pull();
  t.is(side.state.lookedBack, '2026-11-22');
  side.asked = 0;
  isWhole(t, side.pull());
  t.is(side.asked, 1);
});

test('without a look back no day is read twice', (t) => {
  const side = new BankSide(new Statement(linesOn('2026-11-20', 'A', 2)), { lookbackDays: 0 }).answerAll();
  side.statement.today = '2026-11-21';
  side.asked = 0;
  isWhole(t, side.pull());
  t.is(side.asked, 1);
});

test('a line of yesterday that comes after midnight, and after lines of today, is found by its balance without a break', (t) => {
  for (const lookbackDays of [0, 1]) {
    const side = new BankSide(new Statement([...linesOn('2026-11-20', 'A', 4), ...linesOn('2026-11-21', 'B', 4)]), { lookbackDays });
    side.statement.today = '2026-11-21';
    side.answerAll();
    side.statement.add(lineOf({ reference: 'LATE', postDate: '2026-11-20', postingTime: '02:05:00', amount: 100n }));
    isWhole(t, side.pull());
    t.deepEqual(dayFigures(side), ['2026-11-20 0 500 5', '2026-11-21 500 900 4']);
    t.deepEqual(side.world.outside.length, 9);
    t.is(side.state.flaw, null);
  }
});

test('days in any order within a page are told apart by their own post date', (t) => {
  const told = scenario(bankAccount, SELF).given(open);
  const lines = ['2026-11-20', '2026-11-21', '2026-11-20', '2026-11-21'].map((postDate, n) =>
    lineOf({ reference: `R${n}`, postDate, amount: 100n, balance: BigInt(n + 1) * 100n }),
  );
  told.when({
    type: 'StatementPageFetched',
    body: { effect: 'page-1', today: '2026-11-21', opening: 0n, closing: 400n, next: null, lines },
  });
  t.deepEqual(
    told.sent.flatMap(({ type, to, body }) =>
      type === 'CoverLines' ? `${to.slice(-10)} ${String(body.opening)} ${String(body.closing)}` : [],
    ),
    ['2026-11-20 0 100', '2026-11-21 100 200', '2026-11-20 200 300', '2026-11-21 300 400'],
  );
  told.then(t, { state: { proven: { date: '2026-11-21', lines: 2, closing: 400n } } });
});

test('lines without balances are proven by the sum of their page', (t) => {
  const told = scenario(bankAccount, SELF).given(open);
  const lines = linesOn('2026-11-20', 'A', 3);
  told
    .when({ type: 'StatementPageFetched', body: { effect: 'page-1', today: '2026-11-20', opening: 0n, closing: 300n, next: null, lines } })
    .then(t, { state: { flaw: null, proven: { date: '2026-11-20', lines: 3, closing: 300n } } });
});

// ---- case 9 --------------------------------------------------------------------------------------------------------------------------

test('case 9: overlapping date ranges change nothing', (t) => {
  const lines = [...linesOn('2026-11-20', 'A', 4), ...linesOn('2026-11-21', 'B', 4), ...linesOn('2026-11-22', 'C', 2)];
  const side = new BankSide(new Statement(lines));
  side.statement.today = '2026-11-22';
  side.answerAll();
  const before = [side.posted.length, dayFigures(side)];
  for (const date of ['2026-11-21', '2026-11-20', '2026-11-22', '2019-01-01', '2030-01-01']) side.pull(date);
  t.deepEqual([side.posted.length, dayFigures(side)], before);
  isWhole(t, side);
});

test('a day that the bank lists no more is forgotten when its days are read again', (t) => {
  const side = new BankSide(new Statement([...linesOn('2026-11-20', 'A', 1), ...linesOn('2026-11-21', 'B', 1)]));
  side.statement.today = '2026-11-21';
  side.answerAll();
  side.statement.lines.pop();
  side.pull('2026-11-20');
  t.deepEqual(dayFigures(side), ['2026-11-20 0 100 1']);
});

// ---- case 18 -------------------------------------------------------------------------------------------------------------------------

test('case 18: a line in another currency, with three decimals, breaks no chain and is in the figures of its currency', (t) => {
  const told = scenario(bankAccount, SELF).given(open);
  const kwd = { currency: 'KWD', amount: 1_234n };
  const lines = [
    lineOf({ reference: 'R1', amount: 100n, balance: 100n }),
    lineOf({ reference: 'R2', ...kwd, balance: 100n }),
    lineOf({ reference: 'R3', ...kwd, balance: null }),
    lineOf({ reference: 'R4', ...kwd, mark: 'D', balance: -1_134n }),
  ];
  told.when({
    type: 'StatementPageFetched',
    body: { effect: 'page-1', today: '2026-11-20', opening: 0n, closing: -1_134n, next: null, lines },
  });
  told.then(t, { state: { flaw: null } });
  t.deepEqual(bankAccount.figures?.(told.state), [
    { account: 'bank', currency: 'SAR', amount: -1_134n },
    { account: 'bank', currency: 'KWD', amount: 1_234n },
  ]);
});

// ---- bounds --------------------------------------------------------------------------------------------------------------------------

test('the newest days are kept; older ones are still read again, and their lines recognised', (t) => {
  const dates = Array.from({ length: DAYS_KEPT + 10 }, (_, n) => new Date(Date.UTC(2026, 10, 20 + n)).toISOString().slice(0, 10));
  const lines = dates.flatMap((date, n) => [
    lineOf({ reference: `R${n}`, postDate: date, amount: 100n }),
    lineOf({ reference: `K${n}`, postDate: date, currency: 'KWD', amount: 0n }),
  ]);
  const side = new BankSide(new Statement(lines), { pageSize: 20 });
  side.statement.today = dates.at(-1) ?? '';
  side.answerAll();
  t.is(side.state.days.length, DAYS_KEPT);
  const before = side.posted.length;
  for (const date of [dates[0], dates[5], dates[10], dates[30]]) side.pull(date ?? null);
  t.is(side.posted.length, before);
  isWhole(t, side);
});

test('case 5 and case 16: the bank side as a whole credits equal transfers twice and keeps a stranger’s money in a break', (t) => {
  const twins = [lineOf({ reference: 'T1' }), lineOf({ reference: 'T2' }), lineOf({ reference: 'T3', narratives: ['', SARA] })];
  const side = new BankSide(
    new Statement([...twins, lineOf({ reference: 'X', narratives: ['WHO'], party: null, iban: null })]),
  ).answerAll();
  t.deepEqual(side.world.outside.map(({ to }) => to).toSorted(), [
    `virtual-account:${AHMED}`,
    `virtual-account:${AHMED}`,
    `virtual-account:${SARA}`,
  ]);
  t.is(side.world.total('suspense'), 10_000n);
  isWhole(t, side);
});
