/**
 * How long a customer waits for the money: from the moment at which a transfer is due at the fake bank, which tells of it by webhook, to the
 * wallet's server-sent event. Pages of 20 lines as at the bank; fakes, gateway and the other roles are processes of their own, customers are here.
 */
import { once } from 'node:events';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { makeToken } from '../cli/token.ts';
import { fakeAnbControl, fakeMoyasarControl } from '../mocks/control/client.ts';
import { openWallet } from '../tests/support/story.ts';
import type { Wallet } from '../tests/support/story.ts';
import { callApi, webhooksTo } from '../tests/support/system.ts';
import { atRate, figuresOf, lastLine, table } from './rig.ts';
import { withEverything } from './systems.ts';
import type { WholeSystem } from './systems.ts';

export interface LineToCreditOptions {
  /** Lines per second. */
  readonly rate: number;
  readonly seconds: number;
  /** Each with a stream. */
  readonly wallets: number;
}

const OWNER = 'bench';
const WARM_UP_MS = 15_000;
const LAST_MS_MAX = 10_000;
const SMALLEST = 100;

export async function lineToCredit(options: LineToCreditOptions): Promise<void> {
  await withEverything({ STREAMS_PER_OWNER_MAX: String(options.wallets + 1) }, (system) => measure(system, options));
}

async function measure({ gateway, others, ...fakes }: WholeSystem, { rate, seconds, wallets }: LineToCreditOptions): Promise<void> {
  const bank = fakeAnbControl(fakes.bank);
  await webhooksTo({ bank, moyasar: fakeMoyasarControl(fakes.moyasar) }, { payments: others.url, omnibus: others.url });
  const system = { call: (path: string, request?: Parameters<typeof callApi>[1]) => callApi(`${gateway.url}${path}`, request) };
  const opened: Wallet[] = [];
  for (let index = 0; index < wallets; index += 1) opened.push(await openWallet(system, OWNER));
  const watch = createWatch();
  const streams = await Promise.all(
    opened.map(({ id }) => listen(`${gateway.url}/v1/wallets/${id}/events`, (amount) => watch.seen(amount))),
  );
  const transfer = (dueMs: number): void => {
    const wallet = opened[watch.sent() % opened.length];
    if (wallet !== undefined) void bank.transfer({ to: wallet.iban, amount: watch.due(dueMs), notify: true });
  };
  await atRate(rate, () => sleep(WARM_UP_MS), transfer); // not counted
  await watch.rest(LAST_MS_MAX);
  watch.forget();
  await atRate(rate, () => sleep(seconds * 1_000), transfer);
  const missing = await watch.rest(LAST_MS_MAX);
  for (const stream of streams) stream.destroy();
  report(rate, watch.latencies(), missing);
}

function report(rate: number, latencies: readonly number[], missing: number): void {
  const { count, p50, p99, max } = figuresOf(latencies);
  table([
    ['rate', 'credited', 'p50 ms', 'p99 ms', 'max ms', 'missing'],
    [`${String(rate)}/s`, ...[count, p50, p99, max, missing].map(String)],
  ]);
  lastLine({ bench: 'line-to-credit', rate, p50Ms: p50, p99Ms: p99, maxMs: max, credited: count, missing });
  if (missing > 0) process.exitCode = 1;
}

/** Every line has an amount of its own: it names the line in the event. */
function createWatch() {
  const open = new Map<string, number>();
  let latencies: number[] = [];
  let sent = 0;
  return {
    sent: () => sent,
    due(dueMs: number): string {
      const halalas = SMALLEST + sent;
      sent += 1;
      const amount = (halalas / 100).toFixed(2);
      open.set(amount, dueMs);
      return amount;
    },
    seen(amount: string): void {
      const dueMs = open.get(amount);
      if (dueMs !== undefined) latencies.push(performance.now() - dueMs);
      open.delete(amount);
    },
    forget: () => void (latencies = []),
    latencies: () => latencies,
    /** Waits for what is under way; how many never came. */
    async rest(msMax: number): Promise<number> {
      const deadline = performance.now() + msMax;
      while (open.size > 0 && performance.now() < deadline) await sleep(1);
      return open.size;
    },
  };
}

const transaction = z.object({ amount: z.string() });

/** Resolves when the stream is open, and then calls `seen` with the amount of every transaction. */
async function listen(url: string, seen: (amount: string) => void): Promise<IncomingMessage> {
  const request = get(url, { headers: { authorization: `Bearer ${await makeToken({ owner: OWNER })}` } });
  const [stream] = (await once(request, 'response')) as [IncomingMessage];
  if (stream.statusCode !== 200) throw new Error(`no stream: ${String(stream.statusCode)}`);
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const frames = `${text}${chunk}`.split('\n\n');
    text = frames.pop() ?? '';
    for (const frame of frames) {
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (data !== undefined && frame.includes('event: transaction')) seen(transaction.parse(JSON.parse(data)).amount);
    }
  });
  return stream;
}
