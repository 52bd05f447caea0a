/**
 * Whole lives of card top-ups per second: request -> checkout -> paid at the provider -> webhook -> settlement -> bank line -> paid. Four HTTP round
 * trips of a customer each; fakes, gateway and the other roles are processes of their own, customers are here.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { makeToken } from '../cli/token.ts';
import { fakeAnbControl, fakeMoyasarControl } from '../mocks/control/client.ts';
import { creditedOf, settledPosition } from '../tests/support/deposits.ts';
import { webhooksTo } from '../tests/support/system.ts';
import { lastLine, perSecond, table, until } from './rig.ts';
import { countSpent } from './spent.ts';
import { withEverything } from './systems.ts';
import type { WholeSystem } from './systems.ts';

export interface TopUpsOptions {
  readonly topUps: number;
  /** Customers at a time. */
  readonly customers: number;
  /** At most 100 top-ups of a wallet may be open. */
  readonly wallets: number;
}

const OWNER = 'bench';
const AMOUNT = 10_000n;
const SETTLE_EVERY_MS = 1_000;
const PAID_MS_MAX = 300_000;
const CHECKOUT_LOOK_MS = 20;

const opened = z.object({ id: z.string() });
const requested = z.object({ id: z.string(), checkoutUrl: z.string() });

type Controls = { readonly moyasar: ReturnType<typeof fakeMoyasarControl>; readonly bank: ReturnType<typeof fakeAnbControl> };

export async function topUps(options: TopUpsOptions): Promise<void> {
  await withEverything({}, (system) => measure(system, options));
}

async function measure({ gateway, others, looking, processes, ...fakes }: WholeSystem, options: TopUpsOptions): Promise<void> {
  const controls = { moyasar: fakeMoyasarControl(fakes.moyasar), bank: fakeAnbControl(fakes.bank) };
  await webhooksTo(controls, { payments: others.url, omnibus: others.url });
  const ask = await askAt(gateway.url);
  const wallets: string[] = [];
  for (let index = 0; index < options.wallets; index += 1) wallets.push(opened.parse(await ask('/v1/wallets', {})).id);
  const spent = await countSpent({ redis: looking.look.redis, self: 'the customers', processes });
  const begun = performance.now();
  await live({ ask, controls, wallets, gateway: gateway.url }, options);
  const wanted = AMOUNT * BigInt(options.topUps);
  await until(async () => (await creditedOf(looking)) >= wanted, PAID_MS_MAX, 'all top-ups paid');
  const ms = performance.now() - begun;
  const { parts } = await spent();
  const { differences } = await settledPosition(looking.ports);
  const proven = [...differences.values()].every((one) => one === 0n);
  report(options, { rate: perSecond(options.topUps, ms), parts, proven });
}

interface Result {
  readonly rate: number;
  /** Microseconds of processors by part, of all top-ups together. */
  readonly parts: ReadonlyMap<string, number>;
  readonly proven: boolean;
}

function report({ topUps: count, customers }: TopUpsOptions, { rate, parts, proven }: Result): void {
  table([
    ['top-ups', 'customers at a time', 'per second'],
    [String(count), String(customers), String(rate)],
  ]);
  const microsEach = [...parts].map(([part, micros]) => [part, Math.round(micros / count)] as const);
  table([['processor time', 'µs per top-up'], ...microsEach.map(([part, micros]) => [part, String(micros)])]);
  lastLine({ bench: 'top-ups', topUpsPerSecond: rate, microsPerTopUp: Object.fromEntries(microsEach), topUps: count, proven });
  if (!proven) process.exitCode = 1;
}

type Ask = (path: string, body: object) => Promise<unknown>;

async function askAt(url: string): Promise<Ask> {
  const authorization = `Bearer ${await makeToken({ owner: OWNER, ttlSeconds: 3_600 })}`;
  return async (path, body) => {
    const headers = { authorization, 'content-type': 'application/json', 'idempotency-key': randomUUID() };
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (response.status !== 201) throw new Error(`${path}: ${String(response.status)} ${await response.text()}`);
    return response.json();
  };
}

interface Lives {
  readonly ask: Ask;
  readonly controls: Controls;
  readonly wallets: readonly string[];
  readonly gateway: string;
}

/** Customers one after the other, so many at a time; the provider settles every second, and once more when all have paid. */
async function live(lives: Lives, { topUps: count, customers }: TopUpsOptions): Promise<void> {
  let next = 0;
  const customer = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await one(lives, lives.wallets[next % lives.wallets.length] ?? '');
    }
  };
  const state = { done: false };
  const settling = settleEvery(lives.controls, state);
  await Promise.all(Array.from({ length: customers }, customer));
  state.done = true;
  await settling;
  await settle(lives.controls);
}

async function one({ ask, controls, gateway }: Lives, wallet: string): Promise<void> {
  const { checkoutUrl } = requested.parse(await ask(`/v1/wallets/${wallet}/top-ups`, { amount: '100.00', currency: 'SAR' }));
  const page = `${gateway}${new URL(checkoutUrl).pathname}`;
  for (;;) {
    const { headers } = await fetch(page, { redirect: 'manual' });
    const invoice = /invoices\/([\w-]+)/.exec(headers.get('location') ?? '')?.[1];
    if (invoice === undefined) await sleep(CHECKOUT_LOOK_MS);
    else {
      await controls.moyasar.pay(invoice);
      return;
    }
  }
}

async function settleEvery(controls: Controls, state: { readonly done: boolean }): Promise<void> {
  while (!state.done) {
    await sleep(SETTLE_EVERY_MS);
    await settle(controls);
  }
}

async function settle({ moyasar, bank }: Controls): Promise<void> {
  const settled = await moyasar.settle().catch(() => null); // nothing to settle
  if (settled !== null) await bank.payout({ amount: settled.expectedCreditText, notify: true });
}
