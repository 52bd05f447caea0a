import test from 'ava';
import { scenario, T0 } from '../testing/scenario.ts';
import { payment } from './decide.ts';
import {
  checkoutUrl,
  CREATE_ATTEMPTS_MAX,
  KNOWN_MAX,
  LOOK_AGAIN_MS_MAX,
  POLL_AFTER_END_MS,
  POLL_INTERVAL_MS_MAX,
  POLLS_MAX,
} from './state.ts';
import * as tell from './testing/messages.ts';

const fresh = () => scenario(payment, tell.SELF);
const awaiting = () => fresh().given(tell.created(), tell.invoiced());
const TOLD = `TopUpStatusChanged -> ${tell.ACCOUNT}`;

// ---- invoices ----------------------------------------------------------------------------------------------------------------------

test('a payment begins with an invoice, asked for once', (t) => {
  const after = fresh().when(tell.created());
  after.then(t, { rows: '', sends: [], effects: ['create-1'], state: { status: 'awaiting_payment', creating: true, topUpId: 't1' } });
  t.deepEqual(payment.openEffects?.(after.state), [
    {
      id: 'create-1',
      type: 'moyasar.create_invoice',
      body: { topUpId: 't1', amount: tell.GROSS, currency: 'SAR', description: null, attempt: 1 },
    },
  ]);
  t.is(checkoutUrl(after.state), null);
});

test('a repeated request, whatever it says, only hears how the top-up stands', (t) => {
  const after = fresh()
    .given(...tell.verified())
    .when(tell.created({ amount: 1n, fingerprint: 'f2' }));
  after.then(t, { effects: [], sends: [TOLD], state: { amount: tell.GROSS, fingerprint: 'f1' } });
  t.deepEqual(after.sent[0]?.body, { topUpId: 't1', status: 'processing' });
});

test('an invoice is bound to its top-up, shown to the customer, and looked at in growing intervals', (t) => {
  const after = fresh().given(tell.created()).when(tell.invoiced());
  after.then(t, {
    sends: ['Bind -> reference:moyasar:invoice:inv-1'],
    timers: [`poll@${1000 + tell.POLL}`],
    effects: [],
    state: { creating: false },
  });
  t.is(checkoutUrl(after.state), 'https://checkout.example/inv-1');
  after.when(tell.due('poll', T0 + 6000)).then(t, { effects: ['fetch-inv-1-1'], timers: [`poll@${6000 + 2 * tell.POLL}`] });
  after.when(tell.due('poll', T0 + 16_000)).then(t, { effects: [], timers: [`poll@${16_000 + 4 * tell.POLL}`] });
});

test('a timer that was moved, or that comes for nothing, does nothing', (t) => {
  fresh().given(tell.created()).when(tell.due('poll', T0)).then(t, { effects: [], timers: [] });
  awaiting()
    .when(tell.due('row-7', T0 + 2000))
    .then(t, { effects: [], sends: [] });
});

test('a timer that fires by a clock ahead of ours is a timer all the same', (t) => {
  const early = { ...tell.due('poll', T0 + 6000), at: T0 + 5900 };
  awaiting()
    .when(early)
    .then(t, { effects: ['fetch-inv-1-1'], timers: [`poll@${6000 + 2 * tell.POLL}`] });
});

test('polling is bounded by the end of the invoice and a while after it', (t) => {
  const after = awaiting();
  const looks: number[] = [];
  for (let n = 1; after.state.poll !== null; n++) {
    const { at } = after.state.poll;
    looks.push(at - T0);
    after.given(tell.due('poll', at)).when({ ...tell.invoiceFetched('initiated', [], { n }), at: at + 1 });
    t.true(n < POLLS_MAX);
  }
  t.is(looks.at(-1), tell.HOUR + POLL_AFTER_END_MS);
  t.true(looks.length < 15);
  after.then(t, { sends: [TOLD], state: { status: 'expired', poll: null } });
});

test('polling is bounded in number too, should an invoice never end', (t) => {
  const endless = { ...tell.invoiced(), body: { ...tell.invoiced().body, expiresAt: T0 + 10_000 * POLL_INTERVAL_MS_MAX } };
  const after = fresh().given(tell.created(), endless);
  let looks = 0;
  for (; after.state.poll !== null; looks++) after.when(tell.due('poll', after.state.poll.at));
  t.is(looks, POLLS_MAX + 1);
});

test('a second invoice cancels the older one, which is looked at once more', (t) => {
  const after = awaiting().when(tell.invoiced('inv-2'));
  after.then(t, { sends: ['Bind -> reference:moyasar:invoice:inv-2'], effects: ['cancel-inv-1'] });
  t.is(checkoutUrl(after.state), 'https://checkout.example/inv-2');
  t.deepEqual(payment.openEffects?.(after.state), [{ id: 'cancel-inv-1', type: 'moyasar.cancel_invoice', body: { invoiceId: 'inv-1' } }]);
  after.when(tell.canceled()).then(t, { effects: ['fetch-inv-1-1'] });
  t.deepEqual(payment.openEffects?.(after.state), [{ id: 'fetch-inv-1-1', type: 'moyasar.fetch_invoice', body: { invoiceId: 'inv-1' } }]);
  after.when(tell.invoiceFetched('canceled')).then(t, { sends: [], state: { status: 'awaiting_payment' } });
});

test('the same invoice told twice is one invoice', (t) => {
  awaiting().when(tell.invoiced()).then(t, { sends: [], effects: [], timers: [] });
});

test('an invoice that comes when the top-up is paid is canceled at once', (t) => {
  const after = fresh()
    .given(...tell.verified())
    .when(tell.invoiced('inv-2'));
  after.then(t, { effects: ['cancel-inv-2'], timers: [], state: { status: 'processing' } });
  t.is(checkoutUrl(after.state), null);
});

test('when the older invoice was paid, the newer one is canceled', (t) => {
  awaiting()
    .given(tell.invoiced('inv-2'), tell.hint())
    .when(tell.fetched())
    .then(t, { effects: ['cancel-inv-2'], state: { status: 'processing', payment: { invoiceId: 'inv-1' } } });
});

// ---- ends without money ------------------------------------------------------------------------------------------------------------

test('an invoice that ends without money ends the top-up, and the wallet is told', (t) => {
  const ends = { expired: 'expired', canceled: 'canceled', voided: 'canceled', failed: 'failed' } as const;
  for (const [status, end] of Object.entries(ends)) {
    const after = awaiting()
      .given(tell.due('poll', T0 + 6000))
      .when({ ...tell.invoiceFetched(status as keyof typeof ends), at: T0 + 7000 });
    after.then(t, { sends: [TOLD], timers: ['poll@-'], state: { status: end, invoices: [{ state: 'ended' }] } });
    t.deepEqual(after.sent[0]?.body, { topUpId: 't1', status: end });
  }
});

test('a failed attempt is no failed top-up while its invoice is open', (t) => {
  const declined = tell.payment({ status: 'failed', message: 'INSUFFICIENT FUNDS' });
  const after = awaiting().given(tell.hint()).when(tell.fetched(declined));
  after.then(t, { rows: '', sends: [], state: { status: 'awaiting_payment', failures: [{ id: 'p1', message: 'INSUFFICIENT FUNDS' }] } });
  after
    .given(tell.hint('e2', 'p2'))
    .when(tell.fetched(tell.payment({ id: 'p2' }), 2))
    .then(t, { state: { status: 'processing' } });
});

test('what is neither paid nor failed changes nothing, and an invoice that says paid without a payment is asked again', (t) => {
  awaiting()
    .given(tell.hint())
    .when(tell.fetched(tell.payment({ status: 'initiated' })))
    .then(t, { rows: '', sends: [], state: { failures: [] } });
  for (const status of ['paid', 'refunded', 'on_hold'] as const) {
    awaiting()
      .given(tell.due('poll', T0 + 6000))
      .when({ ...tell.invoiceFetched(status), at: T0 + 7000 })
      .then(t, { sends: [], state: { status: 'awaiting_payment' } });
  }
});

test('an expired, canceled or failed top-up is processed when the money comes after all', (t) => {
  for (const status of ['expired', 'canceled', 'failed'] as const) {
    awaiting()
      .given(tell.due('poll', T0 + 6000), { ...tell.invoiceFetched(status), at: T0 + 7000 }, { ...tell.hint(), at: T0 + 8000 })
      .when({ ...tell.fetched(tell.payment(), 2), at: T0 + 9000 })
      .then(t, { rows: 'psp-receivable:moyasar 4990 / in-transit 4990', state: { status: 'processing' } });
  }
});

test('an invoice whose creation failed for good is created anew, and every failure is shown', (t) => {
  const after = fresh().given(tell.created()).when(tell.exhausted('create-1'));
  after.then(t, { sends: ['OpenBreak -> break:effect_exhausted:t1'], effects: ['create-2'], state: { status: 'awaiting_payment' } });
  t.like(payment.openEffects?.(after.state)[0], { id: 'create-2', body: { attempt: 2 } });
  after.when(tell.exhausted('create-1')).then(t, { sends: [], effects: [] });
  after.when(tell.invoiced('inv-2', 'create-2')).then(t, { effects: [], state: { creating: false, status: 'awaiting_payment' } });
});

test('a top-up whose invoice could not be created a few times has failed, and waits again when one turns up', (t) => {
  const early = Array.from({ length: CREATE_ATTEMPTS_MAX - 1 }, (_, n) => tell.exhausted(`create-${n + 1}`));
  const after = fresh()
    .given(tell.created(), ...early)
    .when(tell.exhausted(`create-${CREATE_ATTEMPTS_MAX}`));
  after.then(t, { sends: [TOLD, 'OpenBreak -> break:effect_exhausted:t1'], effects: [], state: { status: 'failed', creating: false } });
  t.like(after.sent[1]?.body, { money: 'none', evidence: { effect: `create-${CREATE_ATTEMPTS_MAX}`, code: 'moyasar_unavailable' } });
  after.when(tell.invoiced()).then(t, { sends: ['Bind -> reference:moyasar:invoice:inv-1', TOLD], state: { status: 'awaiting_payment' } });
});

test('a creation that failed for good matters nothing when another invoice is there', (t) => {
  fresh()
    .given(tell.created(), tell.invoiced('inv-1', 'create-0'))
    .when(tell.exhausted('create-1'))
    .then(t, { sends: ['OpenBreak -> break:effect_exhausted:t1'], state: { status: 'awaiting_payment', creating: false } });
});

test('a look that failed for good leaves the polling going; the last one is repeated', (t) => {
  const polled = awaiting().given(tell.due('poll', T0 + 6000));
  polled.when({ ...tell.exhausted('fetch-inv-1-1'), at: T0 + 7000 });
  polled.then(t, { sends: ['OpenBreak -> break:effect_exhausted:t1'], timers: [], state: { fetches: [] } });
  const last = T0 + tell.HOUR + POLL_AFTER_END_MS;
  polled.given(tell.due('poll', last)).when({ ...tell.exhausted('fetch-inv-1-2'), at: last + 1 });
  polled.then(t, { timers: [`poll@${last + 1 + POLL_INTERVAL_MS_MAX - T0}`] });
});

test('an invoice that the provider never answers for counts as expired in the end', (t) => {
  const after = awaiting();
  let looks = 0;
  for (let n = 1; after.state.poll !== null; n++, looks++) {
    const { at } = after.state.poll;
    after.given(tell.due('poll', at)).when({ ...tell.exhausted(`fetch-inv-1-${n}`), at: at + 1 });
  }
  after.then(t, { sends: [TOLD, 'OpenBreak -> break:effect_exhausted:t1'], state: { status: 'expired', fetches: [] } });
  t.true(looks <= LOOK_AGAIN_MS_MAX / POLL_INTERVAL_MS_MAX + 15);
});

test('the last look ends the top-up even when it fired by a clock ahead of ours: a due timer moves or goes', (t) => {
  const last = T0 + tell.HOUR + POLL_AFTER_END_MS;
  const after = awaiting();
  while (after.state.poll !== null && after.state.poll.at < last) after.when(tell.due('poll', after.state.poll.at));
  after.given({ ...tell.invoiceFetched('initiated'), at: last - 500 });
  after.when({ ...tell.due('poll', last), at: last - 100 }).then(t, { effects: ['fetch-inv-1-2'], timers: ['poll@-'] });
  after.when({ ...tell.invoiceFetched('initiated', [], { n: 2 }), at: last - 50 });
  after.then(t, { sends: [TOLD], state: { status: 'expired' } });
});

test('news that came while a look failed for good mean another look', (t) => {
  awaiting()
    .given(tell.hint(), tell.hint('e2'))
    .when(tell.exhausted('fetch-p1-1'))
    .then(t, { effects: ['fetch-p1-2'], sends: ['OpenBreak -> break:effect_exhausted:t1'] });
});

test('a cancelation that failed for good is looked at; a call that nobody waits for is nothing', (t) => {
  awaiting()
    .given(tell.invoiced('inv-2'))
    .when(tell.exhausted('cancel-inv-1'))
    .then(t, { effects: ['fetch-inv-1-1'], sends: ['OpenBreak -> break:effect_exhausted:t1'] })
    .when(tell.exhausted('cancel-inv-1'))
    .then(t, { effects: [], sends: [] });
  awaiting()
    .given(tell.hint())
    .when(tell.exhausted('fetch-p1-1'))
    .then(t, { state: { fetches: [] } });
});

// ---- hints -------------------------------------------------------------------------------------------------------------------------

test('case 3: a webhook is only a reason to look, and the same one twice is one reason', (t) => {
  const after = awaiting().when(tell.hint());
  after.then(t, { rows: '', effects: ['fetch-p1-1'] });
  t.deepEqual(payment.openEffects?.(after.state), [{ id: 'fetch-p1-1', type: 'moyasar.fetch_payment', body: { paymentId: 'p1' } }]);
  after.when(tell.hint()).then(t, { effects: [], state: { events: ['e1'] } });
});

test('news that come while a look is under way mean another look after it', (t) => {
  awaiting()
    .given(tell.hint())
    .when(tell.hint('e2'))
    .then(t, { effects: [] })
    .when(tell.fetched(tell.payment({ status: 'initiated' })))
    .then(t, { effects: ['fetch-p1-2'] })
    .when(tell.fetched(tell.payment(), 2))
    .then(t, { effects: [], state: { status: 'processing' } });
});

test('an answer that nobody waits for is not looked at, nor is another payment than was asked for', (t) => {
  awaiting().when(tell.fetched()).then(t, { rows: '', sends: [] });
  awaiting().when(tell.invoiceFetched('expired')).then(t, { sends: [] });
  const other = { ...tell.fetched(), body: { ...tell.fetched().body, payment: tell.payment({ id: 'p9' }) } };
  awaiting()
    .given(tell.hint())
    .when(other)
    .then(t, { rows: '', sends: [], state: { payment: null } });
  awaiting()
    .given(tell.hint())
    .when(tell.fetched(null))
    .then(t, { rows: '', sends: [], state: { payment: null } });
});

test('an invoice that was forgotten is canceled, looked at, and funds the top-up when it was paid; the one made in its place is canceled', (t) => {
  const after = fresh().given(tell.created(), tell.invoiced('inv-2')).when(tell.invoiceFound());
  after.then(t, { effects: ['cancel-inv-1'] });
  t.is(checkoutUrl(after.state), 'https://checkout.example/inv-2');
  after
    .given(tell.canceled())
    .then(t, { effects: ['fetch-inv-1-1'] })
    .when(tell.invoiceFetched('paid', [tell.payment()]))
    .then(t, { rows: 'psp-receivable:moyasar 4990 / in-transit 4990', effects: ['cancel-inv-2'], state: { status: 'processing' } });
});

test('a forgotten invoice is remembered once, and not when eight are known', (t) => {
  const after = awaiting().when(tell.invoiceFound('inv-1'));
  after.then(t, { effects: [], state: { invoices: [{ id: 'inv-1', state: 'open' }] } });
  const made = Array.from({ length: KNOWN_MAX }, (_, n) => tell.invoiced(`inv-${n + 1}`));
  const full = fresh().given(tell.created(), ...made);
  full.when(tell.invoiceFound('inv-0')).then(t, { effects: [] });
});

test('what comes for a top-up that was forgotten altogether waits until it is asked for again', (t) => {
  const after = fresh().given(tell.invoiceFound()).when(tell.rowSettled());
  after.then(t, { rows: 'in-transit 4990 / suspense 4990', effects: [], sends: [] });
  after.when(tell.created()).then(t, { effects: ['create-1', 'cancel-inv-1', 'fetch-p1-1'] });
  after.when(tell.fetched()).then(t, {
    sends: [
      `TopUpPending -> ${tell.ACCOUNT}`,
      'Bind -> reference:moyasar:payment:p1',
      `TopUpSettled -> ${tell.ACCOUNT}`,
      `RowAnswered -> ${tell.PAGE}`,
    ],
    state: { status: 'paid', kept: [] },
  });
});

test('looks at once are bounded, and a hint to a payment that nobody created is nothing', (t) => {
  const many = Array.from({ length: KNOWN_MAX + 3 }, (_, n) => tell.hint(`e${n}`, `p${n}`));
  t.is(awaiting().given(...many).state.fetches.length, KNOWN_MAX);
  fresh().when(tell.hint()).then(t, { effects: [] });
});

test('an invoice that was hinted at while it was looked at is looked at again', (t) => {
  awaiting()
    .given(tell.invoiced('inv-2'), tell.canceled(), tell.canceled())
    .when(tell.invoiceFetched('canceled'))
    .then(t, { effects: ['fetch-inv-1-2'] });
});
