import test from 'ava';
import { scenario, T0 } from '../testing/scenario.ts';
import { virtualAccount } from './decide.ts';
import { AMOUNT_MAX, OPEN_TOP_UPS_MAX, RECENT_MAX } from './state.ts';
import * as tell from './testing/messages.ts';

const unopened = () => scenario(virtualAccount, tell.SELF);
const open = () => unopened().given(tell.opened());

// ---- asking for a top-up -----------------------------------------------------------------------------------------------------------

test('a top-up is asked for: its payment is created and it waits for the customer', (t) => {
  const after = open().when(tell.requested());
  after.then(t, {
    rows: '',
    sends: ['CreatePayment -> payment:t1'],
    answer: { id: 't1', status: 'awaiting_payment', amount: 10_000n, currency: 'SAR', createdAt: T0 + 1000 },
    note: null,
  });
  const created = { account: tell.SELF, owner: 'alice', amount: '10000', currency: 'SAR', description: 'Savings', fingerprint: 'f1' };
  t.deepEqual(after.sent[0]?.body, created);
});

test('a top-up is refused in the order of the rules', (t) => {
  unopened().when(tell.requested()).then(t, { code: 'wallet_not_found' });
  open()
    .when(tell.requested(1n, { owner: 'bob' }))
    .then(t, { code: 'wallet_not_found' });
  open()
    .given(tell.requested())
    .when(tell.requested(10_000n, { fingerprint: 'f2' }))
    .then(t, { code: 'idempotency_key_reused' });
  open()
    .given(tell.setStatus('retired'))
    .when(tell.requested(1n, { currency: 'KWD' }))
    .then(t, { code: 'account_retired' });
  open()
    .given(tell.setStatus('frozen'))
    .when(tell.requested(1n, { currency: 'KWD' }))
    .then(t, { code: 'account_frozen' });
  open()
    .when(tell.requested(1n, { currency: 'KWD' }))
    .then(t, { code: 'currency_mismatch' });
  open().when(tell.requested(99n)).then(t, { code: 'amount_out_of_range' });
  open()
    .when(tell.requested(AMOUNT_MAX + 1n))
    .then(t, { code: 'amount_out_of_range' });
  open().when(tell.requested(100n)).then(t, {});
});

test('a repeated top-up gets its first answer, also when it has ended', (t) => {
  open()
    .given(tell.requested(), tell.statusChanged('expired'))
    .when(tell.requested())
    .then(t, { sends: [], answer: { id: 't1', status: 'expired', amount: 10_000n, currency: 'SAR', createdAt: T0 + 1000 } });
});

test('a hundred top-ups may be open at once', (t) => {
  const many = Array.from({ length: OPEN_TOP_UPS_MAX }, (_, n) => tell.requested(100n, { topUpId: `t${n}` }));
  const full = open().given(...many);
  full.when(tell.requested(100n, { topUpId: 'more' })).then(t, { code: 'too_many_open_top_ups' });
  full
    .given(tell.statusChanged('expired', 't5'))
    .when(tell.requested(100n, { topUpId: 'more' }))
    .then(t, {});
});

// ---- the life of a top-up ----------------------------------------------------------------------------------------------------------

test('a verified payment is pending: in-transit g / va-pending g', (t) => {
  open()
    .given(tell.requested())
    .when(tell.pending())
    .then(t, {
      rows: 'in-transit 10000 / va-pending 10000',
      state: { available: 0n, topUps: [{ id: 't1', status: 'processing', pending: 10_000n }] },
      note: { kind: 'top_up_pending', amount: '10000', available: '0', pending: '10000', reference: 't1', description: 'Savings' },
    });
});

test('case 16: two equal top-ups on one day are pending and settled each for itself', (t) => {
  const twice = open().given(tell.requested(), tell.requested(10_000n, { topUpId: 't2' }), tell.pending(), tell.pending(10_000n, 't2'));
  t.like(twice.state, {
    topUps: [
      { id: 't1', pending: 10_000n },
      { id: 't2', pending: 10_000n },
    ],
  });
  twice
    .when(tell.settled(0n, 10_000n, 't2'))
    .then(t, { rows: 'va-pending 10000 / va 10000', state: { available: 10_000n, topUps: [{ id: 't1' }], endedTopUps: [{ id: 't2' }] } });
});

test('case 17: what was refunded stays so when a late word says that it was paid', (t) => {
  open()
    .given(tell.requested(), tell.pending(), tell.reversed(10_000n))
    .when(tell.statusChanged('paid'))
    .then(t, { rows: '', state: { available: 0n, topUps: [], endedTopUps: [{ status: 'refunded' }] } })
    .when(tell.settled(0n))
    .then(t, { rows: '', state: { available: 0n, endedTopUps: [{ status: 'refunded' }] } });
});

test('a settled top-up is available in full under the platform policy: va-pending g / va g', (t) => {
  const after = open().given(tell.requested(), tell.pending()).when(tell.settled(0n));
  after.then(t, {
    rows: 'va-pending 10000 / va 10000',
    sends: [],
    state: { available: 10_000n, topUps: [], endedTopUps: [{ id: 't1', status: 'paid', credited: 10_000n, pending: 0n }] },
    note: { kind: 'top_up', amount: '10000', available: '10000', pending: '0', fee: '0' },
  });
  t.deepEqual(virtualAccount.figures?.(after.state), [{ account: 'va', currency: 'SAR', amount: -10_000n }]);
});

test('under the customer policy the fee goes to the payment: va-pending p / va p - f, in-transit f', (t) => {
  const after = open().given(tell.requested(), tell.pending()).when(tell.settled(288n));
  after.then(t, {
    rows: 'va-pending 10000 / va 9712, in-transit 288',
    sends: ['FeeCollected -> payment:t1'],
    state: { available: 9712n },
    note: { kind: 'top_up', amount: '9712', fee: '288', available: '9712' },
  });
  t.deepEqual(after.sent[0], {
    to: 'payment:t1',
    type: 'FeeCollected',
    id: 'doc/1/0/fee',
    body: { amount: '288', currency: 'SAR', row: 'doc/1/0' },
  });
});

test('a settled top-up pays what the customer owes first: va-pending p / va-owing first, va the rest', (t) => {
  open()
    .given(tell.credited(5000n), tell.debited(5000n), tell.recalled(3000n), tell.requested(), tell.pending())
    .when(tell.settled(288n))
    .then(t, { rows: 'va-pending 10000 / va-owing 3000, va 6712, in-transit 288', state: { owing: 0n, available: 6712n } });
});

test('a fee larger than what is still pending is owed by the customer: va-pending p, va-owing f - p / in-transit f', (t) => {
  open()
    .given(tell.requested(), tell.pending(), tell.reversed(9900n, 'processing'))
    .when(tell.settled(288n))
    .then(t, {
      rows: 'va-pending 100, va-owing 188 / in-transit 288',
      state: { owing: 188n, available: 0n, endedTopUps: [{ status: 'paid', credited: 0n }] },
      note: { kind: 'top_up', amount: '-188', owing: '188' },
    });
});

test('a top-up refunded in full before its settlement has nothing to settle, and only its fee is left', (t) => {
  const refunded = open().given(tell.requested(), tell.pending(), tell.reversed(10_000n));
  refunded.when(tell.settled(0n)).then(t, { rows: '', sends: [], note: null, state: { endedTopUps: [{ status: 'refunded' }] } });
  refunded.when(tell.settled(288n)).then(t, { rows: 'va-owing 288 / in-transit 288', note: { kind: 'fee', amount: '-288', fee: '288' } });
});

test('a refund before settlement takes what is pending: va-pending r / in-transit r', (t) => {
  open()
    .given(tell.requested(), tell.pending())
    .when(tell.reversed(4000n, 'processing'))
    .then(t, { rows: 'va-pending 4000 / in-transit 4000', sends: [], note: { kind: 'top_up_reversed', amount: '-4000', pending: '6000' } })
    .when(tell.settled(0n))
    .then(t, { rows: 'va-pending 6000 / va 6000' });
});

test('a reversal after settlement takes the balance, and what is spent is owed: va, va-owing / in-transit r', (t) => {
  const after = open()
    .given(tell.requested(), tell.pending(), tell.settled(0n), tell.debited(7000n))
    .when(tell.reversed(10_000n, 'charged_back'));
  after.then(t, {
    rows: 'va 3000, va-owing 7000 / in-transit 10000',
    sends: ['OpenBreak -> break:reversal_exceeds_balance:t1'],
    state: { available: 0n, owing: 7000n, endedTopUps: [{ status: 'charged_back', reversed: 10_000n }] },
  });
  t.like(after.sent[0]?.body, { money: 'none', amount: '7000', severity: 'high' });
});

test('a partial chargeback before the settlement keeps its status when the rest is settled', (t) => {
  open()
    .given(tell.requested(), tell.pending(), tell.reversed(1000n, 'charged_back'))
    .when(tell.settled(0n))
    .then(t, { rows: 'va-pending 9000 / va 9000', state: { topUps: [], endedTopUps: [{ status: 'charged_back' }] } });
});

test('a top-up ends without money, and comes back when the money comes after all', (t) => {
  open()
    .given(tell.requested())
    .when(tell.statusChanged('expired'))
    .then(t, { rows: '', note: null, state: { topUps: [], endedTopUps: [{ status: 'expired' }] } })
    .when(tell.pending())
    .then(t, { rows: 'in-transit 10000 / va-pending 10000', state: { topUps: [{ status: 'processing' }], endedTopUps: [] } });
});

test('a status without money never changes a top-up that has or had some, nor one that nobody knows', (t) => {
  open()
    .given(tell.requested(), tell.pending())
    .when(tell.statusChanged('failed'))
    .then(t, { state: { topUps: [{ status: 'processing' }] } });
  open()
    .given(tell.requested(), tell.pending(), tell.settled(0n))
    .when(tell.statusChanged('failed'))
    .then(t, { state: { endedTopUps: [{ status: 'paid' }] } });
  open()
    .given(tell.requested(), tell.pending(), tell.reversed(10_000n))
    .when(tell.statusChanged('failed'))
    .then(t, { state: { endedTopUps: [{ status: 'refunded' }] } });
  open()
    .when(tell.statusChanged('failed'))
    .then(t, { state: { topUps: [], endedTopUps: [] } });
});

test('a top-up may wait for the customer again, if there is room', (t) => {
  open()
    .given(tell.requested(), tell.statusChanged('failed'))
    .when(tell.statusChanged('awaiting_payment'))
    .then(t, { state: { topUps: [{ id: 't1' }] } });
  const crowd = crowded();
  crowd.when(tell.statusChanged('awaiting_payment', 'late-49')).then(t, {});
  t.is(crowd.state.topUps.length, 200);
});

/** Two hundred open top-ups: a hundred of them re-opened by late money; the last ended ones are `late-…`. */
function crowded() {
  const ask = (prefix: string) => Array.from({ length: 100 }, (_, n) => tell.requested(100n, { topUpId: `${prefix}-${n}` }));
  const end = (prefix: string) => Array.from({ length: 100 }, (_, n) => tell.statusChanged('expired', `${prefix}-${n}`));
  const pay = (prefix: string) => Array.from({ length: 100 }, (_, n) => tell.pending(100n, `${prefix}-${n}`));
  return open().given(...ask('a'), ...end('a'), ...ask('late'), ...end('late'), ...ask('b'), ...pay('a'));
}

test('late money beyond two hundred open top-ups goes on to a break instead of letting the state grow', (t) => {
  const after = crowded().when(tell.pending(100n, 'late-0'));
  after.then(t, { rows: '', sends: ['OpenBreak -> break:status_conflict:late-0'] });
  t.like(after.sent[0]?.body, { money: 'credit', amount: '100' });
  t.true(after.sent[0]?.id.endsWith('/refused'));
  t.is(after.state.topUps.length, 200);
});

test('what the provider takes back of money that went to a break comes out of that break, and the state stays bounded', (t) => {
  const after = crowded()
    .given(tell.pending(100n, 'late-60'))
    .when(tell.reversed(40n, 'processing', 'late-60'));
  after.then(t, { rows: '', sends: ['RecallCredit -> break:status_conflict:late-60'], state: { owing: 0n, refused: [{ amount: 60n }] } });
  t.is(after.state.topUps.length, 200);
  after.when(tell.reversed(60n, 'refunded', 'late-60')).then(t, { rows: '', state: { owing: 0n, refused: [] } });
});

test('a reversal of a forgotten top-up never lets a full state grow', (t) => {
  const after = crowded().when(tell.reversed(40n, 'processing', 'forgotten'));
  after.then(t, { rows: 'va-owing 40 / in-transit 40', state: { owing: 40n } });
  t.is(after.state.topUps.length, 200);
});

test('a reversal is never taken for a refused transfer of the same amount', (t) => {
  open()
    .given(tell.requested(), tell.pending(900n), tell.setStatus('frozen'))
    .given({ ...tell.credited(900n), body: { ...tell.credited(900n).body, narrative: 'refund' } })
    .when(tell.reversed(900n))
    .then(t, { rows: 'va-pending 900 / in-transit 900', sends: [] });
});

test('a top-up of a number that nobody was given, or in another currency, goes on to a break and is taken back from there', (t) => {
  const inDinars = { ...tell.pending(), body: { ...tell.pending().body, currency: 'KWD' } };
  const rows = [
    [unopened(), tell.pending(), 'unattributed_credit'],
    [open(), inDinars, 'currency_mismatch'],
  ] as const;
  for (const [account, told, reason] of rows) {
    const { currency } = told.body;
    account.when(told).then(t, { rows: '', sends: [`OpenBreak -> break:${reason}:t1`], note: null });
    t.like(account.sent[0]?.body, { money: 'credit', amount: '10000', currency });
    account.when({ ...tell.settled(288n), body: { ...tell.settled(288n).body, currency } }).then(t, { rows: '', sends: [], note: null });
    const taken = { ...tell.reversed(10_000n), body: { ...tell.reversed(10_000n).body, currency } };
    account.when(taken).then(t, { rows: '', sends: [`RecallCredit -> break:${reason}:t1`], state: { owing: 0n, refused: [] } });
  }
});

test('a top-up that was paid before its account was retired is still money of its customer', (t) => {
  open()
    .given(tell.requested(), tell.setStatus('retired'))
    .when(tell.pending())
    .then(t, { rows: 'in-transit 10000 / va-pending 10000', sends: [] })
    .when(tell.settled(0n))
    .then(t, { rows: 'va-pending 10000 / va 10000', state: { available: 10_000n } });
});

test('money of a top-up that fell out of memory is booked like any other', (t) => {
  open()
    .when(tell.reversed(500n, 'refunded', 'forgotten'))
    .then(t, { rows: 'va-owing 500 / in-transit 500' })
    .when(tell.settled(0n, 500n, 'forgotten-2'))
    .then(t, { rows: '', note: null })
    .when(tell.pending(700n, 'forgotten-3'))
    .then(t, { rows: 'in-transit 700 / va-pending 700' });
});

test('the last fifty ended top-ups are remembered', (t) => {
  const ids = Array.from({ length: RECENT_MAX + 5 }, (_, n) => `t${n}`);
  const after = open().given(...ids.flatMap((topUpId) => [tell.requested(100n, { topUpId }), tell.statusChanged('canceled', topUpId)]));
  t.is(after.state.endedTopUps.length, RECENT_MAX);
  t.is(after.state.endedTopUps[0]?.id, 't5');
});
