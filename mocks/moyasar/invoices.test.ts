import test from 'ava';
import { ControlError } from '../control/client.ts';
import { provider, type Envelope } from './testing/provider.ts';
import type { Invoice, Payment } from './wire.ts';

test('keys are checked: unknown 401, publishable 403, and a test id is unknown to a live key', async (t) => {
  const { call, invoice } = await provider(t);
  t.deepEqual(await call('GET /payments', undefined, 'sk_test_other'), {
    status: 401,
    body: { type: 'authentication_error', message: 'Invalid authorization credentials', errors: null },
  });
  t.deepEqual(await call('GET /payments', undefined, 'pk_test_mock'), {
    status: 403,
    body: { type: 'api_error', message: 'User not authorized', errors: null },
  });
  const { id } = await invoice();
  t.is((await call(`GET /invoices/${id}`)).status, 200);
  t.is((await call(`GET /invoices/${id}`, undefined, 'sk_live_mock')).status, 404);
});

test('an invalid invoice names its fields', async (t) => {
  const { call } = await provider(t);
  const answer = await call('POST /invoices', { amount: 99.5, currency: 'SAR', description: 'x' });
  t.deepEqual(answer, {
    status: 400,
    body: { type: 'invalid_request_error', message: 'Validation Failed', errors: { amount: ['must be an integer'] } },
  });
  const small = await call<{ errors: object }>('POST /invoices', { amount: 99, currency: 'sar' });
  t.deepEqual(Object.keys(small.body.errors), ['amount', 'currency', 'description']);
});

test('a paid invoice holds its payment, in the recorded shape, and the merchant hears of it', async (t) => {
  const { control, call, invoice, events, server } = await provider(t);
  const made = await invoice({ metadata: { topup_id: 'tp_0001' } });
  t.is(made.status, 'initiated');
  t.is(made.url, `${server.url}/invoices/${made.id}?lang=en`);
  const paid = await control.pay(made.id);
  const { body } = await call<Invoice>(`GET /invoices/${made.id}`);
  t.is(body.status, 'paid');
  t.deepEqual(body.payments, [paid]);
  t.deepEqual((await call<Payment>(`GET /payments/${paid.id}`)).body, paid);
  t.is(paid.fee, 230);
  t.is(paid.amount_format, '100.00 SAR');
  t.is(paid.invoice_id, made.id);
  t.is(paid.source.number, '4201-32XX-XXXX-1010');
  t.is(paid.source.message, 'APPROVED');
  t.regex(paid.source.reference_number, /^\d{12}$/);
  t.deepEqual(Object.keys(paid), [
    'id',
    'status',
    'amount',
    'fee',
    'currency',
    'refunded',
    'refunded_at',
    'captured',
    'captured_at',
    'voided_at',
    'description',
    'amount_format',
    'fee_format',
    'refunded_format',
    'captured_format',
    'invoice_id',
    'ip',
    'callback_url',
    'created_at',
    'updated_at',
    'metadata',
    'source',
  ]);
  const [event] = await events();
  t.deepEqual(event, {
    id: event?.id ?? '',
    type: 'payment_paid',
    created_at: event?.created_at ?? '',
    secret_token: 'test-shared-secret',
    account_name: 'Test Merchant',
    live: false,
    data: JSON.parse(JSON.stringify(paid)) as Envelope['data'],
  });
});

test('a declined card is a failed payment and leaves the invoice open', async (t) => {
  const { control, call, invoice, events } = await provider(t);
  const { id } = await invoice();
  const failed = await control.decline(id);
  t.is(failed.status, 'failed');
  t.is(failed.source.message, 'INSUFFICIENT FUNDS');
  t.is((await call<Invoice>(`GET /invoices/${id}`)).body.status, 'initiated');
  t.is((await control.pay(id, { card: '4111111111111111' })).fee, 431);
  t.is((await control.pay(id, { outcome: 'failed', force: true })).status, 'failed');
  t.deepEqual((await events()).map(({ type }) => type).sort(), ['payment_failed', 'payment_failed', 'payment_paid']);
  const { body } = await call<{ invoices: { payment_id: string; payments?: unknown }[] }>('GET /invoices');
  t.truthy(body.invoices[0]?.payment_id);
  t.is(body.invoices[0]?.payments, undefined);
});

test('invoices are canceled by POST or PUT, expire, and are then closed', async (t) => {
  const { control, call, invoice } = await provider(t);
  const [one, two, three, four] = [await invoice(), await invoice(), await invoice(), await invoice({ expired_at: '2030-01-01' })];
  t.is((await call<Invoice>(`POST /invoices/${one.id}/cancel`, {})).body.status, 'canceled');
  t.is((await call<Invoice>(`PUT /invoices/${two.id}/cancel`)).body.status, 'canceled');
  t.is((await call(`PUT /invoices/${two.id}/cancel`)).status, 400);
  t.is((await control.expire(three.id)).status, 'expired');
  await t.throwsAsync(control.pay(three.id), { instanceOf: ControlError });
  t.is((await control.pay(three.id, { force: true })).status, 'paid');
  await control.clock('2030-01-01T00:00:01Z');
  t.is((await call<Invoice>(`GET /invoices/${four.id}`)).body.status, 'expired');
});

test('an invoice can be changed while it is open', async (t) => {
  const { call, invoice, control } = await provider(t);
  const { id } = await invoice();
  const { body } = await call<Invoice>(`PUT /invoices/${id}`, { amount: 20_000, metadata: { a: 'b' } });
  t.is(body.amount_format, '200.00 SAR');
  t.is(body.description, 'Wallet top-up');
  t.is((await control.cancel(id)).status, 'canceled');
  t.is((await call(`PUT /invoices/${id}`, { amount: 300 })).status, 400);
});

test('the invoice itself is posted to its callback when it is paid, once and unsigned', async (t) => {
  const { control, invoice, merchant } = await provider(t, { webhooks: [] });
  const { id } = await invoice({ callback_url: merchant.url });
  await control.decline(id);
  await control.pay(id);
  t.is(merchant.received.length, 1);
  const posted = JSON.parse(merchant.received[0]?.text ?? '{}') as Invoice;
  t.is(posted.id, id);
  t.is(posted.status, 'paid');
});

test('a person pays or declines on the hosted page and is sent to the success address', async (t) => {
  const { invoice, call } = await provider(t);
  const made = await invoice({ success_url: 'https://wallet.example.com/done?x=1', description: '<b>top-up</b>' });
  const html = await (await fetch(made.url)).text();
  t.true(html.includes('100.00 SAR') && html.includes('&lt;b&gt;') && !html.includes('<b>'));
  const declined = await fetch(made.url, { method: 'POST', body: new URLSearchParams({ action: 'decline', card: '4201 3201 1111 1010' }) });
  t.true((await declined.text()).includes('INSUFFICIENT FUNDS'));
  const paid = await fetch(made.url, {
    method: 'POST',
    body: new URLSearchParams({ action: 'pay', card: '4201 3201 1111 1010' }),
    redirect: 'manual',
  });
  t.is(paid.status, 303);
  const location = new URL(paid.headers.get('location') ?? '');
  t.is(location.searchParams.get('status'), 'paid');
  t.is(location.searchParams.get('x'), '1');
  t.is((await call<Invoice>(`GET /invoices/${made.id}`)).body.status, 'paid');
  t.true((await (await fetch(made.url)).text()).includes('This invoice is paid'));
  t.is((await fetch(made.url.replace(made.id, 'nothing'))).status, 404);
});
