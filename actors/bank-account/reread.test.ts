import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { postingsText } from '../../engine/envelope.ts';
import { decodePostings } from '../../engine/snapshot-codec.ts';
import { bankAccount } from './decide.ts';
import { BankSide, lineOf, Statement } from './testing/statement.ts';

const DATES = ['2026-11-20', '2026-11-21', '2026-11-22', '2026-11-23'];

const line = fc.record({ day: fc.nat(3), amount: fc.bigInt(1n, 99_999n), mark: fc.constantFrom('C', 'D', 'RC', 'RD') });

/** What may happen between two pulls, in any order and number. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('lines' as const), lines: fc.array(line, { minLength: 1, maxLength: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('pull' as const), date: fc.option(fc.constantFrom(...DATES)) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('settings' as const),
      size: fc.integer({ min: 1, max: 7 }),
      buckets: fc.integer({ min: 1, max: 7 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('answer' as const), count: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant({ what: 'fail' as const }) },
  { weight: 1, arbitrary: fc.constant({ what: 'again' as const }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('hide' as const), nth: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.constant({ what: 'show' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function take(side: BankSide, one: Step, n: number): void {
  const { statement } = side;
  switch (one.what) {
    case 'lines':
      return write(statement, one.lines, n);
    case 'pull':
      return void side.tell('PullStatement', { why: 'test', date: one.date });
    case 'settings':
      return void side.tell('OpenBankAccount', { ...side.state.config, pageSize: one.size, buckets: one.buckets });
    case 'answer':
      for (let k = 0; k < one.count; k += 1) side.answer();
      return;
    case 'fail':
      return void side.fail();
    case 'again':
      return void side.answerAll();
    case 'hide':
      return void statement.hidden.add(statement.lines[one.nth]?.reference ?? '');
    case 'show':
      statement.hidden.clear();
  }
}

function write(statement: Statement, lines: Extract<Step, { what: 'lines' }>['lines'], n: number): void {
  for (const [k, { day, amount, mark }] of lines.entries()) {
    const postDate = DATES[day] ?? '';
    statement.add(lineOf({ reference: `S${n}L${k}`, postDate, amount, mark }));
    if (postDate > statement.today) statement.today = postDate;
  }
}

test('however pages are cut, repeated, failed, hidden and read again, each line is posted once and the bank equals the proven closing', (t) => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 25 }),
      fc.integer({ min: 0, max: 2 }),
      fc.bigInt(-500n, 500n),
      (steps, lookbackDays, opening) => {
        const side = new BankSide(new Statement([], opening), { lookbackDays });
        for (const [n, one] of steps.entries()) take(side, one, n);
        side.statement.hidden.clear();
        side.answerAll().pull().pull();
        const { lines } = side.statement;
        const posted = side.world.history.flatMap(({ envelope, actor, message }) =>
          actor.startsWith('statement-lines:') ? decodePostings(postingsText(envelope.postings)).filter(({ id }) => id === message.id) : [],
        );
        const keys = posted.flatMap(({ note }) => (note as { lines: string[] }).lines.map((text) => text.split(' ')[0] ?? ''));
        assert.deepEqual(keys.toSorted(), lines.map(({ postDate, reference, serial }) => `${postDate}/${reference}/${serial}`).toSorted());
        assert.equal(side.world.total('bank'), side.statement.closing);
        assert.equal(bankAccount.figures?.(side.state)[0]?.amount ?? 0n, side.statement.closing);
        assert.equal(side.state.flaw, null);
        assert.equal(side.state.pass, null);
      },
    ),
    { numRuns: 150 },
  );
  t.pass();
});
