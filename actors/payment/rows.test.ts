import test from 'ava';
import { scenario, T0 } from '../testing/scenario.ts';
import { payment } from './decide.ts';
import { KEPT_ROWS_MAX } from './state.ts';
import * as tell from './testing/messages.ts';

const awaiting = () => scenario(payment, tell.SELF).given(tell.created(), tell.invoiced());
const verified = () => scenario(payment, tell.SELF).given(...tell.verified());
const receivable = (amount: bigint) => [{ account: 'psp-receivable:moyasar', currency: 'SAR', amount }];
const SETTLED = `TopUpSettled -> ${tell.ACCOUNT}`;
const REVERSED = `TopUpReversed -> ${tell.ACCOUNT}`;
const ANSWERED = `RowAnswered -> ${tell.PAGE}`;
const CREDITED = 'in-transit 4990 / psp-receivable:moyasar 4990';

// ---- payment rows ------------------------------------------------------------------------------------------------------------------

test('a payment row credits the wallet: in-transit g / psp-receivable g; the platform bears the fee', (t) => {
  const after = verified().when(tell.rowSettled());
  after.then(t, {
    rows: CREDITED,
    sends: [SETTLED, ANSWERED],
    state: { status: 'paid', payment: { settled: { row: 'doc/1/0', gross: 4990n, fee: 173n } } },
  });
  t.like(after.sent[0], { id: 'doc/1/0/settled', body: { topUpId: 't1', gross: '4990', fee: '0', row: 'doc/1/0', document: 'doc' } });
  t.deepEqual(after.sent[1]?.body, { index: 0, outcome: 'credited' });
  t.deepEqual(payment.figures?.(after.state), []);
});

test('under the customer policy the wallet keeps the fee back, and it comes by here: in-transit f / platform-due f', (t) => {
  const after = verified().when(tell.rowSettled({}, { feePolicy: 'customer' }));
  after.then(t, { rows: CREDITED, sends: [SETTLED, ANSWERED] });
  t.like(after.sent[0]?.body, { gross: '4990', fee: '173' });
  after
    .when({ type: 'FeeCollected', body: { amount: 173n, currency: 'SAR', row: 'doc/1/0' } })
    .then(t, { rows: 'in-transit 173 / platform-due 173', sends: [] });
});

test('case 14: the fee is posted as settled, however it was estimated; only the contract makes a variance', (t) => {
  // Estimated 1.70, charged 1.73 as agreed: nothing to say.
  verified()
    .when(tell.rowSettled({}, { feePolicy: 'customer' }))
    .then(t, { sends: [SETTLED, ANSWERED] });
  // Charged 2.30 (2.00 + 0.30 VAT) where 1.73 was agreed: credited as charged, and somebody may ask the provider.
  const dear = verified().when(tell.rowSettled({ fee: 230n, tax: 30n, net: 4760n }, { feePolicy: 'customer' }));
  dear.then(t, { rows: CREDITED, sends: [SETTLED, ANSWERED, 'OpenBreak -> break:fee_variance:doc/1/0'], state: { status: 'paid' } });
  t.like(dear.sent[0]?.body, { fee: '230' });
  const evidence = { fee: '200', tax: '30', expectedFee: '150', expectedTax: '23', estimated: '170', scheme: 'mada' };
  t.like(dear.sent[2]?.body, { money: 'none', amount: '57', severity: 'low', evidence });
});

test('fees are agreed per scheme, rounded half up per component, within the tolerance, or not at all', (t) => {
  const fee = (fee: bigint, tax: bigint) => tell.rowSettled({ fee, tax });
  verified()
    .when(fee(174n, 23n))
    .then(t, { sends: [SETTLED, ANSWERED] });
  verified()
    .when(fee(172n, 22n))
    .then(t, { sends: [SETTLED, ANSWERED] });
  verified()
    .when(fee(175n, 23n))
    .then(t, { sends: [SETTLED, ANSWERED, 'OpenBreak -> break:fee_variance:doc/1/0'] });
  verified()
    .when(fee(175n, 25n))
    .then(t, { sends: [SETTLED, ANSWERED, 'OpenBreak -> break:fee_variance:doc/1/0'] });
  verified()
    .when(tell.rowSettled({ fee: 9n, tax: 9n }, { rates: [] }))
    .then(t, { sends: [SETTLED, ANSWERED] });
  // Another scheme: 2.75 % of 49.90 is 1.37, + 1.00 = 2.37, VAT 0.36.
  const visa = awaiting().given(tell.hint(), tell.fetched(tell.payment({ scheme: null })));
  visa.when(fee(273n, 36n)).then(t, { sends: [SETTLED, ANSWERED] });
});

test('a row that fails a check goes on to a break with its money, and the page hears that it is broken', (t) => {
  const rows = [
    [verified(), tell.rowSettled({ currency: 'KWD' }), 'currency_mismatch'],
    [verified(), tell.rowSettled({ gross: 4991n }), 'payment_amount_mismatch'],
    [verified().given(tell.rowSettled()), tell.rowSettled(), 'payment_settled_twice'],
    [awaiting(), tell.rowSettled({ paymentId: null }), 'unknown_payment'],
    [verified(), tell.refundRow(4991n), 'payment_amount_mismatch'],
    [verified(), tell.refundRow(100n, { currency: 'KWD' }), 'currency_mismatch'],
  ] as const;
  for (const [given, row, reason] of rows) {
    const { index, gross, type, currency } = row.body.row;
    const before = given.state;
    given.when(row).then(t, { rows: '', sends: [`OpenBreak -> break:${reason}:doc/1/${index}`, ANSWERED] });
    t.like(given.sent[0], {
      id: `doc/1/${index}/break`,
      body: { money: type === 'payment' ? 'credit' : 'debit', amount: gross.toString(), currency },
    });
    t.deepEqual(given.sent[1]?.body, { index, outcome: 'broken' });
    t.deepEqual(given.state, before);
  }
});

test('a row of a top-up that nobody asks for waits, then goes to a break', (t) => {
  const after = scenario(payment, tell.SELF).when(tell.rowSettled());
  after.then(t, { rows: 'in-transit 4990 / suspense 4990', sends: [], effects: [], timers: [`row-1@${tell.HOUR}`] });
  after.when(tell.due('row-1', T0 + tell.HOUR)).then(t, {
    rows: 'suspense 4990 / in-transit 4990',
    sends: ['OpenBreak -> break:unknown_payment:doc/1/0', ANSWERED],
    state: { kept: [] },
  });
});

test('a row of costs is answered and posts nothing: its settlement did', (t) => {
  verified()
    .when(tell.rowSettled({ type: 'chargeback_penalty', net: -5000n }))
    .then(t, { rows: '', sends: [ANSWERED] });
});

test('a payment refunded in full before its settlement stays refunded when its row comes', (t) => {
  verified()
    .given(tell.hint('e2'), tell.fetched(tell.payment({ status: 'refunded', refunded: 4990n }), 2))
    .when(tell.rowSettled())
    .then(t, { rows: CREDITED, sends: [SETTLED, ANSWERED], state: { status: 'refunded' } });
});

// ---- rows that take money back -----------------------------------------------------------------------------------------------------

test('case 10: a refund row clears what the re-fetch made known: psp-receivable r / in-transit r', (t) => {
  // Paid g, settled g, refund r known:  in-transit r / psp-receivable r, and the wallet va r / in-transit r: the provider has r too much.
  // Its next document nets r off its credit: settlement's share of the row arrives as in-transit r (its sender's debit).
  // The row: psp-receivable r / in-transit r. Left: va down by r, bank less by r (smaller credit); psp-receivable and in-transit are zero.
  const known = verified().given(
    tell.rowSettled(),
    tell.hint('e2'),
    tell.fetched(tell.payment({ status: 'refunded', refunded: 1000n }), 2),
  );
  t.deepEqual(payment.figures?.(known.state), receivable(-1000n));
  known.when(tell.refundRow(1000n)).then(t, { rows: 'psp-receivable:moyasar 1000 / in-transit 1000', sends: [ANSWERED] });
  t.deepEqual(payment.figures?.(known.state), []);
});

test('a refund row that is first makes the refund known too, and the re-fetch finds nothing to do', (t) => {
  const after = verified().given(tell.rowSettled()).when(tell.refundRow(1000n));
  after.then(t, {
    rows: 'psp-receivable:moyasar 1000, in-transit 1000 / in-transit 1000, psp-receivable:moyasar 1000',
    sends: [REVERSED, ANSWERED],
    state: { status: 'paid', payment: { reversed: 1000n, reversedSettled: 1000n } },
  });
  t.like(after.sent[0]?.body, { amount: '1000', cause: 'refund', status: 'paid' });
  after
    .given(tell.hint('e2'))
    .when(tell.fetched(tell.payment({ status: 'refunded', refunded: 1000n }), 2))
    .then(t, { rows: '', sends: [] });
});

test('of a refund row only what was not known yet reaches the wallet', (t) => {
  const after = verified()
    .given(tell.hint('e2'), tell.fetched(tell.payment({ status: 'refunded', refunded: 1000n }), 2))
    .when(tell.refundRow(1500n, { type: 'void' }));
  after.then(t, {
    rows: 'psp-receivable:moyasar 1500, in-transit 500 / in-transit 1500, psp-receivable:moyasar 500',
    sends: [REVERSED, ANSWERED],
  });
  t.like(after.sent[0], { id: 't1/reversed/1500', body: { amount: '500', cause: 'void' } });
});

test('refunds and chargebacks together never take more than was paid; what is more goes to a break', (t) => {
  const back = (index: number, type: 'refund' | 'chargeback', gross: bigint) => tell.refundRow(gross, { index, type });
  const broken = (index: number) => [`OpenBreak -> break:payment_amount_mismatch:doc/1/${index}`, ANSWERED];
  const partly = () => verified().given(tell.rowSettled(), back(1, 'refund', 1000n));
  partly()
    .when(back(2, 'chargeback', 3991n))
    .then(t, { rows: '', sends: broken(2) });
  const whole = partly().given(back(2, 'chargeback', 3990n));
  t.deepEqual(payment.figures?.(whole.state), []);
  whole.when(back(3, 'refund', 1n)).then(t, { rows: '', sends: broken(3) });
});

test('a chargeback is first known by its row, and the identity holds', (t) => {
  // The row's message carries -r: its sender has debited in-transit r, the payment credits it.    psp-receivable r / in-transit r
  // Known: the provider owes us r less, and TopUpReversed carries -r on to the wallet.             in-transit r / psp-receivable r
  // The wallet takes it: va r (va-owing for what was spent) / in-transit r. In sum:                va r / in-transit r (sender's debit)
  // so psp-receivable is as before, in-transit is zero at rest, and the pool's loss is the wallet's, not the company's.
  const after = verified()
    .given(tell.rowSettled())
    .when(tell.rowSettled({ index: 4, type: 'chargeback', gross: 4990n, fee: 0n, tax: 0n }));
  after.then(t, {
    rows: 'psp-receivable:moyasar 4990, in-transit 4990 / in-transit 4990, psp-receivable:moyasar 4990',
    sends: [REVERSED, 'OpenBreak -> break:chargeback:doc/1/4', ANSWERED],
    state: { status: 'charged_back', payment: { chargedBack: 4990n, reversed: 0n } },
  });
  t.like(after.sent[0]?.body, { amount: '4990', cause: 'chargeback', status: 'charged_back' });
  t.like(after.sent[1]?.body, { money: 'none', amount: '4990' });
  t.deepEqual(payment.figures?.(after.state), []);
  after
    .when(tell.rowSettled({ index: 5, type: 'chargeback', gross: 1n }))
    .then(t, { sends: ['OpenBreak -> break:payment_amount_mismatch:doc/1/5', ANSWERED] });
});

// ---- rows before their re-fetch ----------------------------------------------------------------------------------------------------

test('a waiting row goes on waiting while its payment is under way', (t) => {
  const kept = awaiting().given(tell.rowSettled());
  kept.when(tell.fetched(tell.payment({ status: 'initiated' }))).then(t, { rows: '', sends: [], state: { kept: [{ n: 1 }] } });
  kept
    .given(tell.hint())
    .when(tell.fetched(tell.payment(), 2))
    .then(t, { state: { status: 'paid', kept: [] } });
});

test('a row before its re-fetch waits as suspense and opens the fetch: in-transit g / suspense g', (t) => {
  const kept = awaiting().when(tell.rowSettled());
  kept.then(t, { rows: 'in-transit 4990 / suspense 4990', sends: [], effects: ['fetch-p1-1'], timers: [`row-1@${2000 + tell.HOUR}`] });
  t.deepEqual(payment.figures?.(kept.state), [{ account: 'suspense', currency: 'SAR', amount: -4990n }]);
  kept.when(tell.fetched()).then(t, {
    rows: 'psp-receivable:moyasar 4990, suspense 4990, in-transit 4990 / in-transit 4990, in-transit 4990, psp-receivable:moyasar 4990',
    sends: [`TopUpPending -> ${tell.ACCOUNT}`, 'Bind -> reference:moyasar:payment:p1', SETTLED, ANSWERED],
    timers: ['poll@-', 'row-1@-'],
    state: { status: 'paid', kept: [] },
  });
});

test('a refund row that waits makes suspense smaller', (t) => {
  const kept = awaiting().when(tell.refundRow(1000n));
  kept.then(t, { rows: 'suspense 1000 / in-transit 1000' });
  t.deepEqual(payment.figures?.(kept.state), [{ account: 'suspense', currency: 'SAR', amount: 1000n }]);
});

test('case 15: a waiting row whose payment the provider does not know goes to a break', (t) => {
  awaiting()
    .given(tell.rowSettled())
    .when(tell.fetched(null))
    .then(t, {
      rows: 'suspense 4990 / in-transit 4990',
      sends: ['OpenBreak -> break:unknown_payment:doc/1/0', ANSWERED],
      state: { kept: [] },
    });
});

test('a waiting row whose patience is over goes to a break', (t) => {
  awaiting()
    .given(tell.rowSettled())
    .when(tell.due('row-1', T0 + 2000 + tell.HOUR))
    .then(t, { rows: 'suspense 4990 / in-transit 4990', sends: ['OpenBreak -> break:unknown_payment:doc/1/0', ANSWERED] });
});

test('a waiting row is broken by what the re-fetch shows: not paid, other amount, other currency, somebody else’s, a second payment', (t) => {
  const seen = [
    [tell.payment({ status: 'failed' }), 'status_conflict'],
    [tell.payment({ amount: 1n }), 'payment_amount_mismatch'],
    [tell.payment({ currency: 'KWD' }), 'currency_mismatch'],
    [tell.payment({ invoiceId: 'inv-9' }), 'unknown_payment'],
  ] as const;
  for (const [found, reason] of seen) {
    const after = awaiting().given(tell.rowSettled()).when(tell.fetched(found));
    after.then(t, { rows: 'suspense 4990 / in-transit 4990', state: { kept: [], payment: null } });
    t.true(
      after.last.sends.some(({ to }) => to === `break:${reason}:doc/1/0`),
      reason,
    );
  }
  const second = verified()
    .given(tell.rowSettled({ paymentId: 'p2' }))
    .when(tell.fetched(tell.payment({ id: 'p2' }), 2));
  t.true(second.last.sends.some(({ to }) => to === 'break:status_conflict:doc/1/0'));
});

test('eight rows may wait; the ninth goes straight to a break', (t) => {
  const rows = Array.from({ length: KEPT_ROWS_MAX }, (_, index) => tell.rowSettled({ index }));
  awaiting()
    .given(...rows)
    .when(tell.rowSettled({ index: 8 }))
    .then(t, { rows: '', sends: ['OpenBreak -> break:unknown_payment:doc/1/8', ANSWERED] });
});

test('a row carries its signed gross, a fee its amount, everything else nothing', (t) => {
  t.deepEqual(payment.carries?.(tell.rowSettled()), { currency: 'SAR', amount: 4990n });
  t.deepEqual(payment.carries?.(tell.refundRow(10n)), { currency: 'SAR', amount: -10n });
  t.is(payment.carries?.(tell.rowSettled({ type: 'fee' })), null);
  t.deepEqual(payment.carries?.({ type: 'FeeCollected', body: { amount: 5n, currency: 'SAR', row: 'r' } }), {
    currency: 'SAR',
    amount: 5n,
  });
  t.is(payment.carries?.(tell.hint()), null);
});
