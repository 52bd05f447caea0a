import test from 'ava';
import { scenario, T0 } from '../testing/scenario.ts';
import { payment } from './decide.ts';
import * as tell from './testing/messages.ts';

const awaiting = () => scenario(payment, tell.SELF).given(tell.created(), tell.invoiced());
const verified = () => scenario(payment, tell.SELF).given(...tell.verified());
const looked = () => verified().given(tell.hint('e2'));
const receivable = (amount: bigint) => [{ account: 'psp-receivable:moyasar', currency: 'SAR', amount }];
const PENDING = `TopUpPending -> ${tell.ACCOUNT}`;
const REVERSED = `TopUpReversed -> ${tell.ACCOUNT}`;
const BOUND = 'Bind -> reference:moyasar:payment:p1';

test('a payment that was re-fetched as paid is verified: psp-receivable g / in-transit g', (t) => {
  const after = awaiting().given(tell.hint()).when(tell.fetched());
  after.then(t, {
    rows: 'psp-receivable:moyasar 4990 / in-transit 4990',
    sends: [PENDING, BOUND],
    timers: [`owed@${3000 + tell.ROWS_WITHIN}`, 'poll@-'],
    state: { status: 'processing', payment: { id: 'p1', amount: 4990n, scheme: 'mada', estimatedFee: 170n } },
  });
  t.deepEqual(after.sent[0], {
    to: tell.ACCOUNT,
    type: 'TopUpPending',
    id: 't1/pending',
    body: { topUpId: 't1', amount: '4990', currency: 'SAR' },
  });
  t.deepEqual(payment.figures?.(after.state), receivable(4990n));
});

test('a webhook that never comes is replaced by polling: the invoice shows its payment', (t) => {
  awaiting()
    .given(tell.due('poll', T0 + 6000))
    .when({
      ...tell.invoiceFetched('paid', [tell.payment({ status: 'failed', id: 'p0' }), tell.payment({ invoiceId: null })]),
      at: T0 + 7000,
    })
    .then(t, { rows: 'psp-receivable:moyasar 4990 / in-transit 4990', sends: [PENDING, BOUND], state: { failures: [{ id: 'p0' }] } });
});

test('seen again as paid, nothing is posted twice', (t) => {
  looked().when(tell.fetched(tell.payment(), 2)).then(t, { rows: '', sends: [] });
  verified()
    .given(tell.hint('e2', 'p0'))
    .when(tell.fetched(tell.payment({ id: 'p0', status: 'failed' }), 2))
    .then(t, { rows: '', sends: [] });
});

test('case 18: a payment in another currency is no money for this top-up', (t) => {
  for (const currency of ['USD', 'KWD']) {
    const after = awaiting()
      .given(tell.hint())
      .when(tell.fetched(tell.payment({ currency })));
    after.then(t, {
      rows: '',
      sends: [BOUND, 'OpenBreak -> break:currency_mismatch:p1'],
      state: { status: 'awaiting_payment', payment: null },
    });
    t.like(after.sent[1]?.body, { money: 'none', currency, evidence: { topUpCurrency: 'SAR' } });
  }
});

test('a payment of another amount, or on an invoice that is not ours, is no money for this top-up', (t) => {
  awaiting()
    .given(tell.hint())
    .when(tell.fetched(tell.payment({ amount: 49_900n })))
    .then(t, { rows: '', sends: [BOUND, 'OpenBreak -> break:payment_amount_mismatch:p1'], state: { payment: null } });
  for (const invoiceId of ['inv-9', null]) {
    const after = awaiting()
      .given(tell.hint())
      .when(tell.fetched(tell.payment({ invoiceId })));
    after.then(t, { rows: '', sends: ['OpenBreak -> break:unknown_payment:p1'], state: { payment: null } });
  }
});

test('a refund is known by the growth of its total: in-transit r / psp-receivable r, once', (t) => {
  const after = looked().when(tell.fetched(tell.payment({ status: 'refunded', refunded: 1000n }), 2));
  after.then(t, {
    rows: 'in-transit 1000 / psp-receivable:moyasar 1000',
    sends: [REVERSED],
    state: { status: 'processing', payment: { reversed: 1000n } },
  });
  t.like(after.sent[0], { id: 't1/reversed/1000', body: { amount: '1000', cause: 'refund', status: 'processing' } });
  t.deepEqual(payment.figures?.(after.state), receivable(3990n));
  after
    .given(tell.hint('e3'))
    .when(tell.fetched(tell.payment({ status: 'refunded', refunded: 1000n }), 3))
    .then(t, { rows: '', sends: [] });
  after.given(tell.hint('e4')).when(tell.fetched(tell.payment({ status: 'refunded', refunded: 4990n }), 4));
  after.then(t, { rows: 'in-transit 3990 / psp-receivable:moyasar 3990', state: { status: 'refunded' } });
  t.like(after.sent[0], { id: 't1/reversed/4990', body: { amount: '3990', status: 'refunded' } });
});

test('a refund without a total, a void and a failure take back the whole payment', (t) => {
  const whole = { refunded: 'refund', voided: 'void', failed: 'failure' } as const;
  for (const [status, cause] of Object.entries(whole)) {
    const after = looked().when(tell.fetched(tell.payment({ status: status as keyof typeof whole }), 2));
    after.then(t, {
      rows: 'in-transit 4990 / psp-receivable:moyasar 4990',
      sends: [REVERSED],
      state: { status: cause === 'failure' ? 'failed' : 'refunded' },
    });
    t.like(after.sent[0]?.body, { amount: '4990', cause });
    t.deepEqual(payment.figures?.(after.state), []);
  }
});

test('a payment first seen when it was refunded already is pending and reversed in one step', (t) => {
  awaiting()
    .given(tell.hint())
    .when(tell.fetched(tell.payment({ status: 'refunded', refunded: 4990n })))
    .then(t, {
      rows: 'psp-receivable:moyasar 4990, in-transit 4990 / in-transit 4990, psp-receivable:moyasar 4990',
      sends: [PENDING, BOUND, REVERSED],
      state: { status: 'refunded' },
    });
});

test('case 17: a payment_paid webhook after payment_refunded credits nothing again', (t) => {
  const refunded = () => looked().given(tell.fetched(tell.payment({ status: 'refunded', refunded: 4990n }), 2), tell.hint('late-paid'));
  refunded()
    .when(tell.fetched(tell.payment({ status: 'refunded', refunded: 4990n }), 3))
    .then(t, { rows: '', sends: [], state: { status: 'refunded' } });
  // Even when the provider itself says "paid" again.
  const after = refunded().when(tell.fetched(tell.payment(), 3));
  after.then(t, {
    rows: '',
    sends: ['OpenBreak -> break:status_conflict:p1'],
    state: { status: 'refunded', payment: { reversed: 4990n } },
  });
  t.like(after.sent[0]?.body, { money: 'none', evidence: { status: 'paid', reversed: '4990' } });
});

test('case 12: a void after settlement is a conflict and takes nothing', (t) => {
  verified()
    .given(tell.rowSettled(), tell.hint('e2'))
    .when(tell.fetched(tell.payment({ status: 'voided' }), 2))
    .then(t, { rows: '', sends: ['OpenBreak -> break:status_conflict:p1'], state: { status: 'paid' } });
});

test('what was charged back cannot be refunded too: the provider’s refund is a conflict, and the wallet is not charged twice', (t) => {
  const chargeback = tell.rowSettled({ index: 4, type: 'chargeback', fee: 0n, tax: 0n });
  verified()
    .given(tell.rowSettled(), chargeback, tell.hint('e2'))
    .when(tell.fetched(tell.payment({ status: 'refunded', refunded: tell.GROSS }), 2))
    .then(t, { rows: '', sends: ['OpenBreak -> break:status_conflict:p1'], state: { status: 'charged_back', payment: { reversed: 0n } } });
});

test('a provider that changes amount or currency afterwards, or refunds more than was paid, is not believed', (t) => {
  looked()
    .when(tell.fetched(tell.payment({ amount: 1n }), 2))
    .then(t, { rows: '', sends: ['OpenBreak -> break:payment_amount_mismatch:p1'] });
  looked()
    .when(tell.fetched(tell.payment({ currency: 'USD' }), 2))
    .then(t, { rows: '', sends: ['OpenBreak -> break:currency_mismatch:p1'] });
  looked()
    .when(tell.fetched(tell.payment({ status: 'refunded', refunded: 4991n }), 2))
    .then(t, { rows: '', sends: ['OpenBreak -> break:payment_amount_mismatch:p1'] });
});

test('a second paid payment on one invoice is a conflict, told once, and its rows will come here', (t) => {
  const twice = verified().given(tell.hint('e2', 'p2'));
  twice.when(tell.fetched(tell.payment({ id: 'p2' }), 2));
  twice.then(t, {
    rows: '',
    sends: ['Bind -> reference:moyasar:payment:p2', 'OpenBreak -> break:status_conflict:p2'],
    state: { others: ['p2'] },
  });
  twice
    .given(tell.hint('e3', 'p2'))
    .when(tell.fetched(tell.payment({ id: 'p2' }), 3))
    .then(t, { sends: [] });
  const row = twice.when(tell.rowSettled({ paymentId: 'p2' }));
  row.then(t, { rows: '', sends: ['OpenBreak -> break:status_conflict:doc/1/0', `RowAnswered -> ${tell.PAGE}`] });
  t.like(row.sent[0]?.body, { money: 'credit', amount: '4990' });
});

test('case 16: two equal top-ups on one day are two payments, and neither takes the money of the other', (t) => {
  const second = scenario(payment, 'payment:t2').given(tell.created(), tell.invoiced('inv-2'), tell.hint('e1', 'p1'));
  second.when(tell.fetched(tell.payment({ invoiceId: 'inv-1' })));
  second.then(t, { rows: '', sends: ['OpenBreak -> break:unknown_payment:p1'], state: { payment: null } });
  second.given(tell.hint('e2', 'p2')).when(tell.fetched(tell.payment({ id: 'p2', invoiceId: 'inv-2' }), 2));
  second.then(t, { rows: 'psp-receivable:moyasar 4990 / in-transit 4990', state: { payment: { id: 'p2' } } });
});
