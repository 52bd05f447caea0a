/**
 * How long a customer waits for the money: from the moment at which a transfer is due at the fake bank, which tells of it by webhook, to the
 * wallet's server-sent event. Pages of 20 lines as at the bank; the gateway is one process, the other roles another, bank and streams are here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { makeToken } from '../cli/token.ts';
import { startRole } from '../tests/support/processes.ts';
import { openWallet } from '../tests/support/story.ts';
import type { Wallet } from '../tests/support/story.ts';
import { callApi, startSystem } from '../tests/support/system.ts';
import { atRate, figuresOf, lastLine, table } from './rig.ts';

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

export async function lineToCredit({ rate, seconds, wallets }: LineToCreditOptions): Promise<void> {
  const many = String(wallets + 1);
  const system = await startSystem({
    service: false,
    env: {
      LOG_LEVEL: 'silent',
      SNAPSHOT_MS: '10000',
      STREAMS_PER_OWNER_MAX: many,
      RATE_LIMIT_BURST: '100000',
      RATE_LIMIT_PER_SECOND: '100000',
    },
  });
  const others = await startRole({ role: 'wallet,payments,omnibus', env: system.env });
  const gateway = await startRole({ role: 'gateway', env: system.env });
  const listening = new AbortController();
  try {
    await system.webhooksTo({ payments: others.url, omnibus: others.url });
    const served = {
      ...system,
      call: (path: string, request?: Parameters<typeof callApi>[1]) => callApi(`${gateway.url}${path}`, request),
    };
    const opened: Wallet[] = [];
    for (let index = 0; index < wallets; index += 1) opened.push(await openWallet(served, OWNER));
    const watch = createWatch();
    await Promise.all(
      opened.map((wallet) => listen(`${gateway.url}/v1/wallets/${wallet.id}/events`, (amount) => watch.seen(amount), listening.signal)),
    );
    const transfer = (dueMs: number): void => {
      const wallet = opened[watch.sent() % opened.length];
      if (wallet !== undefined) void system.bank.transfer({ to: wallet.iban, amount: watch.due(dueMs), notify: true });
    };
    await atRate(rate, () => sleep(WARM_UP_MS), transfer); // not counted
    await watch.rest(LAST_MS_MAX);
    watch.forget();
    await atRate(rate, () => sleep(seconds * 1_000), transfer);
    const missing = await watch.rest(LAST_MS_MAX);
    report(rate, watch.latencies(), missing);
  } finally {
    listening.abort();
    await gateway.end('SIGTERM');
    await others.end('SIGTERM');
    await system.stop();
  }
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
async function listen(url: string, seen: (amount: string) => void, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${await makeToken({ owner: OWNER })}` }, signal });
  if (response.body === null || response.status !== 200) throw new Error(`no stream: ${String(response.status)}`);
  void read(response.body, seen).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

async function read(body: ReadableStream<Uint8Array>, seen: (amount: string) => void): Promise<void> {
  let text = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    for (const frame of frames) {
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (data !== undefined && frame.includes('event: transaction')) seen(transaction.parse(JSON.parse(data)).amount);
    }
  }
}
