/** Money that nobody can be named for, what operators do with it, what a wallet's owner sees live, and who bears the fee. */
import test from 'ava';
import { makeToken } from '../../cli/token.ts';
import { breakIs, ledgerHas, openWallet, ops, payOut, pendingTopUp, proven, topUpIs, walletHas } from '../support/story.ts';
import { startSystem } from '../support/system.ts';
import type { TestSystem } from '../support/system.ts';

let system: TestSystem;

test.before(async () => {
  system = await startSystem({ env: { FEE_POLICY: 'customer' } });
});

test.after.always(() => system.stop());

test.serial('an operator gives a credit in suspense to a wallet, once', async (t) => {
  const wallet = await openWallet(system, 'finder');
  const { refNum } = await system.bank.transfer({ to: '123179999999997', amount: '33.00', notify: true });
  const id = await breakIs(system, { reason: 'unattributed_credit', status: 'open' }, `${refNum}/2`);
  await ledgerHas(system, 'suspense', '-33.00');
  const resolution = { resolution: 'assign_to_wallet', wallet: wallet.id, reason: 'named by the sender' };
  t.is((await ops(system, `/breaks/${encodeURIComponent(id)}/resolve`, resolution)).status, 200);
  await walletHas(system, wallet, { available: '33.00' });
  const again = await ops(system, `/breaks/${encodeURIComponent(id)}/resolve`, resolution);
  t.is(again.body['code'], 'break_already_resolved');
  await ledgerHas(system, 'suspense', '0.00');
  await proven(system);
});

test.serial('a credit marked for return leaves suspense when the bank debits it, fee included', async (t) => {
  const { refNum } = await system.bank.transfer({ to: '123179999999996', amount: '44.00', notify: true });
  const id = await breakIs(system, { reason: 'unattributed_credit', status: 'open' }, `${refNum}/2`);
  const resolution = { resolution: 'return_to_sender', reference: '6244377266243449', reason: 'the sender asked for it' };
  t.is((await ops(system, `/breaks/${encodeURIComponent(id)}/resolve`, resolution)).status, 200);
  await breakIs(system, { reason: 'unattributed_credit', status: 'returning' }, `${refNum}/2`);
  await ledgerHas(system, 'suspense', '-44.00');
  await system.bank.debit({ amount: '44.00', fee: '0.57', sequenceNumber: '6244377266243449', notify: true });
  await breakIs(system, { reason: 'unattributed_credit', status: 'resolved' }, `${refNum}/2`);
  await ledgerHas(system, 'suspense', '0.00');
  await proven(system);
});

test.serial('under the customer policy the fee of a top-up is kept back from it', async (t) => {
  const wallet = await openWallet(system, 'bearer');
  const topUp = await pendingTopUp(system, wallet, '100.00');
  await walletHas(system, wallet, { pending: '100.00' });
  const { lines, expectedCreditText } = await system.moyasar.settle();
  await payOut(system, expectedCreditText);
  await topUpIs(system, wallet, { id: topUp.id, status: 'paid' });
  const fee = lines[0]?.fee ?? 0;
  t.true(fee > 0);
  await walletHas(system, wallet, { available: ((10_000 - fee) / 100).toFixed(2), pending: '0.00' });
  await proven(system);
});

test.serial('a wallet’s events tell each transaction once, also after a reconnect', async (t) => {
  const wallet = await openWallet(system, 'listener');
  const first = await listen(wallet.id, null);
  await system.bank.transfer({ to: wallet.iban, amount: '1.00', notify: true });
  const one = await first.next();
  t.is(one.data['amount'], '1.00');
  first.close();
  await system.bank.transfer({ to: wallet.iban, amount: '2.00', notify: true });
  await walletHas(system, wallet, { available: '3.00' });
  const second = await listen(wallet.id, one.id);
  const two = await second.next();
  t.is(two.data['amount'], '2.00');
  t.is(Number(two.id), Number(one.id) + 1);
  second.close();

  async function listen(walletId: string, lastEventId: string | null) {
    const controller = new AbortController();
    const response = await fetch(`${system.url}/v1/wallets/${walletId}/events`, {
      headers: {
        authorization: `Bearer ${await makeToken({ owner: 'listener' })}`,
        ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
      },
      signal: controller.signal,
    });
    t.is(response.status, 200);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    return {
      close: () => {
        controller.abort();
      },
      next: async (): Promise<{ id: string; data: Record<string, unknown> }> => {
        for (;;) {
          const found = /id: (\d+)\nevent: transaction\ndata: (.*)\n\n/.exec(text);
          if (found !== null) {
            text = text.slice(found.index + found[0].length);
            return { id: found[1] ?? '', data: { ...(JSON.parse(found[2] ?? '{}') as object) } };
          }
          const read = await reader?.read();
          if (read?.value === undefined) throw new Error('the stream ended');
          text += read.value;
        }
      },
    };
  }
});
