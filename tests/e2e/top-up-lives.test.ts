/** How a top-up may go, and what replaces a webhook or an answer that never comes. */
import test from 'ava';
import { askTopUp, breakIs, nextKey, openWallet, payOut, pendingTopUp, proven, topUpIs, walletHas } from '../support/story.ts';
import { startSystem } from '../support/system.ts';
import type { TestSystem } from '../support/system.ts';

let system: TestSystem;

test.before(async () => {
  // One of these lives is an effect that fails for good, which is logged as an error.
  const LOG_LEVEL = process.env['LOG_LEVEL'] ?? 'fatal';
  system = await startSystem({ env: { LOG_LEVEL, MOYASAR_POLL_SECONDS: '1', MOYASAR_SETTLEMENT_POLL_SECONDS: '1' } });
});

test.after.always(() => system.stop());

test.serial('a declined card leaves the top-up open, and the next one pays it', async (t) => {
  const wallet = await openWallet(system, 'declined');
  const topUp = await askTopUp(system, wallet);
  await system.moyasar.decline(topUp.invoiceId);
  await system.moyasar.flushWebhooks();
  await topUpIs(system, wallet, { id: topUp.id, status: 'awaiting_payment' });
  await system.moyasar.pay(topUp.invoiceId);
  await walletHas(system, wallet, { pending: '100.00' });
  await proven(system);
  t.pass();
});

test.serial('an expired and a canceled invoice end their top-ups, and money that comes after all is taken', async (t) => {
  const wallet = await openWallet(system, 'ended');
  const [expired, canceled] = [await askTopUp(system, wallet, '11.00'), await askTopUp(system, wallet, '12.00')];
  await system.moyasar.expire(expired.invoiceId);
  await system.moyasar.cancel(canceled.invoiceId);
  await topUpIs(system, wallet, { id: expired.id, status: 'expired' });
  await topUpIs(system, wallet, { id: canceled.id, status: 'canceled' });
  await system.moyasar.pay(expired.invoiceId, { force: true });
  await topUpIs(system, wallet, { id: expired.id, status: 'processing' });
  await walletHas(system, wallet, { pending: '11.00' });
  await proven(system);
  t.pass();
});

test.serial('a payment that the provider takes back as failed ends its top-up as failed, and nothing is pending', async (t) => {
  const wallet = await openWallet(system, 'taken-back');
  const topUp = await pendingTopUp(system, wallet, '13.00');
  await walletHas(system, wallet, { pending: '13.00' });
  await system.moyasar.state(topUp.paymentId, { status: 'failed' });
  await topUpIs(system, wallet, { id: topUp.id, status: 'failed' });
  await walletHas(system, wallet, { available: '0.00', pending: '0.00' });
  await proven(system);
  t.pass();
});

test.serial('a top-up whose invoice the provider refuses again and again has failed, and a break says why', async (t) => {
  const wallet = await openWallet(system, 'refused');
  const { id: fault } = await system.moyasar.faults({ route: 'POST /v1/invoices', kind: 'fail', status: 400 });
  const request = { as: wallet.owner, key: nextKey(), body: { amount: '14.00', currency: 'SAR' } };
  const { body } = await system.call(`/v1/wallets/${wallet.id}/top-ups`, request);
  await topUpIs(system, wallet, { id: String(body['id']), status: 'failed' });
  await system.moyasar.clearFaults(fault);
  await breakIs(system, { reason: 'effect_exhausted', status: 'open' }, String(body['id']));
  await walletHas(system, wallet, { available: '0.00', pending: '0.00' });
  await proven(system);
  t.pass();
});

test.serial('refunds before the settlement: a partial one lowers what is pending, a full one ends the top-up', async (t) => {
  const wallet = await openWallet(system, 'refunded');
  const partly = await pendingTopUp(system, wallet, '100.00');
  const wholly = await pendingTopUp(system, wallet, '50.00');
  await system.moyasar.refund(partly.paymentId, { amount: 3_000 });
  await system.moyasar.refund(wholly.paymentId);
  await walletHas(system, wallet, { available: '0.00', pending: '70.00' });
  await topUpIs(system, wallet, { id: wholly.id, status: 'refunded' });
  const { expectedCreditText } = await system.moyasar.settle({ paymentIds: [partly.paymentId, wholly.paymentId] });
  await payOut(system, expectedCreditText);
  await walletHas(system, wallet, { available: '70.00', pending: '0.00' });
  await proven(system);
  t.pass();
});

test.serial('a refund after the money was spent leaves the customer owing it, and the next money in pays it first', async (t) => {
  const wallet = await openWallet(system, 'owing');
  const topUp = await pendingTopUp(system, wallet, '100.00');
  const { expectedCreditText } = await system.moyasar.settle({ paymentIds: [topUp.paymentId] });
  await payOut(system, expectedCreditText);
  await walletHas(system, wallet, { available: '100.00' });
  const spent = { as: 'olga', scope: 'ops', key: 'spend', body: { amount: '70.00', currency: 'SAR', purpose: 'Fund units' } };
  t.true((await system.call(`/ops/v1/wallets/${wallet.id}/debits`, spent)).status < 300);
  await system.moyasar.refund(topUp.paymentId);
  await walletHas(system, wallet, { available: '0.00', owing: '70.00' });
  await system.bank.transfer({ to: wallet.iban, amount: '100.00', notify: true });
  await walletHas(system, wallet, { available: '30.00', owing: '0.00' });
  await proven(system);
});

test.serial('a payment webhook that never comes is replaced by looking', async (t) => {
  const wallet = await openWallet(system, 'silent-payment');
  const topUp = await askTopUp(system, wallet, '21.00');
  await system.moyasar.pay(topUp.invoiceId, { webhook: false });
  await topUpIs(system, wallet, { id: topUp.id, status: 'processing' });
  t.pass();
});

test.serial('a settlement webhook that never comes is replaced by looking', async (t) => {
  const wallet = await openWallet(system, 'silent-settlement');
  const topUp = await pendingTopUp(system, wallet, '22.00');
  const { expectedCreditText } = await system.moyasar.settle({ paymentIds: [topUp.paymentId], webhook: false });
  await payOut(system, expectedCreditText);
  await topUpIs(system, wallet, { id: topUp.id, status: 'paid' });
  await proven(system);
  t.pass();
});

test.serial('an invoice whose making has an unknown outcome is made again, and the top-up is paid once', async (t) => {
  const wallet = await openWallet(system, 'lost-answer');
  await system.moyasar.faults({ route: 'POST /v1/invoices', kind: 'drop', when: 'after', times: 1 });
  const topUp = await askTopUp(system, wallet, '23.00');
  t.is((await system.moyasar.invoices()).filter((invoice) => invoice.amount === 2_300).length, 2);
  await system.moyasar.pay(topUp.invoiceId);
  await walletHas(system, wallet, { pending: '23.00' });
  await proven(system);
});
