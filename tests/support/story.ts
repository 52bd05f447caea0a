/** What the end-to-end tests have their users do, in the words of the domain. */
import { eventually } from './system.ts';
import type { Reply, Request, TestSystem } from './system.ts';

const OPERATOR = { as: 'olga', scope: 'ops' } as const;

export interface Wallet {
  readonly owner: string;
  readonly id: string;
  readonly iban: string;
}

export interface TopUp {
  readonly id: string;
  readonly invoiceId: string;
}

let keys = 0;

/** A fresh idempotency key. */
export function nextKey(): string {
  keys += 1;
  return `key-${String(keys)}`;
}

export function field(body: unknown, ...path: readonly (string | number)[]): unknown {
  let value: unknown = body;
  for (const name of path)
    value = typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === String(name))?.[1] : undefined;
  return value;
}

/** A command as clients are told to give it: an outcome that was not known in time is asked for with the same key. */
export async function decided(system: Pick<TestSystem, 'call'>, path: string, request: Request): Promise<Reply> {
  for (;;) {
    const reply = await system.call(path, request);
    if (reply.body['code'] !== 'outcome_unknown') return reply;
  }
}

export async function openWallet(system: Pick<TestSystem, 'call'>, owner: string): Promise<Wallet> {
  const { status, body } = await decided(system, '/v1/wallets', { as: owner, key: nextKey(), body: {} });
  if (status !== 201) throw new Error(`no wallet was opened: ${JSON.stringify(body)}`);
  return { owner, id: String(body['id']), iban: String(body['iban']) };
}

/** Asks for a top-up and follows its checkout to the provider's invoice. */
export async function askTopUp(system: TestSystem, wallet: Wallet, amount = '100.00'): Promise<TopUp> {
  const request = { as: wallet.owner, key: nextKey(), body: { amount, currency: 'SAR' } };
  const asked = await decided(system, `/v1/wallets/${wallet.id}/top-ups`, request);
  if (asked.status !== 201) throw new Error(`no top-up: ${JSON.stringify(asked.body)}`);
  const id = String(asked.body['id']);
  return { id, invoiceId: await invoiceOf(system, id) };
}

/** The provider's invoice that a top-up's checkout leads to. */
export async function invoiceOf(system: Pick<TestSystem, 'call'>, topUpId: string): Promise<string> {
  const page = await system.call(`/checkout/${topUpId}`);
  return /invoices\/([\w-]+)/.exec(page.headers.get('location') ?? '')?.[1] ?? '';
}

/** A top-up that was paid by card and is pending. */
export async function pendingTopUp(system: TestSystem, wallet: Wallet, amount = '100.00'): Promise<TopUp & { readonly paymentId: string }> {
  const topUp = await askTopUp(system, wallet, amount);
  const { id } = await system.moyasar.pay(topUp.invoiceId);
  await topUpIs(system, wallet, { id: topUp.id, status: 'processing' });
  return { ...topUp, paymentId: id };
}

export async function topUpIs(
  system: TestSystem,
  wallet: Wallet,
  { id, status }: { readonly id: string; readonly status: string },
): Promise<void> {
  await eventually(
    () => system.call(`/v1/wallets/${wallet.id}/top-ups/${id}`, { as: wallet.owner }),
    ({ body }) => body['status'] === status,
  );
}

export interface Balances {
  readonly available?: string;
  readonly pending?: string;
  readonly owing?: string;
}

export async function walletHas(system: TestSystem, wallet: Wallet, wanted: Balances): Promise<void> {
  await eventually(
    () => system.call(`/v1/wallets/${wallet.id}`, { as: wallet.owner }),
    ({ body }) => Object.entries(wanted).every(([balance, amount]) => field(body, balance, 'amount') === amount),
  );
}

/** Pays out what a settlement says, or another amount, and tells the service to look at the statement. */
export async function payOut(system: TestSystem, amount: string): Promise<void> {
  await system.bank.payout({ amount, notify: true });
}

export function ops(system: TestSystem, path: string, body?: unknown): Promise<Reply> {
  return system.call(`/ops/v1${path}`, body === undefined ? OPERATOR : { ...OPERATOR, key: nextKey(), body });
}

/** The break of this reason whose id ends so; waits until it has the status. */
export async function breakIs(
  system: TestSystem,
  { reason, status }: { readonly reason: string; readonly status: string },
  end = '',
): Promise<string> {
  const isIt = (item: unknown): boolean => String(field(item, 'id')).endsWith(end) && field(item, 'status') === status;
  const seen = await eventually(
    () => ops(system, `/breaks?reason=${reason}`),
    ({ body }) => itemsOf(body).some(isIt),
  );
  return String(field(itemsOf(seen.body).find(isIt), 'id'));
}

export function itemsOf(body: Record<string, unknown>): readonly unknown[] {
  const items = body['items'];
  return Array.isArray(items) ? items : [];
}

/** The ledger agrees with the bank, the wallets, the payments and what waits. */
export async function proven(system: TestSystem): Promise<void> {
  await eventually(
    () => ops(system, '/position'),
    ({ body }) => body['proven'] === true && Object.values(body['difference'] ?? {}).every((one) => one === '0.00' || one === '0.000'),
  );
}

/** What the ledger holds in a class, debit positive. */
export async function ledgerHas(system: TestSystem, account: string, amount: string): Promise<void> {
  await eventually(
    () => ops(system, '/position'),
    ({ body }) => {
      const classes = body['classes'];
      const line: unknown = Array.isArray(classes) ? classes.find((one) => field(one, 'account') === account) : undefined;
      return field(line, 'ledger') === amount;
    },
  );
}
