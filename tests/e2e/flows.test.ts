/** Both ways of funding a wallet, over HTTP against the fakes, as their users go them. */
import test from 'ava';
import { eventually, startSystem } from '../support/system.ts';
import type { TestSystem } from '../support/system.ts';

test('a bank transfer to the virtual IBAN is credited and shown as a paid fund request', async (t) => {
  const system = await startSystem();
  t.teardown(() => system.stop());
  const opened = await system.call('/v1/wallets', { as: 'alice', key: 'open-1', body: { name: 'Savings' } });
  t.is(opened.status, 201, JSON.stringify(opened.body));
  const wallet = String(opened.body['id']);
  await system.bank.transfer({ to: String(opened.body['iban']), amount: '250.00', sender: 'A FRIEND', notify: true });
  const seen = await eventually(
    () => system.call(`/v1/wallets/${wallet}`, { as: 'alice' }),
    ({ body }) => amountOf(body, 'available') === '250.00',
  );
  t.is(seen.status, 200);
  const requests = await system.call(`/v1/wallets/${wallet}/fund-requests`, { as: 'alice' });
  t.like(requests.body, { items: [{ kind: 'transfer', status: 'paid', amount: '250.00', sender: 'A FRIEND' }] });
  await provesZero(system);
  t.pass();
});

test('a card top-up is pending when paid and available when the provider has paid it out', async (t) => {
  const system = await startSystem();
  t.teardown(() => system.stop());
  const wallet = await openWallet(system, 'alice');
  const topUp = await system.call(`/v1/wallets/${wallet}/top-ups`, {
    as: 'alice',
    key: 'top-up-1',
    body: { amount: '100.00', currency: 'SAR' },
  });
  t.is(topUp.status, 201, JSON.stringify(topUp.body));
  const checkout = await system.call(new URL(String(topUp.body['checkoutUrl'])).pathname);
  t.is(checkout.status, 303, JSON.stringify(checkout.body));
  const invoiceId = /invoices\/([\w-]+)/.exec(checkout.headers.get('location') ?? '')?.[1] ?? '';
  await system.moyasar.pay(invoiceId);
  await eventually(
    () => system.call(`/v1/wallets/${wallet}`, { as: 'alice' }),
    ({ body }) => amountOf(body, 'pending') === '100.00',
  );
  const { expectedCreditText } = await system.moyasar.settle();
  await system.bank.payout({ amount: expectedCreditText });
  await system.bank.send('statement.created', {});
  await eventually(
    () => system.call(`/v1/wallets/${wallet}`, { as: 'alice' }),
    ({ body }) => amountOf(body, 'available') === '100.00' && amountOf(body, 'pending') === '0.00',
  );
  const paid = await system.call(`/v1/wallets/${wallet}/top-ups/${String(topUp.body['id'])}`, { as: 'alice' });
  t.is(paid.body['status'], 'paid');
  await provesZero(system);
});

async function openWallet(system: TestSystem, owner: string): Promise<string> {
  const { body } = await system.call('/v1/wallets', { as: owner, key: `open-${owner}`, body: {} });
  return String(body['id']);
}

function amountOf(body: Record<string, unknown>, balance: string): string {
  const money: unknown = body[balance];
  return typeof money === 'object' && money !== null && 'amount' in money ? String(money.amount) : '';
}

async function provesZero(system: TestSystem): Promise<void> {
  await eventually(
    () => system.call('/ops/v1/position', { as: 'olga', scope: 'ops' }),
    ({ body }) => JSON.stringify(body['difference']).includes('"0.00"') && body['still'] === true,
  );
}
