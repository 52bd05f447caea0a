import test from 'ava';
import type { ExecutionContext } from 'ava';
import { isValidIBAN } from 'ibantools';
import { call, refused, until } from '../testing/served.ts';
import type { Got } from '../testing/served.ts';
import { run } from '../testing/system.ts';
import type { Running } from '../testing/system.ts';

type Json = Readonly<Record<string, unknown>>;

interface WithWallet extends Running {
  readonly wallet: string;
  /** `/v1/wallets/<wallet>` in full. */
  readonly home: string;
}

async function withWallet(t: ExecutionContext, options: Parameters<typeof run>[1] = {}): Promise<WithWallet> {
  const running = await run(t, options);
  const { url, alice } = running;
  const opened = await call(`${url}/v1/wallets`, { as: alice, key: 'open', body: {} });
  const wallet = String(opened.json['id']);
  return { ...running, wallet, home: `${url}/v1/wallets/${wallet}` };
}

function topUp({ home, alice }: WithWallet, key: string, body: unknown = { amount: '100.00', currency: 'SAR' }): Promise<Got> {
  return call(`${home}/top-ups`, { as: alice, key, body });
}

/** A transfer from the bank arrives. */
async function credit(running: WithWallet, n: number, amount = '10000'): Promise<void> {
  const { wallet, home, alice } = running;
  const facts = { sender: 'SARA', narrative: `Transfer ${String(n)}`, valueDate: '2026-11-20', via: 'transfer' };
  await running.say(`virtual-account:${wallet}`, 'Credit', { source: `bank/line-${String(n)}`, amount, currency: 'SAR', ...facts });
  await until(async () => itemsOf(await call(`${home}/transactions`, { as: alice })).length === n);
}

function itemsOf(got: Got): readonly Json[] {
  return got.json['items'] as readonly Json[];
}

test.serial('a wallet is opened with a virtual IBAN of its own and is found again', async (t) => {
  const { url, alice } = await run(t);
  const opened = await call(`${url}/v1/wallets`, { as: alice, key: 'k1', body: { name: 'Savings' } });
  t.is(opened.status, 201, opened.text);
  const zero = { amount: '0.00', currency: 'SAR' };
  t.like(opened.json, { name: 'Savings', currency: 'SAR', status: 'active', available: zero, pending: zero, owing: zero });
  const id = String(opened.json['id']);
  t.regex(id, /^12317\d{10}$/);
  t.true(isValidIBAN(String(opened.json['iban'])));
  t.is(opened.headers.get('location'), `/v1/wallets/${id}`);
  const seen = await call(`${url}/v1/wallets/${id}`, { as: alice });
  t.is(seen.status, 200);
  t.like(seen.json, { id, iban: opened.json['iban'], name: 'Savings', available: zero });
  t.deepEqual(
    itemsOf(await call(`${url}/v1/wallets`, { as: alice })).map((one) => one['id']),
    [id],
  );
  const instructions = await call(`${url}/v1/wallets/${id}/funding-instructions`, { as: alice });
  t.like(instructions.json, { iban: opened.json['iban'], bic: 'ARNBSARI', currency: 'SAR' });
});

test.serial('the same key opens one wallet, whoever repeats it with another body is refused, another key opens another', async (t) => {
  const { url, alice, bob } = await run(t);
  const open = (as: string, key: string, body: unknown) => call(`${url}/v1/wallets`, { as, key, body });
  const [first, twin] = await Promise.all([open(alice, 'k1', { name: 'A' }), open(alice, 'k1', { name: 'A' })]);
  t.deepEqual(first.json, twin.json);
  t.deepEqual((await open(alice, '"k1"', { name: 'A' })).json, first.json);
  refused(t, await open(alice, 'k1', { name: 'B' }), [422, 'idempotency_key_reused']);
  t.not((await open(alice, 'k2', { name: 'A' })).json['id'], first.json['id']);
  t.not((await open(bob, 'k1', { name: 'A' })).json['id'], first.json['id'], 'keys belong to a client');
});

test.serial('a wallet in a currency that we do not keep, or with a name that is none, is refused', async (t) => {
  const { url, alice } = await run(t, { worker: false });
  const open = (body: unknown) => call(`${url}/v1/wallets`, { as: alice, key: 'k1', body });
  refused(t, await open({ currency: 'USD' }), [422, 'currency_mismatch']);
  refused(t, await open({ currency: 'XXZ' }), [400, 'invalid_currency']);
  for (const name of ['', ' ', 'x'.repeat(101), 7]) refused(t, await open({ name }), [400, 'invalid_request']);
});

test.serial('another owner’s wallet is not found on every address of a wallet, nor is one that nobody has', async (t) => {
  const { url, wallet, bob } = await withWallet(t);
  const paths = (await call(`${url}/openapi.json`)).json['paths'] as Readonly<Record<string, Json>>;
  const addresses = Object.entries(paths).filter(([path]) => path.startsWith('/v1/wallets/{walletId}'));
  t.true(addresses.length >= 7);
  for (const [path, item] of addresses) {
    for (const id of [wallet, '123170000009999', '1', 'virtual-account:1', '..%2F..', '%zz']) {
      const address = `${url}${path.replace('{walletId}', id).replace('{topUpId}', 'x'.repeat(20))}`;
      const body = 'post' in item ? { body: { amount: '1.00', currency: 'SAR' } } : {};
      refused(t, await call(address, { as: bob, key: 'k1', ...body }), [404, 'wallet_not_found']);
    }
  }
});

test.serial('a top-up is requested once per key, and its first answer is the answer', async (t) => {
  const running = await withWallet(t);
  const { home, alice, url } = running;
  const first = await topUp(running, 'k1');
  t.is(first.status, 201, first.text);
  t.like(first.json, { status: 'awaiting_payment', amount: '100.00', currency: 'SAR' });
  const id = String(first.json['id']);
  t.is(first.json['checkoutUrl'], `${url}/checkout/${id}`);
  t.is(first.headers.get('location'), `/v1/wallets/${running.wallet}/top-ups/${id}`);
  t.deepEqual((await topUp(running, 'k1')).json, first.json);
  const spelled = await topUp(running, 'k1', { currency: 'SAR', amount: '100.0' });
  t.deepEqual(spelled.json, first.json, 'the same money in other words is the same request');
  refused(t, await topUp(running, 'k1', { amount: '100.01', currency: 'SAR' }), [422, 'idempotency_key_reused']);
  t.not((await topUp(running, 'k2')).json['id'], id);
  t.deepEqual((await call(`${home}/top-ups/${id}`, { as: alice })).json, first.json);
  refused(t, await call(`${home}/top-ups/unknown-top-up-id`, { as: alice }), [404, 'top_up_not_found']);
});

test.serial('a top-up is found in its own wallet only', async (t) => {
  const running = await withWallet(t);
  const { url, alice } = running;
  const id = String((await topUp(running, 'k1')).json['id']);
  const other = await call(`${url}/v1/wallets`, { as: alice, key: 'other', body: {} });
  refused(t, await call(`${url}/v1/wallets/${String(other.json['id'])}/top-ups/${id}`, { as: alice }), [404, 'top_up_not_found']);
});

const BAD_TOP_UPS: [string, unknown, number, string][] = [
  ['a negative amount', { amount: '-1.00', currency: 'SAR' }, 400, 'invalid_amount'],
  ['nothing', { amount: '0', currency: 'SAR' }, 400, 'invalid_amount'],
  ['three decimals', { amount: '1.001', currency: 'SAR' }, 400, 'invalid_amount'],
  ['a float', { amount: 1.5, currency: 'SAR' }, 400, 'invalid_amount'],
  ['a huge amount', { amount: '9999999999999.99', currency: 'SAR' }, 422, 'amount_out_of_range'],
  ['an amount beyond all digits', { amount: '99999999999999.99', currency: 'SAR' }, 400, 'invalid_amount'],
  ['less than the provider takes', { amount: '0.01', currency: 'SAR' }, 422, 'amount_out_of_range'],
  ['another currency', { amount: '1.00', currency: 'USD' }, 422, 'currency_mismatch'],
  ['a currency of three decimals', { amount: '1.001', currency: 'KWD' }, 422, 'currency_mismatch'],
  ['an unknown field', { amount: '1.00', currency: 'SAR', walletId: '1' }, 400, 'invalid_request'],
  ['a description that is too long', { amount: '1.00', currency: 'SAR', description: 'x'.repeat(201) }, 400, 'invalid_request'],
  ['malformed JSON', '{', 400, 'malformed_json'],
];

test.serial('a top-up of what is no amount is refused, and leaves nothing behind', async (t) => {
  const running = await withWallet(t);
  for (const [title, body, status, code] of BAD_TOP_UPS) {
    t.log(title);
    refused(t, await topUp(running, `key of ${code}`.replaceAll(' ', '-') + title.replaceAll(' ', '-'), body), [status, code]);
  }
  t.deepEqual(itemsOf(await call(`${running.home}/fund-requests`, { as: running.alice })), []);
});

test.serial('fund requests show top-ups and transfers in one shape, newest first, page by page', async (t) => {
  const running = await withWallet(t);
  const { home, alice } = running;
  await topUp(running, 'k1', { amount: '5.00', currency: 'SAR' });
  await credit(running, 1, '7000');
  await topUp(running, 'k2', { amount: '6.00', currency: 'SAR' });
  const all = itemsOf(await call(`${home}/fund-requests`, { as: alice }));
  t.deepEqual(all.map((one) => `${String(one['kind'])} ${String(one['amount'])} ${String(one['status'])}`).sort(), [
    'top_up 5.00 awaiting_payment',
    'top_up 6.00 awaiting_payment',
    'transfer 70.00 paid',
  ]);
  const paged: unknown[] = [];
  let next = '';
  do {
    const got = await call(`${home}/fund-requests?limit=1${next}`, { as: alice });
    paged.push(...itemsOf(got));
    const cursor = got.json['next'];
    next = typeof cursor === 'string' ? `&cursor=${cursor}` : '';
  } while (next !== '');
  t.deepEqual(paged, all);
});

test.serial('a cursor that was not given out is refused on every list', async (t) => {
  const { home, alice } = await withWallet(t);
  for (const list of ['fund-requests', 'transactions']) {
    for (const cursor of ['x', '', 'e30', '%00', '..', 'a'.repeat(3_000)]) {
      refused(t, await call(`${home}/${list}?cursor=${cursor}`, { as: alice }), [400, 'bad_cursor']);
    }
    refused(t, await call(`${home}/${list}?limit=1000`, { as: alice }), [400, 'invalid_request']);
  }
});

test.serial('transactions are listed newest first, page by page, and the balance follows', async (t) => {
  const running = await withWallet(t);
  const { home, alice } = running;
  for (let n = 1; n <= 3; n += 1) await credit(running, n, `${String(n)}00`);
  t.like((await call(home, { as: alice })).json, { available: { amount: '6.00', currency: 'SAR' } });
  const first = await call(`${home}/transactions?limit=2`, { as: alice });
  t.deepEqual(
    itemsOf(first).map((one) => [one['id'], one['kind'], one['amount'], one['counterparty']]),
    [
      ['3', 'transfer', '3.00', 'SARA'],
      ['2', 'transfer', '2.00', 'SARA'],
    ],
  );
  const second = await call(`${home}/transactions?limit=2&cursor=${String(first.json['next'])}`, { as: alice });
  t.deepEqual(
    itemsOf(second).map((one) => one['id']),
    ['1'],
  );
  t.is(second.json['next'], null);
});

test.serial('an operator spends from a wallet, freezes it and looks at it; what the wallet refuses comes back as its code', async (t) => {
  const running = await withWallet(t);
  const { url, wallet, operator } = running;
  await credit(running, 1);
  const address = `${url}/ops/v1/wallets/${wallet}`;
  const debit = (key: string, body: Json) =>
    call(`${address}/debits`, { as: operator, key, body: { amount: '70.00', currency: 'SAR', purpose: 'Shares', ...body } });
  const first = await debit('d1', {});
  t.is(first.status, 201, first.text);
  t.like(first.json, { walletId: wallet, amount: '70.00', available: '30.00', purpose: 'Shares' });
  t.regex(String(first.json['reference']), /^\d{16}$/);
  t.deepEqual((await debit('d1', {})).json['reference'], first.json['reference']);
  refused(t, await debit('d1', { amount: '1.00' }), [422, 'idempotency_key_reused']);
  refused(t, await debit('d2', {}), [422, 'insufficient_balance']);
  refused(t, await debit('d3', { amount: '1.00', reference: first.json['reference'] }), [409, 'reference_already_used']);
  refused(t, await debit('d4', { amount: '1.00', reference: '12345678901234567' }), [400, 'invalid_request']);
  refused(t, await debit('d5', { amount: '-1.00' }), [400, 'invalid_amount']);
  refused(t, await debit('d6', { purpose: '' }), [400, 'invalid_request']);
  const frozen = await call(`${address}/status`, { as: operator, key: 's1', body: { status: 'frozen', reason: 'A court order.' } });
  t.like(frozen.json, { walletId: wallet, status: 'frozen' });
  refused(t, await topUp(running, 'late'), [409, 'account_frozen']);
  refused(t, await call(`${address}/status`, { as: operator, key: 's2', body: { status: 'gone', reason: 'x' } }), [400, 'invalid_request']);
  const seen = await call(address, { as: operator });
  t.like(seen.json, { id: wallet, owner: 'alice', status: 'frozen', available: { amount: '30.00', currency: 'SAR' } });
  t.is((seen.json['outgoings'] as readonly Json[])[0]?.['left'], '70.00');
});

test.serial('a command that nobody decides has an unknown outcome and may be repeated', async (t) => {
  const running = await run(t, { worker: false, askTimeoutMs: 30 });
  const got = await call(`${running.url}/v1/wallets`, { as: running.alice, key: 'k1', body: {} });
  refused(t, got, [503, 'outcome_unknown']);
  t.is(got.headers.get('retry-after'), '1');
});

// ---- events ----------------------------------------------------------------------------------------------------------------------

/** Reads the stream until it has so many events of transactions. */
async function eventsOf(response: Response, count: number): Promise<{ id: string; data: Json }[]> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.split('event: transaction').length > count && text.endsWith('\n\n')) break;
  }
  return [...text.matchAll(/id: (\d+)\nevent: transaction\ndata: (.*)\n/g)].map(([, id = '', data = '{}']) => ({
    id,
    data: JSON.parse(data) as Json,
  }));
}

function listen({ home, alice }: WithWallet, lastEventId?: string): Promise<Response> {
  const resume = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
  return fetch(`${home}/events`, { headers: { Authorization: `Bearer ${alice}`, ...resume } });
}

test.serial('a transaction is told as it is posted, and a client that comes back hears what it missed', async (t) => {
  const running = await withWallet(t);
  await credit(running, 1, '100');
  const stream = await listen(running);
  t.is(stream.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  const told = eventsOf(stream, 1);
  await credit(running, 2, '200');
  const [event] = await told;
  t.is(event?.id, '2');
  t.like(event?.data, { id: '2', kind: 'transfer', amount: '2.00' });
  await credit(running, 3, '300');
  const missed = await eventsOf(await listen(running, '1'), 2);
  t.deepEqual(
    missed.map(({ id }) => id),
    ['2', '3'],
  );
  await until(() => running.streams.open === 0);
});

test.serial('events of another owner’s wallet are not found, and only so many streams are open', async (t) => {
  const running = await withWallet(t, { streamsMax: 1 });
  const first = await listen(running);
  t.is(first.status, 200);
  refused(t, await call(`${running.home}/events`, { as: running.alice }), [503, 'too_many_streams']);
  await first.body?.cancel();
});

// ---- checkout --------------------------------------------------------------------------------------------------------------------

test.serial('the checkout leads to the provider’s page as soon as its invoice exists', async (t) => {
  const running = await withWallet(t);
  const id = String((await topUp(running, 'k1')).json['id']);
  const waiting = call(`${running.url}/checkout/${id}`);
  const invoice = { invoiceId: 'inv-1', url: 'https://pay.example/inv-1', expiresAt: Date.now() + 3_600_000, pollEveryMs: 60_000 };
  await running.say(`payment:${id}`, 'InvoiceCreated', { effect: 'create-1', ...invoice });
  const got = await waiting;
  t.is(got.status, 303);
  t.is(got.headers.get('location'), 'https://pay.example/inv-1');
  t.is(got.headers.get('cache-control'), 'no-store');
});

test.serial('a checkout that was never given out is not found', async (t) => {
  const { url } = await run(t, { worker: false });
  refused(t, await call(`${url}/checkout/short`), [400, 'invalid_request']);
  refused(t, await call(`${url}/checkout/${'x'.repeat(32)}`), [404, 'top_up_not_found']);
});
