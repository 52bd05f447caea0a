import test from 'ava';
import type { ExecutionContext } from 'ava';
import { paymentMessages } from '../../actors/payment/messages.ts';
import { referenceMessages } from '../../actors/reference/messages.ts';
import { settlementMessages } from '../../actors/settlement/messages.ts';
import { Fault } from '../../engine/fault.ts';
import { fakeMoyasarControl } from '../../mocks/control/client.ts';
import { startFakeMoyasar } from '../../mocks/moyasar/server.ts';
import type { FakeMoyasarOptions } from '../../mocks/moyasar/state.ts';
import type { Fetch } from '../calls.ts';
import { createMoyasarClient } from './client.ts';
import { createMoyasarEffects, ROWS_MAX } from './effects.ts';
import { pollSettlements } from './settlements.ts';

const NOW = new Date('2026-03-01T08:00:00.000Z');
const TERMS = {
  feePolicy: 'platform' as const,
  rates: [{ scheme: 'mada', percent: '1', fixed: 100n }],
  vatPercent: '15',
  tolerance: 1n,
  rowGraceMs: 60_000,
  windowDays: 3,
};
const OPTIONS = {
  secretKey: 'sk_test_mock',
  publicUrl: () => 'https://wallet.example.com',
  terms: TERMS,
  pollEveryMs: 30_000,
  rowsWithinMs: 604_800_000,
  invoiceLifetimeMs: 3_600_000,
  now: () => NOW,
};

function runs(apiUrl: string, change: { secretKey?: string; fetch?: Fetch } = {}) {
  const handlers = createMoyasarEffects({ ...OPTIONS, apiUrl, ...change });
  return async (verb: string, body: object, signal = new AbortController().signal) => {
    const type = `moyasar.${verb}`;
    const result = await handlers.get(type)?.run({ actor: 'payment:top-1', id: 'call-1', type, body, attempt: 1, trace: '' }, signal);
    if (result === undefined) throw new Error(`no handler for ${type}`);
    return result;
  };
}

async function provider(t: ExecutionContext, options: FakeMoyasarOptions = {}) {
  const server = await startFakeMoyasar({ seed: 7, secretKeys: ['sk_test_mock', 'sk_live_mock'], ...options });
  t.teardown(() => server.close());
  const apiUrl = `${server.url}/v1`;
  const run = runs(apiUrl);
  const invoice = async () => {
    const { body } = await run('create_invoice', { amount: '10000', currency: 'SAR', description: null });
    return paymentMessages.InvoiceCreated.parse(body);
  };
  return { apiUrl, run, invoice, control: fakeMoyasarControl(server.url) };
}

const fault = async (t: ExecutionContext, promise: Promise<unknown>) => {
  const error = await t.throwsAsync(promise, { instanceOf: Fault });
  return { code: error.code, retry: error.retry };
};

/** Answers in order, the last for ever; keeps what was asked. */
function scripted(...answers: (Response | Error)[]) {
  const asked: { url: string; init: RequestInit }[] = [];
  const fetch: Fetch = (url, init) => {
    asked.push({ url, init });
    const answer = answers[Math.min(asked.length, answers.length) - 1];
    return answer instanceof Response ? Promise.resolve(answer.clone()) : Promise.reject(answer ?? new Error('nothing to answer'));
  };
  return { asked, run: runs('https://provider.test/v1', { fetch }) };
}
const answer = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });

test('an invoice is made for the top-up, with its end and the way back, and the answer fits the payment', async (t) => {
  const { invoice, control } = await provider(t);
  const made = await invoice();
  t.like(made, { effect: 'call-1', expiresAt: NOW.getTime() + 3_600_000, pollEveryMs: 30_000 });
  const [theirs] = await control.invoices();
  t.like(theirs, {
    id: made.invoiceId,
    url: made.url,
    amount: 10000,
    currency: 'SAR',
    success_url: 'https://wallet.example.com/checkout/top-1',
    expired_at: '2026-03-01T09:00:00.000Z',
    metadata: { top_up_id: 'top-1', effect: 'call-1' },
  });
});

test('an invoice is canceled; one that no longer waits, or that nobody knows, is as good as canceled', async (t) => {
  const { apiUrl, run, control } = await provider(t);
  const late = createMoyasarEffects({ ...OPTIONS, apiUrl, now: () => new Date() }).get('moyasar.create_invoice');
  const body = { amount: '10000', currency: 'SAR' };
  const made = await late?.run({ actor: 'payment:top-1', id: 'c', type: '', body, attempt: 1, trace: '' }, new AbortController().signal);
  const { invoiceId } = paymentMessages.InvoiceCreated.parse(made?.body);
  for (const id of [invoiceId, invoiceId, 'unknown']) {
    const { type, body: canceled } = await run('cancel_invoice', { invoiceId: id });
    t.is(type, 'InvoiceCanceled');
    t.deepEqual(paymentMessages.InvoiceCanceled.parse(canceled), { effect: 'call-1', invoiceId: id });
  }
  t.is((await control.invoice(invoiceId)).status, 'canceled');
});

test('a provider that wants another verb to cancel gets it', async (t) => {
  const { asked, run } = scripted(answer({ type: 'api_error', message: 'no', errors: null }, 405), answer({}));
  await run('cancel_invoice', { invoiceId: 'a/b' });
  t.deepEqual(
    asked.map(({ url, init }) => `${init.method ?? ''} ${url}`),
    ['POST https://provider.test/v1/invoices/a%2Fb/cancel', 'PUT https://provider.test/v1/invoices/a%2Fb/cancel'],
  );
  const refused = scripted(answer({}, 405));
  t.deepEqual(await fault(t, refused.run('cancel_invoice', { invoiceId: 'a' })), { code: 'moyasar_not_allowed', retry: 'never' });
});

test('an invoice is fetched with every try to pay it', async (t) => {
  const { control, run, apiUrl } = await provider(t);
  const client = createMoyasarEffects({ ...OPTIONS, apiUrl, now: () => new Date() }).get('moyasar.create_invoice');
  const body = { amount: '10000', currency: 'SAR' };
  const made = await client?.run({ actor: 'payment:top-1', id: 'c', type: '', body, attempt: 1, trace: '' }, new AbortController().signal);
  const { invoiceId } = paymentMessages.InvoiceCreated.parse(made?.body);
  await control.decline(invoiceId);
  await control.pay(invoiceId);
  const { type, body: fetched } = await run('fetch_invoice', { invoiceId });
  t.is(type, 'InvoiceFetched');
  const { status, payments } = paymentMessages.InvoiceFetched.parse(fetched);
  t.is(status, 'paid');
  t.deepEqual(
    payments.map((one) => [one.status, one.amount, one.currency, one.fee, one.scheme, one.invoiceId]),
    [
      ['failed', 10000n, 'SAR', payments[0]?.fee, 'mada', invoiceId],
      ['paid', 10000n, 'SAR', 230n, 'mada', invoiceId],
    ],
  );
  t.deepEqual(await fault(t, run('fetch_invoice', { invoiceId: 'unknown' })), { code: 'moyasar_not_found', retry: 'never' });
});

test('case 15: a payment of the other mode is a payment that nobody knows', async (t) => {
  const { apiUrl } = await provider(t);
  const live = runs(apiUrl, { secretKey: 'sk_live_mock' });
  const { type, body } = await live('fetch_payment', { paymentId: '5f3c1c52-9b0e-4a37-8a51-0d6d5b3f0a01' });
  t.is(type, 'PaymentFetched');
  t.is(paymentMessages.PaymentFetched.parse(body).payment, null);
});

test('a payment is read with its refunds, its scheme and its message', async (t) => {
  const wire = {
    id: 'p-1',
    status: 'refunded',
    amount: 10000,
    fee: 230,
    currency: 'SAR',
    refunded: 2500,
    invoice_id: null,
    source: { type: 'creditcard', company: 'visa', message: 'APPROVED' },
    something_new: [1],
  };
  const { body } = await scripted(answer(wire)).run('fetch_payment', { paymentId: 'p-1' });
  t.deepEqual(paymentMessages.PaymentFetched.parse(body).payment, {
    id: 'p-1',
    status: 'refunded',
    amount: 10000n,
    currency: 'SAR',
    refunded: 2500n,
    fee: 230n,
    invoiceId: null,
    scheme: 'visa',
    message: 'APPROVED',
  });
  const bare = await scripted(answer({ id: 'p', status: 'abandoned', amount: 1, currency: 'KWD' })).run('fetch_payment', {
    paymentId: 'p',
  });
  t.like(paymentMessages.PaymentFetched.parse(bare.body).payment, { status: 'failed', refunded: 0n, fee: 0n, scheme: null, message: null });
  const odd = scripted(answer({ ...wire, status: 'teleported' })).run('fetch_payment', { paymentId: 'p' });
  t.deepEqual(await fault(t, odd), { code: 'moyasar_status_unknown', retry: 'never' });
});

test('an invoice, and a payment by its invoice, say whose they are by the words that we put into the invoice', async (t) => {
  const { apiUrl, run, control } = await provider(t);
  const create = createMoyasarEffects({ ...OPTIONS, apiUrl, now: () => new Date() }).get('moyasar.create_invoice');
  const body = { amount: '10000', currency: 'SAR' };
  const made = await create?.run({ actor: 'payment:top-1', id: 'c', type: '', body, attempt: 1, trace: '' }, new AbortController().signal);
  const { invoiceId, url, expiresAt } = paymentMessages.InvoiceCreated.parse(made?.body);
  const payment = await control.pay(invoiceId);
  const ownerOf = async (kind: string, id: string) => {
    const { type, body: found } = await run('find_owner', { kind, id });
    t.is(type, 'OwnerFound');
    return referenceMessages.OwnerFound.parse(found).owner;
  };
  const owner = { topUpId: 'top-1', invoice: { invoiceId, url, expiresAt } };
  t.deepEqual(await ownerOf('invoice', invoiceId), owner);
  t.deepEqual(await ownerOf('payment', payment.id), owner);
  t.is(await ownerOf('invoice', 'unknown'), null);
  t.is(await ownerOf('payment', 'unknown'), null);
});

test('an invoice that others made, or one with words of its own, is nobody of ours', async (t) => {
  const invoice = { id: 'i', status: 'paid', url: 'https://checkout.example/i' };
  for (const metadata of [undefined, null, {}, { top_up_id: 7 }, { top_up_id: '' }, { top_up_id: 'a:b' }, { top_up_id: 'x'.repeat(65) }]) {
    const { body } = await scripted(answer({ ...invoice, metadata })).run('find_owner', { kind: 'invoice', id: 'i' });
    t.is(referenceMessages.OwnerFound.parse(body).owner, null);
  }
  for (const expired_at of [undefined, null, 'soon']) {
    const endless = scripted(answer({ ...invoice, expired_at, metadata: { top_up_id: 'top-1' } }));
    const { body } = await endless.run('find_owner', { kind: 'invoice', id: 'i' });
    t.is(referenceMessages.OwnerFound.parse(body).owner?.invoice.expiresAt, NOW.getTime());
  }
  const bare = answer({ id: 'p', status: 'paid', amount: 1, currency: 'SAR', invoice_id: null });
  const { body } = await scripted(bare).run('find_owner', { kind: 'payment', id: 'p' });
  t.is(referenceMessages.OwnerFound.parse(body).owner, null, 'a payment without an invoice');
});

test('a settlement and its lines are read as the provider wrote them, a refund row with its gross unsigned', async (t) => {
  const document = {
    id: 'doc-1',
    recipient_type: 'Entity',
    currency: 'SAR',
    amount: 52959,
    fee: 46,
    tax: 6,
    reference: null,
    settlement_count: 3,
    created_at: '2026-03-02T21:30:00.518Z',
  };
  const read = await scripted(answer(document)).run('fetch_settlement', { document: 'doc-1' });
  t.is(read.type, 'DocumentFetched');
  const fetched = settlementMessages.DocumentFetched.parse(read.body);
  const facts = { amount: 52959n, fee: 46n, tax: 6n, currency: 'SAR', count: 3, date: '2026-03-03' };
  t.deepEqual(fetched.document, facts, 'after 21:00 UTC it is the next day in Riyadh');
  t.deepEqual(fetched.terms, TERMS);
  const lines = [
    { payment_id: 'p-1', type: 'payment', currency: 'SAR', payment_amount: 10000, amount: 9770, fee: 230, tax: 30 },
    { payment_id: 'p-3', type: 'refund', currency: 'SAR', payment_amount: -5000, amount: -5115, fee: 115, tax: 15 },
    { payment_id: null, type: 'chargeback_penalty', currency: 'SAR', amount: -7500 },
  ];
  const page = await scripted(answer({ lines, meta: { current_page: 1, next_page: 2 } })).run('fetch_settlement_page', {
    document: 'd',
    page: 1,
  });
  const { rows, next } = settlementMessages.DocumentPageFetched.parse(page.body);
  t.is(next, 2);
  t.deepEqual(rows, [
    { index: 0, type: 'payment', paymentId: 'p-1', currency: 'SAR', gross: 10000n, net: 9770n, fee: 230n, tax: 30n },
    { index: 1, type: 'refund', paymentId: 'p-3', currency: 'SAR', gross: 5000n, net: -5115n, fee: 115n, tax: 15n },
    { index: 2, type: 'chargeback_penalty', paymentId: null, currency: 'SAR', gross: 0n, net: -7500n, fee: 0n, tax: 0n },
  ]);
});

test('a settlement is paged to its end at the provider, and its sums are those of the document', async (t) => {
  const { run, control, apiUrl } = await provider(t, { linesPageSize: 2 });
  const extraLines = Array.from({ length: 5 }, (_, n) => ({ payment_amount: 1000 + n, amount: 900 + n, fee: 100, tax: 13 }));
  const { id } = (await control.settle({ extraLines })).settlement;
  const document = settlementMessages.DocumentFetched.parse((await run('fetch_settlement', { document: id })).body).document;
  const sizes: number[] = [];
  let net = 0n;
  for (let page: number | null = 1; page !== null;) {
    const fetched = settlementMessages.DocumentPageFetched.parse((await run('fetch_settlement_page', { document: id, page })).body);
    sizes.push(fetched.rows.length);
    net += fetched.rows.reduce((sum, row) => sum + row.net, 0n);
    page = fetched.next;
  }
  t.deepEqual(sizes, [2, 2, 1]);
  t.deepEqual([net, 5], [document?.amount, document?.count]);
  const missing = await run('fetch_settlement', { document: 'unknown' });
  t.is(settlementMessages.DocumentFetched.parse(missing.body).document, null);
  t.deepEqual(await fault(t, run('fetch_settlement_page', { document: 'unknown', page: 1 })), {
    code: 'moyasar_not_found',
    retry: 'never',
  });
  t.deepEqual(await pollSettlements(createMoyasarClient({ apiUrl, secretKey: 'sk_test_mock' }), new Date(0)), [id]);
});

test('a page of the provider that is larger than ours is split, each part with a number of its own', async (t) => {
  const lines = Array.from({ length: ROWS_MAX * 2 + 3 }, (_, n) => ({
    payment_id: `p-${n}`,
    type: 'payment',
    currency: 'SAR',
    payment_amount: n,
    amount: n,
  }));
  const { asked, run } = scripted(answer({ lines, meta: { next_page: 5 } }));
  const seen: [number, number, string | null | undefined][] = [];
  for (let page: number | null = 4; page !== null && page !== 5;) {
    const fetched = settlementMessages.DocumentPageFetched.parse((await run('fetch_settlement_page', { document: 'd', page })).body);
    seen.push([fetched.page, fetched.rows.length, fetched.rows[0]?.paymentId]);
    t.is(fetched.rows[0]?.index, 0);
    page = fetched.next;
  }
  t.deepEqual(seen, [
    [4, 500, 'p-0'],
    [1_000_004, 500, 'p-500'],
    [2_000_004, 3, 'p-1000'],
  ]);
  t.true(asked.every(({ url }) => url.endsWith('/settlements/d/lines?page=4')));
});

test('a kind of row that we do not know is never booked as something else', async (t) => {
  const lines = [{ payment_id: 'p-1', type: 'loyalty_bonus', currency: 'SAR', payment_amount: 1, amount: 1 }];
  const { run } = scripted(answer({ lines, meta: {} }));
  t.deepEqual(await fault(t, run('fetch_settlement_page', { document: 'd', page: 1 })), { code: 'moyasar_row_unknown', retry: 'never' });
});

test('a settlement without a count or a date, an answer cut off on the way, or of another shape, is tried again', async (t) => {
  const good = { id: 'd', currency: 'SAR', amount: 1, fee: 0, tax: 0, transaction_count: 1, created_at: '2026-03-02T10:00:00Z' };
  const wanted = { document: 'd' };
  t.is((await scripted(answer(good)).run('fetch_settlement', wanted)).type, 'DocumentFetched');
  const { transaction_count: _count, ...uncounted } = good;
  for (const bad of [uncounted, { ...good, created_at: 'soon' }, { ...good, amount: 1.5 }, [], '{"id":"d","curr', '<html>']) {
    t.deepEqual(await fault(t, scripted(answer(bad)).run('fetch_settlement', wanted)), { code: 'moyasar_malformed', retry: 'later' });
  }
});

test('what an error means: refused for good, or to be tried again', async (t) => {
  const meanings: [number, string, string][] = [
    [400, 'moyasar_rejected', 'never'],
    [401, 'moyasar_unauthorized', 'never'],
    [403, 'moyasar_forbidden', 'never'],
    [422, 'moyasar_rejected', 'never'],
    [429, 'moyasar_rate_limited', 'later'],
    [500, 'moyasar_unavailable', 'later'],
    [503, 'moyasar_unavailable', 'later'],
    [302, 'moyasar_malformed', 'later'],
  ];
  for (const [status, code, retry] of meanings) {
    const error = answer({ type: 'x', message: 'Validation Failed', errors: { amount: ['must be an integer'] } }, status);
    t.deepEqual(await fault(t, scripted(error).run('fetch_payment', { paymentId: 'p' })), { code, retry }, `${status}`);
  }
  const spoken = scripted(answer({ message: 'Validation Failed', errors: { amount: ['must be an integer'] } }, 400));
  await t.throwsAsync(spoken.run('fetch_payment', { paymentId: 'p' }), {
    message: 'HTTP 400: Validation Failed; amount must be an integer',
  });
  for (const [body, text] of [
    ['<html>', '<html>'],
    ['[]', '[]'],
    ['{}', 'no message'],
  ] as const) {
    await t.throwsAsync(scripted(answer(body, 500)).run('fetch_payment', { paymentId: 'p' }), { message: `HTTP 500: ${text}` });
  }
});

test('a short Retry-After is waited for once, a long one is left to the caller', async (t) => {
  const found = answer({ id: 'p', status: 'paid', amount: 1, currency: 'SAR' });
  const short = scripted(answer({}, 429, { 'retry-after': '0' }), found);
  t.is((await short.run('fetch_payment', { paymentId: 'p' })).type, 'PaymentFetched');
  t.is(short.asked.length, 2);
  for (const header of ['3600', 'Wed, 21 Oct 2026 07:28:00 GMT']) {
    const long = scripted(answer({}, 503, { 'retry-after': header }), found);
    t.deepEqual(await fault(t, long.run('fetch_payment', { paymentId: 'p' })), { code: 'moyasar_unavailable', retry: 'later' });
    t.is(long.asked.length, 1);
  }
  const stopped = scripted(answer({}, 429, { 'retry-after': '5' }), found);
  t.deepEqual(await fault(t, stopped.run('fetch_payment', { paymentId: 'p' }, AbortSignal.abort())), {
    code: 'moyasar_unavailable',
    retry: 'later',
  });
});

test('a provider that cannot be reached, or drops the connection, is tried again: what it did is unknown', async (t) => {
  const down = scripted(new TypeError('fetch failed'));
  t.deepEqual(await fault(t, down.run('create_invoice', { amount: '10000', currency: 'SAR' })), {
    code: 'moyasar_unavailable',
    retry: 'later',
  });
  const { run, control } = await provider(t);
  await control.faults({ route: 'POST /v1/invoices', kind: 'drop', times: 1 });
  t.deepEqual(await fault(t, run('create_invoice', { amount: '10000', currency: 'SAR' })), { code: 'moyasar_unavailable', retry: 'later' });
  t.is((await control.invoices()).length, 1, 'it was made, and nobody can know');
});

test('a body that no actor can have sent is a bug, not a fault of the provider', async (t) => {
  await t.throwsAsync(scripted(answer({})).run('create_invoice', { amount: '12.5', currency: 'SAR' }), { name: 'ZodError' });
});

test('settlements made since a moment are found over all pages of the list, oldest first', async (t) => {
  const { control, apiUrl } = await provider(t, { pageSize: 2 });
  const made: string[] = [];
  for (let n = 0; n < 5; n++) made.push((await control.settle({ extraLines: [{ payment_amount: 10, amount: 10 }] })).settlement.id);
  const client = createMoyasarClient({ apiUrl: `${apiUrl}/`, secretKey: 'sk_test_mock' });
  t.deepEqual([...(await pollSettlements(client, new Date(0)))].sort(), [...made].sort());
  t.deepEqual(await pollSettlements(client, new Date(Date.now() + 3_600_000), new AbortController().signal), []);
});
