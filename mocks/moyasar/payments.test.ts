import test from 'ava';
import { ControlError } from '../control/client.ts';
import { CARD, provider } from './testing/provider.ts';
import type { Invoice, Meta, Payment } from './wire.ts';

test('the event of a failed payment can be spelt as the documentation does', async (t) => {
  const { control, invoice, events } = await provider(t, { misspellFailed: true });
  await control.decline((await invoice()).id);
  t.is((await events())[0]?.type, 'payment_faild');
});

test('a refund, in part or whole, keeps the fee, adds a flat one and shows in the invoice', async (t) => {
  const { control, call, invoice, events } = await provider(t);
  const { id } = await invoice();
  const paid = await control.pay(id);
  const part = await call<Payment>(`POST /payments/${paid.id}/refund`, { amount: 4_000 });
  t.is(part.body.status, 'refunded');
  t.is(part.body.refunded, 4_000);
  t.is(part.body.refunded_format, '40.00 SAR');
  t.is((await call(`POST /payments/${paid.id}/refund`, { amount: 6_001 })).status, 400);
  t.is((await control.refund(paid.id)).refunded, 10_000);
  t.is((await call(`POST /payments/${paid.id}/refund`, {})).status, 400);
  t.is((await call<Invoice>(`GET /invoices/${id}`)).body.status, 'refunded');
  const { lines } = await control.settle();
  t.deepEqual(
    lines.map(({ type, payment_amount, amount, fee, tax }) => [type, payment_amount, amount, fee, tax]),
    [
      ['payment', 10_000, 9_770, 230, 30],
      ['refund', 4_000, -4_115, 115, 15],
      ['refund', 6_000, -6_115, 115, 15],
    ],
  );
  t.is((await events()).filter(({ type }) => type === 'payment_refunded').length, 2);
});

test('payments are listed newest first, filtered and in pages', async (t) => {
  const { call, control, invoice } = await provider(t, { pageSize: 2 });
  for (let count = 0; count < 3; count += 1) {
    await control.clock(`2026-03-0${count + 1}T00:00:00Z`);
    await control.pay((await invoice({ metadata: { n: `${count}` } })).id);
  }
  await control.decline((await invoice()).id);
  const { body } = await call<{ payments: Payment[]; meta: Meta }>('GET /payments?status=paid');
  t.deepEqual(
    body.payments.map(({ metadata }) => metadata?.['n']),
    ['2', '1'],
  );
  t.deepEqual(body.meta, { current_page: 1, next_page: 2, prev_page: null, total_pages: 2, total_count: 3 });
  const second = await call<{ payments: Payment[] }>('GET /payments?status=paid&page=2');
  t.is(second.body.payments.length, 1);
  const one = async (query: string): Promise<number> => (await call<{ meta: Meta }>(`GET /payments?${query}`)).body.meta.total_count;
  t.is(await one('metadata[n]=1'), 1);
  t.is(await one('created[gt]=2026-03-01T12:00:00Z&created[lt]=2026-03-02T12:00:00Z'), 1);
  t.is(await one('card_last_digits=1010'), 3);
  t.is((await call<Payment>(`PUT /payments/${body.payments[0]?.id ?? ''}`, { description: 'new' })).body.description, 'new');
});

test('an old event can be sent again after newer ones, with the body it had', async (t) => {
  const { control, invoice, events } = await provider(t);
  const paid = await control.pay((await invoice()).id);
  await control.refund(paid.id);
  await control.flushWebhooks();
  await control.resend(paid.id, { type: 'payment_paid' });
  const sent = await events();
  t.deepEqual(
    sent.map(({ data }) => data.status),
    ['paid', 'refunded', 'paid'],
  );
  t.is(sent[0]?.id, sent[2]?.id);
  await t.throwsAsync(control.resend(paid.id, { type: 'payment_voided' }), { instanceOf: ControlError });
});

test('a payment that the merchant is not told of is found only by asking', async (t) => {
  const { control, call, invoice, events } = await provider(t);
  const { id } = await invoice();
  const paid = await control.pay(id, { webhook: false });
  t.deepEqual(await events(), []);
  t.is((await call<Invoice>(`GET /invoices/${id}`)).body.status, 'paid');
  await control.resend(paid.id);
  t.is((await events()).length, 1);
});

test('any status can be forced', async (t) => {
  const { control, invoice, events } = await provider(t);
  const paid = await control.pay((await invoice()).id, { webhook: false });
  t.is((await control.state(paid.id, { status: 'abandoned', copies: 2 })).status, 'abandoned');
  t.deepEqual(
    (await events()).map(({ type }) => type),
    ['payment_abandoned', 'payment_abandoned'],
  );
});

test('webhooks are managed through the API and their attempts are listed', async (t) => {
  const { call, control, invoice, merchant } = await provider(t, { webhooks: [] });
  const { body: hook } = await call<{ id: string }>('POST /webhooks', {
    url: merchant.url,
    http_method: 'put',
    shared_secret: 's',
    events: ['payment_paid'],
  });
  await control.decline((await invoice()).id);
  await control.pay((await invoice()).id);
  await control.flushWebhooks();
  t.deepEqual(
    merchant.received.map(({ method }) => method),
    ['PUT'],
  );
  const { body } = await call<{ webhook_attempts: Record<string, unknown>[] }>('GET /webhooks/attempts');
  t.like(body.webhook_attempts[0], {
    webhook_id: hook.id,
    event_type: 'payment_paid',
    retry_number: 0,
    result: 'success',
    response_code: 200,
    response_body: 'seen',
  });
  t.is((await call(`GET /webhooks/attempts/${String(body.webhook_attempts[0]?.['id'])}`)).status, 200);
  t.is((await call<{ webhooks: unknown[] }>('GET /webhooks')).body.webhooks.length, 1);
  t.true((await call<{ events: string[] }>('GET /webhooks/available_events')).body.events.includes('balance_transferred'));
  t.is((await call(`DELETE /webhooks/${hook.id}`)).status, 204);
  t.is((await call(`GET /webhooks/${hook.id}`)).status, 404);
});

test('what was played can be listed, and unknown things are 404', async (t) => {
  const { control, call, invoice } = await provider(t);
  const { id } = await invoice();
  const paid = await control.pay(id);
  const { settlement } = await control.settle();
  t.is((await control.payments())[0]?.settledIn, settlement.id);
  t.is((await control.invoices())[0]?.id, id);
  t.is((await control.invoice(id)).payments[0]?.id, paid.id);
  t.is((await control.settlements())[0]?.settlement.id, settlement.id);
  t.deepEqual(await call('GET /payments/unknown'), {
    status: 404,
    body: { type: 'invalid_request_error', message: 'Object not found', errors: null },
  });
  t.is((await call('GET /nothing')).status, 404);
});

test('a payment that is made directly is final without 3DS and waits for its customer with it', async (t) => {
  const { call } = await provider(t);
  const common = { amount: 4_990, currency: 'SAR', callback_url: 'https://wallet.example.com/return' };
  const direct = await call<Payment>('POST /payments', { ...common, source: { ...CARD, '3ds': false } }, 'pk_test_mock');
  t.is(direct.status, 201);
  t.is(direct.body.status, 'paid');
  t.is(direct.body.fee, 173);
  const waiting = await call<Payment>('POST /payments', { ...common, source: CARD });
  t.is(waiting.body.status, 'initiated');
  const back = await fetch(waiting.body.source.transaction_url ?? '', { redirect: 'manual' });
  t.true(back.headers.get('location')?.startsWith(`https://wallet.example.com/return?id=${waiting.body.id}&status=paid`));
  const declined = await call<Payment>('POST /payments', { ...common, source: { ...CARD, number: '4201320131000508', '3ds': false } });
  t.is(declined.status, 201);
  t.is(declined.body.source.message, 'DECLINED: LOST CARD');
  const apple = await call<Payment>('POST /payments', { amount: 110_100, currency: 'SAR', source: { type: 'applepay', token: 'x' } });
  t.is(apple.body.source.message, 'INSUFFICIENT FUNDS');
});

test('a given id becomes the payment id and cannot be used twice', async (t) => {
  const { call } = await provider(t);
  const given_id = '5f3c1c52-9b0e-4a37-8a51-0d6d5b3f0a01';
  const body = {
    amount: 4_990,
    currency: 'SAR',
    given_id,
    callback_url: 'https://wallet.example.com/return',
    source: { ...CARD, '3ds': false },
  };
  t.is((await call<Payment>('POST /payments', body)).body.id, given_id);
  t.is((await call('POST /payments', body)).status, 400);
});

test('an authorised payment is captured in part and settles what was captured', async (t) => {
  const { call, control } = await provider(t);
  const body = {
    amount: 10_000,
    currency: 'SAR',
    callback_url: 'https://wallet.example.com/return',
    source: { ...CARD, manual: true, '3ds': false },
  };
  const { body: held } = await call<Payment>('POST /payments', body);
  t.is(held.status, 'authorized');
  t.is((await call(`POST /payments/${held.id}/capture`, { amount: 10_001 })).status, 400);
  t.is((await control.capture(held.id, { amount: 5_000 })).captured, 5_000);
  t.is((await control.settle()).lines[0]?.payment_amount, 5_000);
});
