// `ironwallet load`: many deposits into a running system as its users would make them, compared wallet by wallet with an own tally.
import PQueue from 'p-queue';
import { fakeAnbControl } from '../mocks/control/client.ts';
import { api, at } from './demo/api.ts';
import { say, sayJson } from './text.ts';

export interface LoadOptions {
  readonly wallets: number;
  readonly deposits: number;
  readonly concurrency: number;
  readonly url: string;
  readonly ops?: string;
  readonly bank: string;
}

interface Opened {
  readonly owner: string;
  readonly id: string;
  /** Halalas that our deposits must have brought, by the own tally. */
  expected: bigint;
}

const WALLETS_PER_OWNER = 100;
/** Wallets get from 1.25 to 500.25 a deposit, so that a mixed-up one shows. */
const AMOUNTS = 500;
const WAIT_MS_MAX = 30 * 60 * 1000;
const LOOK_MS = 500;
const OPERATOR = { as: 'load-operator', scope: 'ops' } as const;

/** Exit code 1 when a deposit was lost or doubled, or the proof's difference is not zero. */
export async function load(options: LoadOptions): Promise<void> {
  const run = Date.now().toString(36);
  const queue = new PQueue({ concurrency: options.concurrency });
  const begun = performance.now();
  const wallets = await openWallets(run, options, queue);
  say(`${String(wallets.length)} wallets are open after ${seconds(begun)} s`);
  const made = performance.now();
  await makeDeposits(wallets, options, queue);
  say(`${String(options.deposits)} deposits are on the statement after ${seconds(made)} s`);
  const { lost, doubled } = await credited(wallets, options, queue);
  const rate = Math.round((options.deposits * 1000) / (performance.now() - made));
  const difference = await proofDifference(options);
  sayJson({
    wallets: wallets.length,
    deposits: options.deposits,
    seconds: Number(seconds(made)),
    perSecond: rate,
    lost,
    doubled,
    proofDifference: difference,
  });
  if (lost > 0 || doubled > 0 || difference !== '0.00') process.exitCode = 1;
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

function openWallets(run: string, { wallets, url }: LoadOptions, queue: PQueue): Promise<Opened[]> {
  const open = async (index: number): Promise<Opened> => {
    const owner = `load-${run}-${String(Math.floor(index / WALLETS_PER_OWNER))}`;
    const { body } = await api(`${url}/v1/wallets`, { as: owner, key: `wallet-${String(index)}`, body: {} });
    return { owner, id: at(body, 'id'), expected: 0n };
  };
  return queue.addAll(Array.from({ length: wallets }, (_, index) => () => open(index)));
}

/** As many for each wallet; the own tally is what this client asked for, never what anybody answered. */
async function makeDeposits(wallets: readonly Opened[], { deposits, bank }: LoadOptions, queue: PQueue): Promise<void> {
  const control = fakeAnbControl(bank);
  await queue.addAll(
    wallets.map((wallet, index) => async () => {
      const count = Math.floor(deposits / wallets.length) + (index < deposits % wallets.length ? 1 : 0);
      const amount = `${String(1 + (index % AMOUNTS))}.25`;
      if (count > 0) await control.bulk({ count, numbers: [wallet.id], amountFrom: amount, amountTo: amount });
      wallet.expected += BigInt(amount.replace('.', '')) * BigInt(count);
    }),
  );
  await control.send('statement.created', {});
}

/** Looks at every wallet through the gateway until each has what it must have, or nothing has moved for a while. */
async function credited(wallets: readonly Opened[], { url }: LoadOptions, queue: PQueue): Promise<{ lost: number; doubled: number }> {
  const deadline = performance.now() + WAIT_MS_MAX;
  let missing = [...wallets];
  const has = async (wallet: Opened): Promise<bigint> => {
    const { body } = await api(`${url}/v1/wallets/${wallet.id}`, { as: wallet.owner });
    return BigInt(at(body, 'available', 'amount').replace('.', ''));
  };
  while (missing.length > 0 && performance.now() < deadline) {
    const seen = await queue.addAll(missing.map((wallet) => async () => ({ wallet, short: (await has(wallet)) < wallet.expected })));
    missing = seen.filter(({ short }) => short).map(({ wallet }) => wallet);
    if (missing.length > 0) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  const last = await queue.addAll(wallets.map((wallet) => async () => (await has(wallet)) - wallet.expected));
  return { lost: last.filter((over) => over < 0n).length, doubled: last.filter((over) => over > 0n).length };
}

const PROOFS_MAX = 20;

async function proofDifference({ ops, url }: LoadOptions): Promise<string> {
  let difference = '';
  for (let looks = 0; looks < PROOFS_MAX; looks += 1) {
    const { body } = await api(`${ops ?? url}/ops/v1/position`, OPERATOR);
    difference = at(body, 'difference', 'SAR');
    if (at(body, 'proven') === 'true') break;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return difference;
}
