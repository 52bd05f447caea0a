import test from 'ava';
import { parseMoyasarWebhook } from './webhook.ts';

const OURS = { secret: 'test-shared-secret', mode: 'test' as const };
const PAID = {
  id: '0c6f2b1e-11a5-4b27-9f0c-7f3f9d6f1001',
  type: 'payment_paid',
  created_at: '2026-03-01T08:00:42.010Z',
  secret_token: 'test-shared-secret',
  account_name: 'Test Merchant',
  live: false,
  data: { id: '5f3c1c52-9b0e-4a37-8a51-0d6d5b3f0a01', status: 'paid', amount: 10000, invoice_id: 'inv-1' as string | null },
};
const SETTLED = {
  ...PAID,
  type: 'balance_transferred',
  created_at: '2026-03-02T11:00:00+00:00',
  data: { id: 'doc-1', amount: 52959, fee: 46, transaction_count: 3 },
};
const parse = (event: unknown, ours: Parameters<typeof parseMoyasarWebhook>[1] = OURS) => parseMoyasarWebhook(JSON.stringify(event), ours);

test('a payment event names the payment and its invoice', (t) => {
  t.deepEqual(parse(PAID), {
    kind: 'payment',
    eventId: PAID.id,
    eventType: 'payment_paid',
    paymentId: PAID.data.id,
    status: 'paid',
    invoiceId: 'inv-1',
  });
  t.like(parse({ ...PAID, data: { id: 'p' } }), { kind: 'payment', status: 'paid', invoiceId: null });
});

test('the event that the provider misspells is understood', (t) => {
  t.like(parse({ ...PAID, type: 'payment_faild', data: { id: 'p' } }), { kind: 'payment', eventType: 'payment_failed', status: 'failed' });
});

test('a settlement event names its document', (t) => {
  t.deepEqual(parse(SETTLED), { kind: 'settlement', eventId: PAID.id, document: 'doc-1' });
});

test('events of other kinds are told apart, also the one that names no mode', (t) => {
  t.deepEqual(parse({ ...PAID, type: 'payout_paid' }), { kind: 'other', eventType: 'payout_paid' });
  const { live: _live, ...verification } = { ...PAID, type: 'webhook_verification', data: { verification_code: '123456' } };
  t.deepEqual(parse(verification), { kind: 'other', eventType: 'webhook_verification' });
});

test('case 15: an event of the other mode leads to nothing', (t) => {
  t.deepEqual(parse({ ...PAID, live: true }), { kind: 'wrong_mode', eventType: 'payment_paid' });
  t.deepEqual(parse(PAID, { ...OURS, mode: 'live' }), { kind: 'wrong_mode', eventType: 'payment_paid' });
  t.like(parse({ ...PAID, live: true }, { ...OURS, mode: 'live' }), { kind: 'payment' });
});

test('a wrong, missing or unset secret is refused before anything else is looked at', (t) => {
  const { secret_token: _secret, ...without } = PAID;
  for (const event of [without, { ...PAID, secret_token: 'test-shared-secreT' }, { ...PAID, secret_token: 7 }, { ...without, type: 9 }]) {
    t.deepEqual(parse(event), { kind: 'wrong_secret' });
  }
  t.deepEqual(parse({ ...PAID, secret_token: '' }, { ...OURS, secret: '' }), { kind: 'wrong_secret' });
});

test('a body that is no event is malformed', (t) => {
  for (const raw of ['', '{', '[]', '"text"', 'null']) t.deepEqual(parseMoyasarWebhook(raw, OURS), { kind: 'malformed' });
  for (const event of [
    { ...PAID, id: 5 },
    { ...PAID, data: {} },
    { ...PAID, data: 'x' },
    { ...SETTLED, data: { id: '' } },
  ]) {
    t.deepEqual(parse(event), { kind: 'malformed' });
  }
});
