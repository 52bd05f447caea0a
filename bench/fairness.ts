/**
 * A hot wallet with many waiting entries among quiet ones of the same shard: how long the quiet ones wait for a decision, against the same
 * load without the hot one, before and after it in the same run. The worker is a process of its own, on a Redis with fsync always.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ActorId } from '../engine/message.ts';
import { creditOf, openWallets, walletNumbers } from '../tests/support/deposits.ts';
import type { Looking } from '../tests/support/deposits.ts';
import { atRate, figuresOf, lastLine, perSecond, say, table } from './rig.ts';
import type { Figures } from './rig.ts';
import { withWallets } from './systems.ts';
import type { WalletSystem } from './systems.ts';

export interface FairnessOptions {
  /** Entries that wait in the hot wallet. */
  readonly entries: number;
  /** Quiet wallets of the same shard. */
  readonly others: number;
  /** Entries per second for all quiet wallets together. */
  readonly rate: number;
  /** How long each idle phase takes. */
  readonly seconds: number;
  /** By so much the p99 of the quiet ones may be higher beside the hot one. */
  readonly ratioMax: number;
}

const SENT_AT_ONCE = 1_000;
const DRAIN_MS_MAX = 300_000;
const LAST_ANSWERS_MS = 2_000;
const BACKLOG_LOOK_MS = 200;

export async function fairness(options: FairnessOptions): Promise<void> {
  // One shard: everybody shares it with the hot one. A long lease: the worker is held still while the backlog is made.
  await withWallets('2gb', { SHARDS_WALLET: '1', LEASE_MS: '60000' }, (system) => measure(system, options));
}

async function measure({ worker, looking }: WalletSystem, options: FairnessOptions): Promise<void> {
  const [hot = '', ...others] = walletNumbers(options.others + 1);
  await openWallets(looking, [hot, ...others]);
  const load = createLoad(looking, { others, rate: options.rate });
  const seconds = async (): Promise<void> => sleep(options.seconds * 1_000);
  await load.during(seconds); // not counted: the worker's code warms up
  const before = await load.during(seconds);
  worker.signal('SIGSTOP');
  await fill(looking, hot, options.entries);
  worker.signal('SIGCONT');
  const began = performance.now();
  const busy = await load.during(() => drained(looking, hot));
  const hotPerSecond = perSecond(options.entries, performance.now() - began);
  const after = await load.during(seconds);
  const [idle, beside] = [figuresOf([...before, ...after]), figuresOf(busy)];
  const row = (what: string, { count, p50, p99, max }: Figures): string[] => [what, String(count), ...[p50, p99, max].map(String)];
  table([['quiet wallets', 'decisions', 'p50 ms', 'p99 ms', 'max ms'], row('alone', idle), row('beside the hot one', beside)]);
  say(`the hot wallet: ${String(options.entries)} entries, ${String(hotPerSecond)} per second`);
  const ratio = Math.round((beside.p99 / idle.p99) * 100) / 100;
  const facts = { idleP99Ms: idle.p99, hotP99Ms: beside.p99, ratio, idleP50Ms: idle.p50, hotP50Ms: beside.p50 };
  lastLine({ bench: 'fairness', ...facts, entries: options.entries, hotEntriesPerSecond: hotPerSecond, decisions: beside.count });
  const isFair = ratio <= options.ratioMax; // not so of a ratio that is no number
  if (beside.count === 0 || !isFair) process.exitCode = 1;
}

async function fill({ look }: Looking, hot: string, entries: number): Promise<void> {
  for (let sent = 0; sent < entries; sent += SENT_AT_ONCE) {
    const count = Math.min(SENT_AT_ONCE, entries - sent);
    await look.mailboxes.send(
      Array.from({ length: count }, (_, index) => creditOf(hot, { id: `bench/hot/${String(sent + index)}` })),
      null,
    );
  }
}

async function drained({ look, layout }: Looking, hot: string): Promise<void> {
  const deadline = performance.now() + DRAIN_MS_MAX;
  const waits = async (): Promise<boolean> =>
    (await look.operations.waiting(layout.shardsOf('wallet'), SENT_AT_ONCE)).some(({ actor }) => actor === `virtual-account:${hot}`);
  while (await waits()) {
    if (performance.now() > deadline) throw new Error('the hot wallet was not drained in time');
    await sleep(BACKLOG_LOOK_MS);
  }
}

/** Sends to one quiet wallet after the other at a constant rate, and times each until its owner says that it was committed. */
function createLoad({ look, layout }: Looking, { others, rate }: { readonly others: readonly string[]; readonly rate: number }) {
  const open = new Map<ActorId, number>();
  let latencies: number[] = [];
  let sent = 0;
  look.hints.onCommitted((actors) => {
    const now = performance.now();
    for (const actor of actors) {
      const at = open.get(actor);
      if (at !== undefined) latencies.push(now - at);
      open.delete(actor);
    }
  });
  const sendOne = (dueMs: number): void => {
    const number = others[sent % others.length] ?? '';
    sent += 1;
    const one = creditOf(number, { id: `bench/quiet/${String(sent)}` });
    if (open.has(one.to)) return; // it still waits, and counts for as long as it does
    open.set(one.to, dueMs); // when it was due, not when we came to it
    void look.mailboxes.send([one], null).then(() => {
      look.hints.work(layout.shardsOf('wallet'));
    });
  };
  return {
    async during(work: () => Promise<void>): Promise<number[]> {
      latencies = [];
      await atRate(rate, work, sendOne);
      const deadline = performance.now() + LAST_ANSWERS_MS;
      while (open.size > 0 && performance.now() < deadline) await sleep(1);
      return [...latencies, ...[...open.values()].map((at) => performance.now() - at)];
    },
  };
}
