// The story: both ways of funding a wallet, and what else happens to money on the way. Each step checks what it says.
import { fakeAnbControl, fakeMoyasarControl } from '../../mocks/control/client.ts';
import { columns, say } from '../text.ts';
import { api, at, eventually } from './api.ts';
import type { ApiReply } from './api.ts';
import type { DemoSystem } from './processes.ts';

interface Actors {
  readonly system: DemoSystem;
  readonly moyasar: ReturnType<typeof fakeMoyasarControl>;
  readonly bank: ReturnType<typeof fakeAnbControl>;
}

export interface Wallet {
  readonly owner: string;
  readonly id: string;
  readonly iban: string;
}

const OPERATOR = { as: 'olga', scope: 'ops' } as const;
let steps = 0;

function step(text: string): void {
  steps += 1;
  say(`\n${String(steps)}. ${text}`);
}

function ok(text: string): void {
  say(`   ✓ ${text}`);
}

/** Tells the whole story; throws at the first thing that does not come out. Returns a wallet to go on with. */
export async function tellStory(system: DemoSystem): Promise<Wallet> {
  const actors: Actors = { system, moyasar: fakeMoyasarControl(system.moyasar), bank: fakeAnbControl(system.bank) };
  await eventually(
    'the gateway is ready',
    () => api(`${system.gateway}/readyz`),
    ({ body }) => at(body, 'status') === 'ready',
  );
  const alice = await openWallet(actors, 'alice');
  const bob = await openWallet(actors, 'bob');
  const topUp = await topUpByCard(actors, alice);
  await transferToIban(actors, bob);
  await unknownTransfer(actors, bob);
  await payOut(actors, alice, topUp);
  await spend(actors, bob);
  await prove(actors);
  return alice;
}

async function openWallet({ system }: Actors, owner: string): Promise<Wallet> {
  step(`${owner} opens a wallet`);
  const { body } = await api(`${system.gateway}/v1/wallets`, { as: owner, key: 'first-wallet', body: { name: 'Investments' } });
  const wallet = { owner, id: at(body, 'id'), iban: at(body, 'iban') };
  ok(`wallet ${wallet.id} with the virtual IBAN ${wallet.iban}`);
  const again = await api(`${system.gateway}/v1/wallets`, { as: owner, key: 'first-wallet', body: { name: 'Investments' } });
  if (at(again.body, 'id') !== wallet.id) throw new Error('the repeated request opened another wallet');
  ok('the same request again, with the same Idempotency-Key: the same wallet');
  return wallet;
}

function look({ system }: Actors, { owner, id }: Wallet, path = ''): Promise<ApiReply> {
  return api(`${system.gateway}/v1/wallets/${id}${path}`, { as: owner });
}

async function balances(actors: Actors, wallet: Wallet, wanted: { readonly available: string; readonly pending: string }): Promise<void> {
  const isSo = ({ body }: ApiReply): boolean =>
    at(body, 'available', 'amount') === wanted.available && at(body, 'pending', 'amount') === wanted.pending;
  await eventually(`${wallet.owner} has ${wanted.available} available and ${wanted.pending} pending`, () => look(actors, wallet), isSo);
  ok(`${wallet.owner}: available ${wanted.available} SAR, pending ${wanted.pending} SAR`);
}

async function topUpByCard(actors: Actors, wallet: Wallet): Promise<string> {
  step(`${wallet.owner} tops up 100.00 SAR by card`);
  const { system, moyasar } = actors;
  const body = { amount: '100.00', currency: 'SAR', description: 'First top-up' };
  const asked = await api(`${system.gateway}/v1/wallets/${wallet.id}/top-ups`, { as: wallet.owner, key: 'first-top-up', body });
  const topUp = at(asked.body, 'id');
  ok(`top-up ${at(asked.body, 'status')}, checkout at ${at(asked.body, 'checkoutUrl')}`);
  const page = await api(at(asked.body, 'checkoutUrl'));
  ok(`the checkout leads to the provider's page: ${String(page.status)} ${page.location ?? ''}`);
  const invoice = /invoices\/([\w-]+)/.exec(page.location ?? '')?.[1] ?? '';
  await moyasar.decline(invoice);
  await moyasar.flushWebhooks();
  await topUpIs(actors, wallet, { topUp, status: 'awaiting_payment' });
  ok('the first card is declined: the top-up stays open');
  await moyasar.pay(invoice);
  ok('the second card pays; the provider sends a webhook, and we fetch the payment before we believe it');
  await balances(actors, wallet, { available: '0.00', pending: '100.00' });
  return topUp;
}

async function topUpIs(
  actors: Actors,
  wallet: Wallet,
  { topUp, status }: { readonly topUp: string; readonly status: string },
): Promise<void> {
  const { body } = await look(actors, wallet, `/top-ups/${topUp}`);
  if (at(body, 'status') !== status) throw new Error(`the top-up is ${at(body, 'status')}, not ${status}`);
}

async function transferToIban(actors: Actors, wallet: Wallet): Promise<void> {
  step(`somebody transfers 250.00 SAR to ${wallet.owner}'s IBAN`);
  await actors.bank.transfer({ to: wallet.iban, amount: '250.00', sender: 'A KIND SENDER', notify: true });
  ok('the money is a line on the statement of the omnibus account');
  await balances(actors, wallet, { available: '250.00', pending: '0.00' });
  const { body } = await look(actors, wallet, '/fund-requests');
  if (at(body, 'items', 0, 'status') !== 'paid') throw new Error('the transfer is not shown as paid');
  ok(`fund request: ${at(body, 'items', 0, 'kind')} ${at(body, 'items', 0, 'amount')} SAR, ${at(body, 'items', 0, 'status')}`);
}

async function unknownTransfer(actors: Actors, wallet: Wallet): Promise<void> {
  step('a transfer comes to a number that nobody has');
  const { system, bank } = actors;
  await bank.transfer({ to: '123179999999999', amount: '40.00', sender: 'MISTYPED', notify: true });
  const list = (): Promise<ApiReply> => api(`${system.omnibus}/ops/v1/breaks?status=open`, OPERATOR);
  const found = await eventually('a break is listed', list, ({ body }) => at(body, 'items', 0, 'id') !== '');
  const id = at(found.body, 'items', 0, 'id');
  ok(`the money waits in suspense, with the break ${id}`);
  const resolution = { resolution: 'assign_to_wallet', wallet: wallet.id, reason: 'The sender called and named the wallet.' };
  await api(`${system.omnibus}/ops/v1/breaks/${encodeURIComponent(id)}/resolve`, { ...OPERATOR, key: 'resolve-1', body: resolution });
  ok(`an operator gives it to ${wallet.owner}`);
  await balances(actors, wallet, { available: '290.00', pending: '0.00' });
}

async function payOut(actors: Actors, wallet: Wallet, topUp: string): Promise<void> {
  step('days later the provider pays out its batch, net of fees');
  const { settlement, expectedCreditText } = await actors.moyasar.settle();
  ok(`settlement ${settlement.id}: ${String(settlement.settlement_count)} row, bank credit ${expectedCreditText} SAR`);
  await actors.bank.payout({ amount: expectedCreditText });
  await actors.bank.send('statement.created', {});
  ok('the credit is on the statement; document and line are joined by amount and date');
  await balances(actors, wallet, { available: '100.00', pending: '0.00' });
  await topUpIs(actors, wallet, { topUp, status: 'paid' });
  ok('the top-up is paid; the fees are what the company owes the pool (platform-due)');
}

async function spend(actors: Actors, wallet: Wallet): Promise<void> {
  step(`${wallet.owner} invests 90.00 SAR`);
  const body = { amount: '90.00', currency: 'SAR', purpose: 'Fund units' };
  await api(`${actors.system.omnibus}/ops/v1/wallets/${wallet.id}/debits`, { ...OPERATOR, key: 'debit-1', body });
  await balances(actors, wallet, { available: '200.00', pending: '0.00' });
}

async function prove({ system }: Actors): Promise<void> {
  step('the proof: the bank against what we owe everybody');
  const position = await eventually(
    'the position is proven',
    () => api(`${system.omnibus}/ops/v1/position`, OPERATOR),
    ({ body }) => at(body, 'proven') === 'true' && at(body, 'difference', 'SAR') === '0.00',
  );
  const classes = rowsOf(position.body['classes']).map((row) =>
    ['account', 'ledger', 'independent', 'difference'].map((field) => at(row, field) || '-'),
  );
  for (const line of columns([['account', 'ledger (debit +)', 'independent', 'difference'], ...classes], new Set([1, 2, 3])))
    say(`   ${line}`);
  for (const day of rowsOf(position.body['days'])) {
    ok(`${at(day, 'date')}: opening ${at(day, 'opening')} + lines ${at(day, 'posted')} = the bank's closing ${at(day, 'closing')}`);
  }
  ok(`bank = what we owe everybody; difference ${at(position.body, 'difference', 'SAR')} SAR`);
}

function rowsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
