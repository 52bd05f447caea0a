// `ironwallet load`: many deposits into a running system as its users would make them, compared wallet by wallet with an own tally.
import { setTimeout as sleep } from 'node:timers/promises';
import PQueue from 'p-queue';
import { fakeAnbControl } from '../mocks/control/client.ts';
import { api, at, stubborn } from './demo/api.ts';
import { depositsOf, eachOf, expectedOf, judge, rounds } from './load/tally.ts';
import type { LoadWallet, Verdict } from './load/tally.ts';
import { say, sayJson } from './text.ts';

export interface LoadOptions {
  readonly wallets: number;
  readonly deposits: number;
  readonly concurrency: number;
  readonly url: string;
  readonly ops?: string;
  readonly bank: string;
}

interface Run extends LoadOptions {
  readonly queue: PQueue;
}

const WALLETS_PER_OWNER = 100;
const DEPOSITS_PER_CALL = 10;
const LOOK_MS = 500;
/** Nothing was credited for so long: what is missing will not come. */
const STILL_MS_MAX = 60_000;
const SAMPLE = 20;
const PROOF_MS_MAX = 60_000;
const OPERATOR = { as: 'load-operator', scope: 'ops' } as const;

/** Exit code 1 when a deposit was lost or doubled, or the proof's difference is not zero. */
export async function load(options: LoadOptions): Promise<void> {
  const run: Run = { ...options, queue: new PQueue({ concurrency: options.concurrency }) };
  await Promise.all([api(`${run.url}/livez`), api(`${run.ops ?? run.url}/livez`), fakeAnbControl(run.bank).balance()]);
  const begun = performance.now();
  const wallets = await openWallets(run);
  say(`${String(wallets.length)} wallets are open after ${seconds(begun)} s`);
  const made = performance.now();
  await makeDeposits(wallets, run);
  say(`${String(run.deposits)} deposits are on the statement after ${seconds(made)} s`);
  await credited(wallets, run);
  const took = seconds(made);
  const verdict = judge(await balances(wallets, run));
  const proof = await proven(run);
  sayJson(result(run, { ...verdict, ...proof, seconds: took }));
  if (!proof.proven) process.stderr.write('the position was not proven: see ironwallet proof\n');
  if (verdict.lost > 0 || verdict.doubled > 0 || !proof.proven) process.exitCode = 1;
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

function result({ wallets, deposits }: Run, { lost, doubled, difference, seconds: took }: Verdict & Proof & { readonly seconds: string }) {
  const perSecond = Math.round(deposits / Math.max(0.1, Number(took)));
  return { wallets, deposits, seconds: Number(took), perSecond, lost, doubled, proofDifference: difference };
}

/** Owners are limited to so many wallets, so there are several. */
function openWallets(run: Run): Promise<LoadWallet[]> {
  const name = Date.now().toString(36);
  const open = async (index: number): Promise<LoadWallet> => {
    const owner = `load-${name}-${String(Math.floor(index / WALLETS_PER_OWNER))}`;
    const { body } = await stubborn(() => api(`${run.url}/v1/wallets`, { as: owner, key: `wallet-${String(index)}`, body: {} }));
    return { owner, id: at(body, 'id'), each: eachOf(index), deposits: depositsOf(index, run) };
  };
  return run.queue.addAll(Array.from({ length: run.wallets }, (_, index) => () => open(index)));
}

async function makeDeposits(wallets: readonly LoadWallet[], { bank, queue }: Run): Promise<void> {
  const control = fakeAnbControl(bank);
  const make = ({ wallet, count }: { readonly wallet: LoadWallet; readonly count: number }) => {
    const amount = `${(wallet.each / 100n).toString()}.${(wallet.each % 100n).toString().padStart(2, '0')}`;
    return control.bulk({ count, numbers: [wallet.id], amountFrom: amount, amountTo: amount });
  };
  await queue.addAll(rounds(wallets, DEPOSITS_PER_CALL).map((one) => () => make(one)));
  await control.send('statement.created', {});
}

/** What each wallet has, as its owner sees it through the gateway. */
function balances(wallets: readonly LoadWallet[], { url, queue }: Run): Promise<[LoadWallet, bigint][]> {
  const look = async (wallet: LoadWallet): Promise<[LoadWallet, bigint]> => {
    const { body } = await stubborn(() => api(`${url}/v1/wallets/${wallet.id}`, { as: wallet.owner }));
    return [wallet, BigInt(at(body, 'available', 'amount').replace('.', ''))];
  };
  return queue.addAll(wallets.map((wallet) => () => look(wallet)));
}

/** Waits until each has what it must have, or nothing moves any more. Few are looked at often, all only when those are done. */
async function credited(wallets: readonly LoadWallet[], run: Run): Promise<void> {
  let missing: readonly LoadWallet[] = wallets;
  let seen = '';
  let movedAt = performance.now();
  while (missing.length > 0 && performance.now() - movedAt < STILL_MS_MAX) {
    const sample = await balances(spread(missing), run);
    const isShort = ([wallet, available]: readonly [LoadWallet, bigint]): boolean => available < expectedOf(wallet);
    const now = sample.map(([{ id }, available]) => `${id} ${available.toString()}`).join();
    if (now !== seen) movedAt = performance.now();
    seen = now;
    if (sample.some(isShort)) await sleep(LOOK_MS);
    else missing = (await balances(missing, run)).filter(isShort).map(([wallet]) => wallet);
  }
}

/** A few of them, evenly over the list. */
function spread(wallets: readonly LoadWallet[]): LoadWallet[] {
  const step = Math.max(1, Math.floor(wallets.length / SAMPLE));
  return wallets.filter((_, index) => index % step === 0);
}

interface Proof {
  readonly proven: boolean;
  readonly difference: string;
}

/** Asked again while money still moves. */
async function proven({ ops, url }: Run): Promise<Proof> {
  const deadline = performance.now() + PROOF_MS_MAX;
  for (;;) {
    const { body } = await stubborn(() => api(`${ops ?? url}/ops/v1/position`, OPERATOR));
    const proof = { proven: at(body, 'proven') === 'true', difference: at(body, 'difference', 'SAR') };
    if (proof.proven || performance.now() > deadline) return proof;
    await sleep(LOOK_MS);
  }
}
