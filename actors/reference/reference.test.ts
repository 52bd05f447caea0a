import test from 'ava';
import { toJson } from '../../engine/message.ts';
import { scenario, T0 } from '../testing/scenario.ts';
import { reference } from './decide.ts';
import { KEPT_MAX } from './state.ts';

const PAGE = 'settlement-page:moyasar:doc-1:1' as const;
const PAYMENT = 'payment:top-up-1' as const;
const GRACE = 60_000;
const forward = (over: Partial<ReturnType<typeof row>['body']> = {}) => ({ ...row(), body: { ...row().body, ...over } });
const row = () => ({
  type: 'Forward' as const,
  body: {
    type: 'RowSettled',
    body: '{"document":"doc-1","row":{"index":3,"gross":"4990"}}',
    key: 'doc-1/1/3' as string | null,
    amount: 4990n,
    currency: 'SAR' as string | null,
    graceMs: GRACE,
    orElse: { reason: 'unknown_payment', subject: 'doc-1/3', evidence: { paymentId: 'p-1' } },
    answer: { page: PAGE, index: 3 } as { page: typeof PAGE; index: number } | null,
  },
});
const hint = (n = 1) =>
  forward({ type: 'ProviderHint', body: `{"eventId":"e-${n}"}`, key: null, amount: 0n, currency: null, graceMs: 0, answer: null });
const debit = () => forward({ type: 'OutgoingSettled', body: '{"reference":"77"}', key: 'line-9/debit', amount: -5345n, answer: null });
const bind = (to: typeof PAYMENT | 'payment:other' = PAYMENT) => ({ type: 'Bind' as const, body: { to } });
const due = (key: string) => ({ type: 'TimerDue' as const, body: { key, at: T0 + GRACE } });
const unbound = () => scenario(reference, 'reference:moyasar:payment:p-1');

test('a message for a known owner is passed on as it came, its money stays in transit', (t) => {
  const after = unbound().given(bind()).when(forward());
  after.then(t, { rows: '', sends: [`RowSettled -> ${PAYMENT}`], timers: [] });
  t.deepEqual(after.sent[0]?.body, { document: 'doc-1', row: { index: 3, gross: '4990' } });
  t.is(after.sent[0]?.id, 'doc-1/1/3');
});

test('money for nobody yet is kept as suspense until the id is bound, then goes on in order', (t) => {
  unbound()
    .when(forward())
    .then(t, { rows: 'in-transit 4990 / suspense 4990', sends: [], timers: [`keep-1@${GRACE}`] })
    .given(hint())
    .when(bind())
    .then(t, {
      rows: 'suspense 4990 / in-transit 4990',
      sends: [`RowSettled -> ${PAYMENT}`, `ProviderHint -> ${PAYMENT}`],
      timers: ['keep-1@-'],
      state: { owner: PAYMENT, kept: [] },
    });
});

test('money that leaves is kept by its sign: a debit or a refund row makes suspense smaller', (t) => {
  const after = unbound().when(debit());
  after.then(t, { rows: 'suspense 5345 / in-transit 5345' });
  t.deepEqual(reference.figures?.(after.state), [{ account: 'suspense', currency: 'SAR', amount: 5345n }]);
  after.when(bind()).then(t, { rows: 'in-transit 5345 / suspense 5345', sends: [`OutgoingSettled -> ${PAYMENT}`] });
});

test('when patience ends the money goes to a break and the page learns that its row is broken', (t) => {
  const after = unbound().given(forward()).when(due('keep-1'));
  after.then(t, {
    rows: 'suspense 4990 / in-transit 4990',
    sends: ['OpenBreak -> break:unknown_payment:doc-1/3', `RowAnswered -> ${PAGE}`],
    state: { kept: [] },
  });
  t.like(after.sent[0]?.body, { money: 'credit', amount: '4990', currency: 'SAR', evidence: { paymentId: 'p-1' } });
  t.is(after.sent[0]?.id, 'doc-1/1/3/break');
  t.deepEqual(after.sent[1]?.body, { index: 3, outcome: 'broken' });
});

test('an unknown debit that nobody claims becomes a break that holds a debit, and no page is told', (t) => {
  const after = unbound().given(debit()).when(due('keep-1'));
  after.then(t, { rows: 'in-transit 5345 / suspense 5345', sends: ['OpenBreak -> break:unknown_payment:doc-1/3'] });
  t.like(after.sent[0]?.body, { money: 'debit', amount: '5345' });
});

test('a row without money that a page waits for is not forgotten either', (t) => {
  const after = unbound()
    .given(forward({ amount: 0n, key: null }))
    .when(due('keep-1'));
  after.then(t, { rows: '', sends: ['OpenBreak -> break:unknown_payment:doc-1/3', `RowAnswered -> ${PAGE}`] });
  t.like(after.sent[0]?.body, { money: 'none', amount: '0' });
});

test('a second owner changes nothing, and a timer that comes late finds nothing', (t) => {
  unbound()
    .given(bind())
    .when(bind('payment:other'))
    .then(t, { state: { owner: PAYMENT }, sends: [] })
    .when(due('keep-1'))
    .then(t, { rows: '', sends: [] });
});

test('eight messages may wait: a hint beyond pushes out the oldest hint', (t) => {
  const full = unbound().given(...Array.from({ length: KEPT_MAX }, (_, n) => hint(n)));
  full.when(hint(99)).then(t, { sends: [] });
  t.deepEqual(full.state.kept.map(({ n }) => n), [2, 3, 4, 5, 6, 7, 8, 9]); // prettier-ignore
});

test('money pushes out a hint; the ninth with money goes straight to a break; a hint then is dropped', (t) => {
  const full = unbound().given(hint(), ...Array.from({ length: KEPT_MAX }, () => forward()));
  t.is(full.state.kept.length, KEPT_MAX);
  full.when(forward()).then(t, { rows: '', sends: ['OpenBreak -> break:unknown_payment:doc-1/3', `RowAnswered -> ${PAGE}`] });
  full.when(hint()).then(t, { rows: '', sends: [], state: { count: KEPT_MAX + 1 } });
});

const INVOICE = { invoiceId: 'inv-1', url: 'https://checkout.example/inv-1', expiresAt: T0 + GRACE };
const found = (effect: string, topUpId: string | null = 'top-up-1') => ({
  type: 'OwnerFound' as const,
  body: { effect, owner: topUpId === null ? null : { topUpId, invoice: INVOICE } },
});

test('an invoice or a payment that nobody has bound is looked up, and its top-up learns of the invoice before all that waited', (t) => {
  for (const kind of ['invoice', 'payment'] as const) {
    const after = scenario(reference, `reference:moyasar:${kind}:x-1`).when(hint());
    after.then(t, { effects: ['find-1'] });
    t.deepEqual(reference.openEffects?.(after.state), [{ id: 'find-1', type: 'moyasar.find_owner', body: { kind, id: 'x-1' } }]);
    after
      .given(forward())
      .then(t, { effects: [] })
      .when(found('find-1'))
      .then(t, {
        rows: 'suspense 4990 / in-transit 4990',
        sends: [`InvoiceFound -> ${PAYMENT}`, `ProviderHint -> ${PAYMENT}`, `RowSettled -> ${PAYMENT}`],
        state: { owner: PAYMENT, kept: [], search: null },
      });
    t.deepEqual(after.sent[0]?.body, INVOICE);
    after.when(hint(2)).then(t, { effects: [], sends: [`ProviderHint -> ${PAYMENT}`] });
  }
});

test('a snapshot that was made before there were searches has none under way', (t) => {
  const kept = unbound().given(hint()).state.kept;
  t.deepEqual(reference.state.parse(JSON.parse(toJson({ owner: null, count: 1, kept }))), { owner: null, count: 1, kept, search: null });
});

test('a search that finds nobody, or fails, leaves everything waiting, and the next message looks again', (t) => {
  const gone = { type: 'EffectExhausted' as const, body: { effect: 'find-1', type: 'moyasar.find_owner', code: 'x', message: 'y' } };
  for (const end of [found('find-1', null), gone]) {
    const after = unbound().given(forward()).when(end);
    after.then(t, { rows: '', sends: [], state: { owner: null, search: null, count: 1 } });
    after.when(hint()).then(t, { effects: ['find-2'] });
    for (const late of [found('find-1'), { ...gone, body: { ...gone.body, effect: 'find-1' } }])
      after.when(late).then(t, { sends: [], state: { owner: null, search: { n: 2 } } });
  }
});

test('who is bound while he is looked for is bound once', (t) => {
  unbound()
    .given(hint())
    .when(bind())
    .then(t, { state: { owner: PAYMENT, search: null } })
    .when(found('find-1', 'other'))
    .then(t, { sends: [], state: { owner: PAYMENT } });
});

test('what is not the name of an invoice or a payment at the provider is not looked up', (t) => {
  for (const id of ['anb:outgoing:77', 'moyasar:settlement:doc'])
    scenario(reference, `reference:${id}`).when(debit()).then(t, { effects: [] });
});

test('a forwarded message carries its money through this mailbox, a hint and a binding carry none', (t) => {
  t.deepEqual(reference.carries?.(forward()), { currency: 'SAR', amount: 4990n });
  t.deepEqual(reference.carries?.(debit()), { currency: 'SAR', amount: -5345n });
  t.is(reference.carries?.(hint()), null);
  t.is(reference.carries?.(bind()), null);
});
