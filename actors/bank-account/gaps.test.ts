import test from 'ava';
import { bankAccount } from './decide.ts';
import { ACCOUNT, BankSide, isWhole, lineOf, linesOn, Statement } from './testing/statement.ts';

// ---- case 8 --------------------------------------------------------------------------------------------------------------------------

test('case 8: lines up to a gap are applied, behind it none; it is one break, and it heals when the missing line comes', (t) => {
  const side = new BankSide(new Statement(linesOn('2026-11-20', 'A', 8)));
  side.statement.hidden.add('A5');
  side.answerAll();
  t.is(side.world.total('bank'), 400n);
  t.deepEqual(bankAccount.figures?.(side.state), [{ account: 'bank', currency: 'SAR', amount: 400n }]);
  const id = `statement_gap:${ACCOUNT}/2026-11-20`;
  t.like(side.break(id), { status: 'open', held: 0n, amount: 100n, evidence: { date: '2026-11-20', expected: '500', found: '600' } });

  side.pull().pull();
  t.like(side.break(id), { status: 'open', historyCount: 1 });
  t.is(side.world.total('bank'), 400n);

  side.statement.hidden.clear();
  isWhole(t, side.pull());
  t.like(side.break(id), { status: 'resolved', resolution: { resolution: 'closed_by_itself' } });
});

test('case 8: a gap before what was already read stops at its place and leaves the proven closing alone', (t) => {
  const side = new BankSide(new Statement([...linesOn('2026-11-20', 'A', 4), ...linesOn('2026-11-21', 'B', 4)]));
  side.statement.today = '2026-11-21';
  side.answerAll();
  side.statement.add(lineOf({ reference: 'HIDDEN', postDate: '2026-11-20', amount: 55n }));
  side.statement.hidden.add('HIDDEN');
  side.pull();
  t.like(side.break(`statement_gap:${ACCOUNT}/2026-11-21`), { status: 'open', amount: 55n, evidence: { expected: '500', found: '555' } });
  t.is(side.world.total('bank'), 800n);
  t.deepEqual(bankAccount.figures?.(side.state), [{ account: 'bank', currency: 'SAR', amount: 800n }]);
  side.statement.hidden.clear();
  isWhole(t, side.pull());
  t.is(side.break(`statement_gap:${ACCOUNT}/2026-11-21`).status, 'resolved');
});

test('case 8: a page whose closing is not its sum applies nothing and is a break until it comes whole', (t) => {
  const side = new BankSide(new Statement(linesOn('2026-11-20', 'A', 3)));
  side.answer({ closing: 301n });
  const id = `statement_balance:${ACCOUNT}/2026-11-20`;
  t.like(side.break(id), { status: 'open', amount: 1n, evidence: { expected: '300', found: '301' } });
  t.is(side.world.total('bank'), 0n);
  isWhole(t, side.pull());
  t.is(side.break(id).status, 'resolved');
});

test('case 8: an opening that contradicts the first day is a gap, without a line too', (t) => {
  const side = new BankSide(new Statement([], 500n)).answerAll();
  side.statement.opening = 600n;
  side.pull();
  t.like(side.break(`statement_gap:${ACCOUNT}/2026-11-20`), { status: 'open', amount: 100n });
  side.statement.opening = 400n;
  side.pull();
  t.like(side.break(`statement_gap:${ACCOUNT}/2026-11-20`), { historyCount: 1, amount: 100n, evidence: { expected: '500', found: '400' } });
  side.statement.opening = 500n;
  isWhole(t, side.pull());
});

test('case 8: another gap closes the break of the first and opens its own', (t) => {
  const side = new BankSide(new Statement([...linesOn('2026-11-20', 'A', 4), ...linesOn('2026-11-21', 'B', 4)]));
  side.statement.today = '2026-11-21';
  side.statement.hidden.add('A2').add('B2');
  side.answerAll();
  side.statement.hidden.delete('A2');
  side.pull();
  t.is(side.break(`statement_gap:${ACCOUNT}/2026-11-20`).status, 'resolved');
  t.is(side.break(`statement_gap:${ACCOUNT}/2026-11-21`).status, 'open');
  t.is(side.world.total('bank'), 500n);
});

test('case 8: a page that does not begin where the last one ended, in days that are read whole, is a gap', (t) => {
  const side = new BankSide(new Statement(linesOn('2026-11-20', 'A', 6)));
  side.answer();
  side.answer({ opening: 301n });
  t.like(side.break(`statement_gap:${ACCOUNT}/2026-11-20`), { status: 'open', evidence: { expected: '300', found: '301' } });
  isWhole(t, side.pull());
});

test('a pull that was asked for while a gap was found reads its day at once', (t) => {
  const side = new BankSide(new Statement(linesOn('2026-11-20', 'A', 4)));
  side.statement.hidden.add('A2');
  side.tell('PullStatement', { why: 'webhook', date: null });
  side.answer();
  side.statement.hidden.clear();
  isWhole(t, side.answerAll());
});

// ---- case 19 -------------------------------------------------------------------------------------------------------------------------

test('case 19: a failure in the middle of paging is no end: the next pull goes on at the same page', (t) => {
  const side = new BankSide(new Statement(linesOn('2026-11-20', 'A', 9)));
  side.answer();
  const failed = side.request;
  side.fail();
  t.is(side.request, undefined);
  t.is(side.state.cursor, null);
  t.like(side.break(`effect_exhausted:${ACCOUNT}/statement`), { status: 'open', evidence: { code: 'bank_down' } });
  side.tell('PullStatement', { why: 'test', date: null });
  t.deepEqual(side.request?.body, failed?.body);
  t.not(side.request?.id, failed?.id);
  isWhole(t, side.answerAll());
  t.is(side.break(`effect_exhausted:${ACCOUNT}/statement`).status, 'resolved');
});

test('case 19: a cursor that failed twice is given up for the start of its day', (t) => {
  const side = new BankSide(new Statement(linesOn('2026-11-20', 'A', 9)));
  side.answer();
  side.fail().tell('PullStatement', { why: 'test', date: null });
  side.fail().tell('PullStatement', { why: 'test', date: null });
  t.deepEqual(side.request?.body.offset, null);
  isWhole(t, side.answerAll());
  t.is(side.break(`effect_exhausted:${ACCOUNT}/statement`).historyCount, 2);
});

test('case 19: a first page that fails is asked for again and again', (t) => {
  const side = new BankSide(new Statement(linesOn('2026-11-20', 'A', 2)));
  for (let n = 0; n < 4; n += 1) side.fail().tell('PullStatement', { why: 'test', date: null });
  isWhole(t, side.answerAll());
});

test('case 19: a date that was asked for before a failure is read by the pull after it', (t) => {
  const side = new BankSide(new Statement([...linesOn('2026-11-20', 'A', 2), ...linesOn('2026-11-21', 'B', 2)]));
  side.statement.today = '2026-11-21';
  side.answerAll();
  side.tell('PullStatement', { why: 'test', date: null }).tell('PullStatement', { why: 'test', date: '2026-11-20' });
  side.fail().tell('PullStatement', { why: 'test', date: '2026-11-21' });
  t.is(side.request?.body.from, '2026-11-20');
  isWhole(t, side.answerAll());
});
