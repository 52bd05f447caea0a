import test from 'ava';
import { ACCOUNT, AHMED, ATTRIBUTION, lineOf, SARA } from '../bank-account/testing/statement.ts';
import { hash32, hash64, contentOf } from '../line-hash.ts';
import { lineKey } from '../statement-line.ts';
import type { StatementLine } from '../statement-line.ts';
import { scenario } from '../testing/scenario.ts';
import { statementLines } from './decide.ts';
import { knownLines, remembered } from './known.ts';
import { CREDIT_WINDOW_DAYS, OUTGOING_GRACE_MS } from './receivers.ts';
import { initialStatementLines, LINES_MAX } from './state.ts';

const SELF = `statement-lines:${ACCOUNT}:2026-11-20:3` as const;
const SOURCE = `${ACCOUNT}/2026-11-20/R1/2`;

function lines(...all: readonly StatementLine[]) {
  return {
    type: 'PostLines' as const,
    body: { account: ACCOUNT, date: '2026-11-20', currency: 'SAR', lines: [...all], attribution: ATTRIBUTION },
  };
}

function bucket() {
  return scenario(statementLines, SELF);
}

const R1 = lineOf({ reference: 'R1' });

test('a credit line that names a wallet is posted to the bank and sent to the wallet', (t) => {
  const told = bucket().when(lines(R1));
  told.then(t, {
    rows: 'bank 10000 / in-transit 10000',
    sends: [`Credit -> virtual-account:${AHMED}`],
    state: { count: 1, posted: 10_000n },
    note: {
      kind: 'statement_lines',
      account: ACCOUNT,
      date: '2026-11-20',
      lines: [`2026-11-20/R1/2 C 10000 SAR virtual-account:${AHMED}`],
    },
  });
  t.deepEqual(told.sent[0], {
    to: `virtual-account:${AHMED}`,
    type: 'Credit',
    id: `${SOURCE}/credit`,
    body: {
      source: SOURCE,
      amount: '10000',
      currency: 'SAR',
      sender: 'AHMED TEST SENDER',
      narrative: `AHMED TEST SENDER ${AHMED} 20261120SANCBKNCBK1B00000000000001`,
      valueDate: '2026-11-20',
      via: 'transfer',
    },
  });
});

test('case 3 and case 9: a line that is read again, alone or in a page with it twice, changes nothing', (t) => {
  const told = bucket().given(lines(R1, R1));
  told.when(lines(R1)).then(t, { rows: '', sends: [], state: { count: 1, posted: 10_000n }, note: null });
  told.when(lines({ ...R1, narratives: ['?'], mark: 'RD' })).then(t, { rows: '', sends: [] });
});

test('a line that is read again with other content posts nothing and is a conflict break with the evidence', (t) => {
  const told = bucket()
    .given(lines(R1))
    .when(lines({ ...R1, amount: 9_999n }));
  told.then(t, { rows: '', sends: [`OpenBreak -> break:line_conflict:${SOURCE}`], state: { count: 1, posted: 10_000n } });
  t.like(told.sent[0]?.body, {
    money: 'none',
    amount: '9999',
    evidence: { amount: '9999', reference: 'R1', postedContentHash: hash32(contentOf(R1)) },
  });
});

test('a page posts the sum of its lines in one posting and sends one message per line', (t) => {
  bucket()
    .when(
      lines(
        R1,
        lineOf({ reference: 'R2', amount: 500n, narratives: ['', SARA] }),
        lineOf({ reference: 'R3', amount: 70n, mark: 'D', narratives: ['BT1', 'X', '6244377266243449'] }),
        lineOf({ reference: 'R4', amount: 0n }),
      ),
    )
    .then(t, {
      rows: 'bank 10500, in-transit 70 / in-transit 10500, bank 70',
      sends: [
        `Credit -> virtual-account:${AHMED}`,
        `Credit -> virtual-account:${SARA}`,
        'Forward -> reference:anb:outgoing:6244377266243449',
      ],
      state: { count: 4, posted: 10_430n },
    });
});

test('a credit of a provider is sent to its clearing', (t) => {
  const told = bucket().when(lines(lineOf({ reference: 'R1', narratives: ['MOYASAR SETTLEMENT'], party: null })));
  told.then(t, { rows: 'bank 10000 / in-transit 10000', sends: [`CreditSeen -> clearing:moyasar:${ACCOUNT}:SAR`] });
  t.deepEqual(told.sent[0]?.body, {
    source: SOURCE,
    amount: '10000',
    currency: 'SAR',
    postDate: '2026-11-20',
    party: null,
    windowDays: CREDIT_WINDOW_DAYS,
  });
});

test('case 5: a credit for nobody waits in suspense with a break', (t) => {
  const told = bucket().when(
    lines(lineOf({ reference: 'R1', narratives: ['UNKNOWN', '123179999999999'], iban: 'I01', code: null, party: null })),
  );
  told.then(t, { rows: 'bank 10000 / in-transit 10000', sends: [`OpenBreak -> break:unattributed_credit:${SOURCE}`] });
  t.like(told.sent[0], {
    id: `${SOURCE}/break`,
    body: {
      money: 'credit',
      amount: '10000',
      currency: 'SAR',
      subject: SOURCE,
      evidence: { why: 'none', iban: 'I01', narrative1: 'UNKNOWN' },
    },
  });
});

test('a credit that names two wallets waits in suspense with both as candidates', (t) => {
  const told = bucket().when(lines(lineOf({ reference: 'R1', narratives: [AHMED, SARA] })));
  t.like(told.sent[0]?.body, { reason: 'unattributed_credit', evidence: { why: 'several', candidates: `${SARA}, ${AHMED}` } });
});

test('the company pays into the pool: bank against platform-due, sent to nobody', (t) => {
  bucket()
    .when(lines(lineOf({ reference: 'R1', narratives: ['TOP UP'], iban: 'SA6530400108071059170014' })))
    .then(t, { rows: 'bank 10000 / platform-due 10000', sends: [], state: { posted: 10_000n } });
});

test('a returned outgoing transfer, and the reversal of a debit, wait in a payout_returned break', (t) => {
  for (const line of [lineOf({ reference: 'R1', code: 'SJBB6' }), lineOf({ reference: 'R1', mark: 'RD' })]) {
    const told = bucket().when(lines(line));
    told.then(t, { rows: 'bank 10000 / in-transit 10000', sends: [`OpenBreak -> break:payout_returned:${SOURCE}`] });
    t.is(told.sent[0]?.body.money, 'credit');
  }
});

test('a debit that carries a sequence number is forwarded to whoever that number belongs to', (t) => {
  const told = bucket().when(
    lines(lineOf({ reference: 'R1', mark: 'D', amount: 345n, narratives: ['BT1', 'PAYOUT', ' 6244377266243449 '] })),
  );
  told.then(t, { rows: 'in-transit 345 / bank 345', state: { posted: -345n } });
  t.like(told.sent[0], {
    to: 'reference:anb:outgoing:6244377266243449',
    id: `${SOURCE}/outgoing`,
    body: {
      type: 'OutgoingSettled',
      body: `{"reference":"6244377266243449","amount":"345","currency":"SAR","source":"${SOURCE}"}`,
      amount: '-345',
      currency: 'SAR',
      graceMs: OUTGOING_GRACE_MS,
      answer: null,
      orElse: { reason: 'unexpected_debit', subject: SOURCE },
    },
  });
});

test('a debit without a sequence number is unexpected', (t) => {
  for (const narratives of [['TM'], ['', '', '123456789'], ['', '', '12345678901234567']]) {
    const told = bucket().when(lines(lineOf({ reference: 'R1', mark: 'D', narratives })));
    told.then(t, { rows: 'in-transit 10000 / bank 10000', sends: [`OpenBreak -> break:unexpected_debit:${SOURCE}`] });
    t.is(told.sent[0]?.body.money, 'debit');
    t.is(told.sent[0]?.body.closed, undefined);
  }
});

test('a bank charge with a configured code opens and closes its break in one step', (t) => {
  const told = bucket().when(lines(lineOf({ reference: 'R1', mark: 'D', code: 'CHG01', narratives: ['', '', '6244377266243449'] })));
  told.then(t, { rows: 'in-transit 10000 / bank 10000', sends: [`OpenBreak -> break:unexpected_debit:${SOURCE}`] });
  t.like(told.sent[0]?.body, { closed: true, money: 'debit', severity: 'low' });
});

test('a debit without a code is no bank charge', (t) => {
  bucket()
    .when(lines(lineOf({ reference: 'R1', mark: 'D', code: null, narratives: [] })))
    .then(t, { sends: [`OpenBreak -> break:unexpected_debit:${SOURCE}`] });
});

test('case 7: a reversed credit is recalled from the wallet that it names', (t) => {
  const told = bucket().when(lines(lineOf({ reference: 'R1', mark: 'RC' })));
  told.then(t, { rows: 'in-transit 10000 / bank 10000', sends: [`RecallCredit -> virtual-account:${AHMED}`], state: { posted: -10_000n } });
  t.is(told.sent[0]?.id, `${SOURCE}/recall`);
});

test('case 7: a reversed credit that names nobody is an unexpected debit', (t) => {
  bucket()
    .when(lines(lineOf({ reference: 'R1', mark: 'RC', narratives: [] })))
    .then(t, { rows: 'in-transit 10000 / bank 10000', sends: [`OpenBreak -> break:unexpected_debit:${SOURCE}`] });
});

test('case 16: two equal transfers on one day are two credits', (t) => {
  bucket()
    .when(lines(R1, lineOf({ reference: 'R2' })))
    .then(t, {
      rows: 'bank 20000 / in-transit 20000',
      sends: [`Credit -> virtual-account:${AHMED}`, `Credit -> virtual-account:${AHMED}`],
    });
});

test('case 16: the two legs of one reference are two lines', (t) => {
  bucket()
    .when(lines(R1, lineOf({ reference: 'R1', serial: '1', mark: 'D', narratives: [] })))
    .then(t, { rows: 'bank 10000, in-transit 10000 / in-transit 10000, bank 10000', state: { count: 2, posted: 0n } });
});

test('case 18: a line in another currency, three decimals too, waits in a break in that currency', (t) => {
  const told = bucket().when(
    lines(lineOf({ reference: 'R1', currency: 'KWD', amount: 1_234n }), lineOf({ reference: 'R2', currency: 'USD', mark: 'D' })),
  );
  told.then(t, {
    rows: 'bank 1234 KWD, in-transit 10000 USD / in-transit 1234 KWD, bank 10000 USD',
    sends: [`OpenBreak -> break:currency_mismatch:${SOURCE}`, `OpenBreak -> break:currency_mismatch:${ACCOUNT}/2026-11-20/R2/2`],
    state: { count: 2, posted: 0n },
  });
  t.like(told.sent[0]?.body, { money: 'credit', amount: '1234', currency: 'KWD', evidence: { expected: 'SAR' } });
  t.like(told.sent[1]?.body, { money: 'debit', amount: '10000', currency: 'USD' });
});

test('a full bucket knows its lines still and passes unknown ones on to its successor', (t) => {
  const body = lines(R1, lineOf({ reference: 'NEW' })).body;
  const known = new Map(Array.from({ length: LINES_MAX - 1 }, (_, n) => [hash64(`old ${n}`), '00000000']));
  known.set(hash64(lineKey(R1)), hash32(contentOf(R1)));
  const told = bucket();
  told.envelope = { ...told.envelope, state: remembered(initialStatementLines(`${ACCOUNT}:2026-11-20:3`), known, 0n) };
  told.when({ type: 'PostLines', body }).then(t, {
    rows: '',
    sends: [`PostLines -> statement-lines:${ACCOUNT}:2026-11-20:3+1`],
    state: { count: LINES_MAX },
  });
  t.deepEqual(
    (told.sent[0]?.body.lines as { reference: string }[]).map(({ reference }) => reference),
    ['NEW'],
  );
  const successor = scenario(statementLines, `statement-lines:${ACCOUNT}:2026-11-20:3+1`);
  successor.when(lines(lineOf({ reference: 'NEW' }))).then(t, { state: { bucket: '3+1', count: 1, posted: 10_000n } });
  successor.envelope = { ...successor.envelope, state: { ...told.state, bucket: '3+1' } };
  successor.when(lines(lineOf({ reference: 'NEW' }))).then(t, { sends: [`PostLines -> statement-lines:${ACCOUNT}:2026-11-20:3+2`] });
});

test('a state of the past knows only what it knew then, whoever read it before', (t) => {
  const empty = initialStatementLines(`${ACCOUNT}:2026-11-20:3`);
  t.is(knownLines(empty).size, 0);
  const one = remembered(empty, new Map([['0123456789abcdef', '01234567']]), 5n);
  const two = remembered(one, new Map([['fedcba9876543210', '76543210']]), 5n);
  t.deepEqual([...knownLines(two).keys()], ['0123456789abcdef', 'fedcba9876543210']);
  t.deepEqual([...knownLines(one)], [['0123456789abcdef', '01234567']]);
  t.is(knownLines(empty).size, 0);
  t.is(remembered(two, new Map(), 0n), two);
});
