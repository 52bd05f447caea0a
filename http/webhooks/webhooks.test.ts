import test from 'ava';
import { ACCOUNT } from '../../actors/bank-account/testing/statement.ts';
import { call, refused } from '../testing/served.ts';
import type { Got } from '../testing/served.ts';
import { ANB_SECRET, MOYASAR_SECRET, run } from '../testing/system.ts';
import type { Running } from '../testing/system.ts';

const PAYMENT = { id: 'pay-1', status: 'paid', amount: 10_000, currency: 'SAR', invoice_id: 'inv-1' };

function eventOf(over: Readonly<Record<string, unknown>> = {}) {
  return {
    id: 'event-1',
    type: 'payment_paid',
    created_at: '2026-11-20T10:00:00Z',
    secret_token: MOYASAR_SECRET,
    live: false,
    data: PAYMENT,
    ...over,
  };
}

function send({ url }: Running, path: string, body: unknown): Promise<Got> {
  return call(`${url}/webhooks${path}`, { body });
}

/** What lies in the mailboxes: type, actor, id. Nobody decides in these tests. */
function stored({ ports }: Running): string[] {
  return [...ports.store.shards.values()].flatMap((shard) =>
    [...shard.mailboxes].flatMap(([actor, mailbox]) => mailbox.entries.map(({ type, id }) => `${type} -> ${actor} (${id})`)),
  );
}

async function ignored({ metrics }: Running): Promise<string[]> {
  const { content } = await metrics.exposition();
  return content.split('\n').filter((line) => line.startsWith('ironwallet_webhooks_ignored_total{'));
}

test.serial('a payment event is a hint in the mailbox of its invoice when it is answered', async (t) => {
  const running = await run(t, { worker: false });
  const got = await send(running, '/moyasar', eventOf());
  t.is(got.status, 200);
  t.deepEqual(stored(running), ['Forward -> reference:moyasar:invoice:inv-1 (moyasar/event/event-1/paid)']);
  const [shard] = [...running.ports.store.shards.values()].filter((one) => one.mailboxes.size > 0);
  const [mailbox] = [...(shard?.mailboxes.values() ?? [])];
  const body = JSON.parse(mailbox?.entries[0]?.body ?? '') as Readonly<Record<string, unknown>>;
  t.like(body, { type: 'ProviderHint', key: null, amount: '0', currency: null, answer: null });
  t.deepEqual(JSON.parse(String(body['body'])), { eventId: 'event-1', eventType: 'payment_paid', paymentId: 'pay-1' });
});

test.serial('a payment without an invoice is told to its own reference, a misspelt event is understood', async (t) => {
  const running = await run(t, { worker: false });
  await send(running, '/moyasar', eventOf({ type: 'payment_faild', data: { ...PAYMENT, status: 'failed', invoice_id: null } }));
  t.deepEqual(stored(running), ['Forward -> reference:moyasar:payment:pay-1 (moyasar/event/event-1/failed)']);
});

test.serial('the hint reaches the reference, which keeps it until it is bound', async (t) => {
  const running = await run(t);
  await send(running, '/moyasar', eventOf());
  const actor = 'reference:moyasar:invoice:inv-1' as const;
  while ((await running.client.postings(actor, { before: null, limit: 1 })).asOf === null) await new Promise(setImmediate);
  t.deepEqual(await running.ports.operations.parked(['p0', 'p1']), []);
});

for (const [title, secret] of [
  ['a wrong secret', 'another-secret-of-tests!!'],
  ['an empty secret', ''],
  ['a secret that is no text', { $ne: null }],
  ['no secret', undefined],
] as const) {
  test.serial(`${title} is refused and nothing is stored`, async (t) => {
    const running = await run(t, { worker: false });
    for (const path of ['/moyasar', '/moyasar/settlements']) {
      refused(t, await send(running, path, eventOf({ secret_token: secret })), [401, 'webhook_secret_wrong']);
    }
    t.deepEqual(stored(running), []);
    t.deepEqual(await ignored(running), []);
  });
}

test.serial('an event of the wrong mode is received, counted, and nothing is done', async (t) => {
  const running = await run(t, { worker: false });
  t.is((await send(running, '/moyasar', eventOf({ live: true }))).status, 200);
  const settlement = eventOf({ live: true, type: 'balance_transferred', data: { id: 'doc-1' } });
  t.is((await send(running, '/moyasar/settlements', settlement)).status, 200);
  t.deepEqual(stored(running), []);
  t.deepEqual(await ignored(running), ['ironwallet_webhooks_ignored_total{provider="moyasar",why="wrong_mode"} 2']);
});

test.serial('events that an address does not act on are received', async (t) => {
  const running = await run(t, { worker: false });
  t.is((await send(running, '/moyasar', eventOf({ type: 'webhook_verification', live: undefined, data: {} }))).status, 200);
  t.is((await send(running, '/moyasar', eventOf({ type: 'balance_transferred', data: { id: 'doc-1' } }))).status, 200);
  t.is((await send(running, '/moyasar/settlements', eventOf())).status, 200);
  t.is((await send(running, '/moyasar', eventOf({ type: 'payout_paid', data: {} }))).status, 200);
  t.deepEqual(stored(running), []);
  t.deepEqual(await ignored(running), ['ironwallet_webhooks_ignored_total{provider="moyasar",why="event_unknown"} 4']);
});

test.serial('a settlement event announces its document for the omnibus account', async (t) => {
  const running = await run(t, { worker: false });
  const event = eventOf({ type: 'balance_transferred', data: { id: 'doc-1', amount: 561_743 } });
  t.is((await send(running, '/moyasar/settlements', event)).status, 200);
  t.deepEqual(stored(running), ['AnnounceDocument -> settlement:moyasar:doc-1 (moyasar/event/event-1)']);
});

for (const [title, body] of [
  ['an authentic event without an id', eventOf({ id: undefined })],
  ['a payment event without a payment', eventOf({ data: null })],
  ['a payment whose id would name another actor', eventOf({ data: { ...PAYMENT, invoice_id: null, id: '1:2/3' } })],
  ['an invoice whose id is no id', eventOf({ data: { ...PAYMENT, invoice_id: 'a b' } })],
  ['a body that is no object', '[1]'],
  ['a body that is no JSON', 'secret_token=x'],
  ['an empty body', ''],
] as const) {
  test.serial(`${title} is malformed and nothing is stored`, async (t) => {
    const running = await run(t, { worker: false });
    refused(t, await send(running, '/moyasar', body), [400, 'webhook_malformed']);
    t.deepEqual(stored(running), []);
  });
}

test.serial('webhooks have the limits of every body', async (t) => {
  const running = await run(t, { worker: false });
  refused(t, await send(running, '/moyasar', eventOf({ data: 'x'.repeat(5_000) })), [413, 'body_too_large']);
  const typed = await call(`${running.url}/webhooks/moyasar`, {
    body: 'a=b',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  refused(t, typed, [415, 'unsupported_media_type']);
  refused(t, await call(`${running.url}/webhooks/moyasar`), [405, 'method_not_allowed']);
  t.deepEqual(stored(running), []);
});

test.serial('an event whose mailbox is full is answered so that the provider comes again', async (t) => {
  const running = await run(t, { worker: false });
  const send1000 = Array.from({ length: 1_000 }, (_, index) =>
    running.say('reference:moyasar:invoice:inv-1', 'Bind', { to: `payment:${index}` }),
  );
  await Promise.all(send1000);
  refused(t, await send(running, '/moyasar', eventOf()), [429, 'mailbox_full']);
});

test.serial('a notification of the bank makes the statement be read, spelled with a space or not', async (t) => {
  const running = await run(t, { worker: false });
  t.is((await send(running, `/anb/${ANB_SECRET}`, { type: 'statement.created', payload: {} })).status, 200);
  t.is((await send(running, `/anb/${ANB_SECRET}`, { type: 'payment. completed', payload: { a: 1 } })).status, 200);
  t.is(stored(running).length, 2);
  for (const line of stored(running)) t.regex(line, new RegExp(`^PullStatement -> bank-account:${ACCOUNT} \\(anb/event/`));
});

test.serial('a wrong path secret is refused, an unknown notification received, a broken one malformed: nothing is stored', async (t) => {
  const running = await run(t, { worker: false });
  const good = { type: 'statement.created', payload: {} };
  for (const secret of ['wrong', `${ANB_SECRET}x`, ANB_SECRET.slice(0, -1), '%zz']) {
    refused(t, await send(running, `/anb/${secret}`, good), [401, 'webhook_secret_wrong']);
  }
  refused(t, await send(running, '/anb', good), [404, 'route_not_found']);
  t.is((await send(running, `/anb/${ANB_SECRET}`, { type: 'wps.sent', payload: {} })).status, 200);
  for (const body of ['{}', '[]', 'x', { type: 7 }])
    refused(t, await send(running, `/anb/${ANB_SECRET}`, body), [400, 'webhook_malformed']);
  t.deepEqual(stored(running), []);
  t.deepEqual(await ignored(running), ['ironwallet_webhooks_ignored_total{provider="anb",why="event_unknown"} 1']);
  t.false(running.answered.some(({ route }) => route.includes(ANB_SECRET)));
});
