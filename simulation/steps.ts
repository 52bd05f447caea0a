/** What customers, operators, bank and provider do in a history, one function each. Amounts in minor units. */
import { debit, post, returned, transfer } from '../mocks/anb/rows.ts';
import { notify } from '../mocks/anb/state.ts';
import { payInvoice } from '../mocks/moyasar/invoices.ts';
import { refund } from '../mocks/moyasar/payments.ts';
import { expectedCredit, settle } from '../mocks/moyasar/settlements.ts';
import type { InvoiceRecord, MoyasarState } from '../mocks/moyasar/state.ts';
import { cameBack, debited, opened, paid, paidOut, refunded, transferred } from './model.ts';
import { ACCOUNT } from './outside.ts';
import type { Step } from './plan.ts';
import type { World } from './world.ts';
import type { Customers } from './customers.ts';
import type { Reply } from './edge.ts';
import type { Model } from './model.ts';
import type { Outside } from './outside.ts';
import { pause } from './world.ts';

/** In the range of wallet numbers, and given to nobody. */
const NOBODYS = '123179999999990';
const LOOK_MS = 900;
const LOOKS_MAX = 1_000;
const REFUND_MS = 6_000;
const DEBITED_MS = 5_000;
const CAME_BACK_MS = 20_000;
const RIYAL = 100;

/** What a step acts on. */
export interface Parts {
  readonly world: World;
  readonly outside: Outside;
  readonly customers: Customers;
  readonly model: Model;
}

type Of<D extends Step['do']> = Extract<Step, { do: D }>;

export interface Wallet {
  readonly id: string;
  readonly owner: string;
}

interface Asked {
  readonly wallet: Wallet;
  readonly key: string;
}

function text(minor: number): string {
  return (minor / 100).toFixed(2);
}

export async function openWallet({ customers, model }: Parts, owner: string, key: string): Promise<Wallet> {
  const reply = await customers.ask({ method: 'post', path: '/v1/wallets', as: owner, key, body: {} });
  if (reply.status !== 201) throw new Error(`no wallet was opened: ${JSON.stringify(reply)}`);
  const id = String(reply.body['id']);
  opened(model, id);
  return { id, owner };
}

export async function transferTo(
  { outside: { bank }, model, world }: Parts,
  { amount, notify: tells, hiddenMs = 0 }: Of<'transfer'>,
  wallet: Wallet | null,
): Promise<void> {
  const line = transfer(bank, { to: wallet?.id ?? NOBODYS, amount: text(amount), hidden: hiddenMs > 0 });
  transferred(model, wallet?.id ?? null, BigInt(amount));
  world.trace(() => `bank: ${String(amount)} to ${wallet?.id ?? 'nobody'}`);
  if (tells) tellOfStatement({ outside: { bank } });
  if (hiddenMs === 0) return;
  await pause(world, hiddenMs);
  bank.ledger.change(line, { hidden: false });
  world.trace(() => `bank: ${line.refNum} is in the statement now`);
}

function tellOfStatement({ outside: { bank } }: { readonly outside: Pick<Parts['outside'], 'bank'> }): void {
  notify(bank, 'statement.created', { accountNumber: ACCOUNT });
}

export async function payByCard(parts: Parts, { amount, then }: Of<'top-up'>, { wallet, key }: Asked): Promise<void> {
  const { customers, outside, model, world } = parts;
  const body = { amount: text(amount), currency: 'SAR' };
  const reply = await customers.ask({ method: 'post', path: `/v1/wallets/${wallet.id}/top-ups`, as: wallet.owner, key, body });
  if (reply.status !== 201) throw new Error(`no top-up: ${JSON.stringify(reply)}`);
  if (then === 'nothing') return;
  const invoice = await invoiceOf(parts, String(reply.body['id']));
  const isOther = then === 'pay another amount';
  const told = isOther ? amount + RIYAL : amount;
  const { payment } = await payInvoice(outside.moyasar, invoice, { outcome: then === 'decline' ? 'failed' : 'paid', amount: told });
  world.trace(() => `provider: ${payment.id} of ${wallet.id} is ${payment.status}: ${String(told)} of ${String(amount)}`);
  if (then === 'decline') return;
  paid(model, payment.id, { wallet: isOther ? null : wallet.id, amount: BigInt(told) });
  if (then === 'refund') await takeBack(parts, payment.id);
}

/** The customer follows our checkout to the page of the provider. */
async function invoiceOf({ customers, outside: { moyasar }, world }: Parts, topUp: string): Promise<InvoiceRecord> {
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const page = await customers.once({ method: 'get', path: `/checkout/${topUp}` });
    const id = /invoices\/([\w-]+)/.exec(page?.location ?? '')?.[1];
    const found = id === undefined ? undefined : moyasar.invoices.get(id);
    if (found !== undefined) return found;
    await pause(world, LOOK_MS);
  }
  throw new Error(`no invoice of ${topUp} ever came`);
}

async function takeBack({ outside: { moyasar }, model, world }: Parts, payment: string): Promise<void> {
  await pause(world, world.random.integer(1, REFUND_MS));
  const record = moyasar.payments.get(payment);
  if (record === undefined || record.settledIn !== null) return;
  refund(moyasar, record);
  refunded(model, payment);
  world.trace(() => `provider: ${payment} is refunded`);
}

export async function spend(parts: Parts, step: Of<'debit'>, { wallet, key }: Asked): Promise<void> {
  const body = { amount: text(step.amount), currency: 'SAR', purpose: 'a fund' };
  const call = { method: 'post', path: `/ops/v1/wallets/${wallet.id}/debits`, as: 'olga', scope: 'ops', key, body } as const;
  const accepted = (reply: Reply): Promise<void> => spent(parts, step, { wallet, reference: String(reply.body['reference']) });
  const reply = await parts.customers.ask(call, accepted);
  if (reply.body['code'] === 'insufficient_balance') return;
  if (reply.status !== 201) throw new Error(`no debit: ${JSON.stringify(reply)}`);
  await accepted(reply);
}

interface Outgoing {
  readonly wallet: Wallet;
  readonly reference: string;
}

async function spent(
  { outside: { bank }, model, world }: Parts,
  { amount, fails = false }: Of<'debit'>,
  { wallet, reference }: Outgoing,
): Promise<void> {
  debited(model, wallet.id, BigInt(amount));
  await pause(world, world.random.integer(0, DEBITED_MS));
  const line = debit(bank, { amount: text(amount), sequenceNumber: reference });
  if (!fails) return;
  await pause(world, CAME_BACK_MS);
  returned(bank, { ofRefNum: line.refNum });
  cameBack(model, BigInt(amount));
  world.trace(() => `bank: ${line.refNum} came back`);
}

/** The provider collects what waits into one payout, tells of it, and the bank shows the money. */
export async function settleAll(parts: Parts, payoutAfterMs: number): Promise<void> {
  const { outside, model, world } = parts;
  if (!waits(outside.moyasar, model.paidTopUps)) return;
  const { settlement, lines } = settle(outside.moyasar, {});
  const payout = expectedCredit(settlement) + outside.carried;
  outside.carried = Math.min(0, payout);
  world.trace(() => `provider: settlement ${settlement.id} of ${String(lines.length)} rows pays ${String(Math.max(0, payout))}`);
  await pause(world, payoutAfterMs);
  if (payout > 0) payOut(parts, payout);
  paidOut(
    model,
    lines.map((line) => line.payment_id),
  );
}

function payOut({ outside }: Parts, payout: number): void {
  const day = new Date(outside.bank.clock.now()).toISOString().slice(0, 10).replaceAll('-', '');
  const narr3 = `${day}SAXXXXXXXX1B${outside.bank.random.digits(14)}`;
  post(outside.bank, {
    amount: text(payout),
    narr1: 'MOYASAR SETTLEMENT',
    narr2: 'TEST MERCHANT',
    narr3,
    prtclrsCode: '17IPS',
  });
  tellOfStatement({ outside });
}

/** Refunded payments alone would be a payout below zero. */
function waits(moyasar: MoyasarState, payments: Parts['model']['paidTopUps']): boolean {
  return [...payments.keys()].some((payment) => moyasar.payments.get(payment)?.settledIn === null);
}

export async function read({ customers }: Parts, wallet: Wallet): Promise<void> {
  const reply = await customers.ask({ method: 'get', path: `/v1/wallets/${wallet.id}`, as: wallet.owner });
  if (reply.status !== 200) throw new Error(`a wallet cannot be read: ${JSON.stringify(reply)}`);
}
