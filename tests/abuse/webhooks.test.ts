import anyTest from 'ava';
import type { TestFn } from 'ava';
import { askTopUp, field, itemsOf, openWallet, ops, payOut, pendingTopUp, proven, walletHas } from '../support/story.ts';
import type { Wallet } from '../support/story.ts';
import { ANB_SECRET, WEBHOOK_SECRET, callApi, startSystem } from '../support/system.ts';
import type { TestSystem } from '../support/system.ts';
import { outcome, tally, times } from './support.ts';

const test = anyTest as TestFn<{ system: TestSystem }>;

test.before(async (t) => {
  t.context.system = await startSystem();
});

test.after.always((t) => t.context.system.stop());

function event(over: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { id: 'forged-1', type: 'payment_paid', created_at: '2026-11-20T10:00:00Z', secret_token: WEBHOOK_SECRET, live: false, ...over };
}

function tell({ url }: TestSystem, path: string, body: unknown): Promise<string> {
  return callApi(`${url}/webhooks${path}`, { body }).then(outcome);
}

/** What an operator sees of a payment: it moves with every message that reached it. */
async function lastOf(system: TestSystem, actor: string): Promise<unknown> {
  return field((await ops(system, `/actors/${actor}`)).body, 'tip', 'last');
}

async function transactions(system: TestSystem, wallet: Wallet): Promise<readonly unknown[]> {
  return itemsOf((await system.call(`/v1/wallets/${wallet.id}/transactions`, { as: wallet.owner })).body);
}

test('a webhook without the secret is 401 and reaches nobody, however it tries', async (t) => {
  const { system } = t.context;
  const wallet = await openWallet(system, 'forged');
  const { id, invoiceId } = await askTopUp(system, wallet);
  const before = await lastOf(system, `payment:${id}`);
  const data = { id: 'pay-1', status: 'paid', amount: 10_000, currency: 'SAR', invoice_id: invoiceId };
  const wrong = [
    '',
    'wrong',
    `${WEBHOOK_SECRET} `,
    WEBHOOK_SECRET.slice(0, -1),
    WEBHOOK_SECRET.toUpperCase(),
    [WEBHOOK_SECRET],
    { $ne: '' },
    true,
    null,
    undefined,
  ];
  for (const secret of wrong)
    for (const path of ['/moyasar', '/moyasar/settlements'])
      t.is(await tell(system, path, event({ data, secret_token: secret })), '401 webhook_secret_wrong', JSON.stringify(secret));
  const { secret_token: _none, ...without } = event({ data });
  const elsewhere = {
    headers: { 'x-secret-token': WEBHOOK_SECRET, 'content-type': 'application/json' },
    method: 'POST',
    body: JSON.stringify(without),
  };
  t.is((await fetch(`${system.url}/webhooks/moyasar?secret_token=${WEBHOOK_SECRET}`, elsewhere)).status, 401);
  for (const secret of ['wrong', `${ANB_SECRET}x`, ANB_SECRET.slice(1), `${ANB_SECRET}%00`, '..'])
    t.regex(
      await tell(system, `/anb/${secret}`, { type: 'statement.created', payload: {} }),
      /^(401 webhook_secret_wrong|404 route_not_found)$/,
    );
  t.is(await lastOf(system, `payment:${id}`), before);
});

test('who knows the secret can make us look, and nothing more: the provider is asked, and what it says counts', async (t) => {
  const { system } = t.context;
  const [wallet, other] = [await openWallet(system, 'victim'), await openWallet(system, 'thief')];
  const mine = await askTopUp(system, other, '1.00');
  const theirs = await pendingTopUp(system, wallet);
  const claims = [
    { id: 'made-up', status: 'paid', amount: 10_000_000, currency: 'SAR', invoice_id: mine.invoiceId },
    // A payment that there is, of somebody else, under one's own invoice.
    { id: theirs.paymentId, status: 'paid', amount: 10_000, currency: 'SAR', invoice_id: mine.invoiceId },
    { id: theirs.paymentId, status: 'refunded', amount: 10_000, refunded: 10_000, currency: 'SAR', invoice_id: theirs.invoiceId },
    { id: theirs.paymentId, status: 'voided', amount: 0, currency: 'USD', invoice_id: theirs.invoiceId },
  ];
  for (const [index, data] of claims.entries())
    t.is(await tell(system, '/moyasar', event({ id: `claim-${String(index)}`, type: `payment_${data.status}`, data })), '200');
  t.is(
    await tell(system, '/moyasar/settlements', event({ id: 'claim-s', type: 'balance_transferred', data: { id: 'made-up-document' } })),
    '200',
  );
  // A true one behind them: once it is through, they are decided.
  await system.moyasar.pay(mine.invoiceId);
  await walletHas(system, other, { pending: '1.00', available: '0.00' });
  await walletHas(system, wallet, { pending: '100.00', available: '0.00' });
  t.is((await transactions(system, other)).length, 1);
  await proven(system);
});

test('webhooks that are sent again, fifty at once, have the effect of the first', async (t) => {
  const { system } = t.context;
  const wallet = await openWallet(system, 'replayed');
  const { paymentId } = await pendingTopUp(system, wallet);
  await system.moyasar.resend(paymentId, { copies: 50 });
  const settled = await system.moyasar.settle({});
  await system.moyasar.resendSettlement(settled.settlement.id, 20);
  await payOut(system, settled.expectedCreditText);
  const again = { type: 'statement.created', payload: {} };
  t.deepEqual(tally(await times(20, () => tell(system, `/anb/${ANB_SECRET}`, again))), { 200: 20 });
  await walletHas(system, wallet, { available: '100.00', pending: '0.00' });
  await system.moyasar.resend(paymentId, { copies: 50 });
  await system.moyasar.resendSettlement(settled.settlement.id, 20);
  await system.moyasar.flushWebhooks();
  await proven(system);
  await walletHas(system, wallet, { available: '100.00', pending: '0.00' });
  t.is((await transactions(system, wallet)).length, 2, 'pending, and paid');
});
