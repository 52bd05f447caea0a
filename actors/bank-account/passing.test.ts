import test from 'ava';
import { BankSide, isWhole, lineOf, linesOn, Statement } from './testing/statement.ts';

const DAY = '2026-11-20';

/** Messages about lines that a step led to, `<type> <number of lines> -> <kind>`; those of buckets together. */
function told(side: BankSide, step: () => unknown): string[] {
  const before = side.world.history.length;
  step();
  const messages = side.world.history.slice(before).map(({ message }) => message);
  const count = (type: string, field: string): string[] => {
    const bodies = messages.filter((one) => one.type === type).map(({ body }) => JSON.parse(body) as Record<string, unknown[]>);
    const lines = bodies.reduce((sum, body) => sum + (body[field]?.length ?? 0), 0);
    return bodies.length === 0 ? [] : [`${type} ${lines}`];
  };
  return [...count('AddLines', 'lines'), ...count('CoverLines', 'keys'), ...count('PostLines', 'lines')];
}

function side(lines = linesOn(DAY, 'A', 2)): BankSide {
  return new BankSide(new Statement(lines), { pageSize: 10 });
}

test('new lines go to their buckets at once, and their day is told their keys', (t) => {
  const bank = side();
  t.deepEqual(
    told(bank, () => bank.answerAll()),
    ['CoverLines 2', 'PostLines 2'],
  );
  isWhole(t, bank);
});

test('of the last page, read again, only new lines go on, and nothing when there are none (G1)', (t) => {
  const bank = side();
  bank.answerAll();
  t.deepEqual(
    told(bank, () => bank.pull()),
    [],
  );
  bank.statement.add(...linesOn(DAY, 'B', 3));
  t.deepEqual(
    told(bank, () => bank.pull()),
    ['CoverLines 5', 'PostLines 3'],
  );
  bank.statement.today = '2026-11-21';
  bank.statement.add(...linesOn('2026-11-21', 'C', 1));
  bank.pull();
  t.deepEqual(
    told(bank, () => bank.pull()),
    [],
  );
  isWhole(t, bank);
});

test('a line that took the place of another of its amount in the last page goes on: known is what has the same hash (G1)', (t) => {
  const bank = side();
  bank.answerAll();
  bank.statement.lines = [...linesOn(DAY, 'A', 1), lineOf({ reference: 'X', postDate: DAY, amount: 100n })];
  t.deepEqual(
    told(bank, () => bank.pull()),
    ['CoverLines 2', 'PostLines 2'],
  );
  t.true(bank.posted.some((one) => one.includes('/X/')));
});

test('days that are read again go through the days, which know their pages; what follows goes straight on (G2)', (t) => {
  const bank = side([...linesOn(DAY, 'A', 8), ...linesOn('2026-11-21', 'B', 8)]);
  bank.statement.today = '2026-11-21';
  bank.answerAll();
  bank.statement.add(...linesOn('2026-11-21', 'C', 7));
  // Pages of ten: A1-8 B1-2, B3-8 C1-4, C5-7. The last one that was known ended with B8.
  t.deepEqual(
    told(bank, () => bank.pull(DAY)),
    ['AddLines 20', 'CoverLines 3', 'PostLines 13'],
  );
  isWhole(t, bank);
});

test('the number of buckets stays what it was when the account was opened', (t) => {
  const bank = side();
  bank.answerAll().tell('OpenBankAccount', { ...bank.state.config, buckets: 16 });
  t.is(bank.state.config?.buckets, 4);
  bank.statement.add(...linesOn(DAY, 'B', 5));
  bank.pull().pull(DAY);
  isWhole(t, bank);
});
