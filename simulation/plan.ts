/** What a seed means: who does what when, and what goes wrong when. A list, so that a failing one can be made shorter. */
import { seededRandom } from '../mocks/control/random.ts';
import type { Random } from '../mocks/control/random.ts';
import { FATES } from './wires.ts';
import type { Fate } from './wires.ts';

/** `pay another amount`: the provider says that a riyal more was paid than was asked for. */
export type Payment = 'pay' | 'pay another amount' | 'decline' | 'refund' | 'nothing';

export type Step =
  | { readonly do: 'open'; readonly owner: string }
  /** `wallet` null: to a number that nobody was given. `hiddenMs`: so long the bank leaves the line out of its statement. */
  | {
      readonly do: 'transfer';
      readonly wallet: number | null;
      readonly amount: number;
      readonly notify: boolean;
      readonly hiddenMs?: number;
    }
  | { readonly do: 'top-up'; readonly wallet: number; readonly amount: number; readonly then: Payment }
  /** `fails`: the bank pays it out, and it comes back. */
  | { readonly do: 'debit'; readonly wallet: number; readonly amount: number; readonly fails?: boolean }
  | { readonly do: 'settle'; readonly payoutAfterMs: number }
  | { readonly do: 'read'; readonly wallet: number }
  | { readonly do: 'stale webhooks' };

export type Fault =
  | { readonly fault: 'kill' | 'restart'; readonly process: number }
  | { readonly fault: 'pause'; readonly process: number; readonly ms: number }
  | { readonly fault: 'fate'; readonly process: number; readonly fate: Fate; readonly afterCalls: number }
  | { readonly fault: 'redis restarts' | 'redis away' | 'redis slow' | 'mongo away' | 'mongo slow' | 'hints lost'; readonly ms: number }
  | { readonly fault: 'redis loses its tail'; readonly ms: number }
  | { readonly fault: 'mongo errors after writing'; readonly calls: number }
  | { readonly fault: 'webhooks late'; readonly ms: number; readonly byMs: number }
  | { readonly fault: 'providers in trouble'; readonly ms: number; readonly probability: number }
  | { readonly fault: 'clock of redis steps'; readonly ms: number }
  | { readonly fault: 'two owners'; readonly shard: number; readonly ms: number }
  | { readonly fault: 'rules throw' | 'rules kill'; readonly kind: number; readonly ms: number };

export type Item = { readonly atMs: number } & (Step | Fault);

export interface Plan {
  readonly seed: number;
  /** Shards are on servers of their own: messages between them go through outboxes. */
  readonly cluster: boolean;
  /** Roles of each process. */
  readonly processes: readonly (readonly string[])[];
  /** So far a process may be ahead or behind by its wall clock; each start draws anew. */
  readonly clocksOffMs: number;
  /** Probability that a webhook is lost, doubled or late. */
  readonly webhookLoss: number;
  readonly items: readonly Item[];
}

const ALL = ['wallet', 'payments', 'omnibus'];
const ACTIVE_MS = 12_000;
const FAULTY_MS = 17_000;
/** What came later draws from streams of its own: so it changes nothing of what seeds meant before. */
const CLOCKS = 0xc10c5;
const CLOCKS_OFF_MS = 30_000;
const LIES = 0x11e5;
const LIE_PROBABILITY = 0.06;
const MORE = 0x3073e;
const MORE_TRANSFERS = 3;

/** What a seed means now. */
export function planOf(seed: number): Plan {
  const plan = plainPlanOf(seed);
  const clocksOffMs = seededRandom(seed ^ CLOCKS).next() < 1 / 3 ? CLOCKS_OFF_MS : 0;
  const items = [...plan.items, ...moreTransfers(seededRandom(seed ^ MORE), plan)].sort((a, b) => a.atMs - b.atMs);
  return { ...plan, clocksOffMs, items: liedTo(seededRandom(seed ^ LIES), items) };
}

/** What a seed meant at first: the histories of bugs that were found then. */
export function plainPlanOf(seed: number): Plan {
  const random = seededRandom(seed);
  const fleets = [
    [ALL, ALL],
    [ALL, ALL, ALL],
    [['wallet'], ['wallet', 'omnibus'], ['payments', 'omnibus']],
    [ALL, ['wallet']],
  ] as const;
  const processes = pick(random, fleets);
  const steps = stepsOf(random);
  const faults = faultsOf(random, processes.length);
  const items = [...steps, ...faults].sort((a, b) => a.atMs - b.atMs);
  return { seed, cluster: random.next() < 0.3, processes, webhookLoss: pick(random, [0, 0.1, 0.4]), clocksOffMs: 0, items };
}

/** Since a line takes fewer messages, histories have more lines. */
function moreTransfers(random: Random, { items }: Plan): Item[] {
  const wallets = items.filter((item) => !isFault(item) && item.do === 'open').length;
  return Array.from({ length: MORE_TRANSFERS }, (): Item => {
    const [atMs, amount] = [random.integer(1_500, ACTIVE_MS), random.integer(1, 50_000)];
    return { atMs, do: 'transfer', wallet: random.integer(0, wallets - 1), amount, notify: random.next() < 0.6 };
  });
}

/** A few of the payments are reported with another amount. */
function liedTo(random: Random, items: readonly Item[]): Item[] {
  return items.map((item) => {
    const isPaid = !isFault(item) && item.do === 'top-up' && item.then === 'pay';
    return isPaid && random.next() < LIE_PROBABILITY ? { ...item, then: 'pay another amount' } : item;
  });
}

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[random.integer(0, items.length - 1)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

function many(random: Random, least: number, most: number): unknown[] {
  return Array.from({ length: random.integer(least, most) });
}

function stepsOf(random: Random): Item[] {
  const wallets = random.integer(1, 4);
  const at = (): number => random.integer(1_500, ACTIVE_MS);
  const wallet = (): number => random.integer(0, wallets - 1);
  const outcomes = ['pay', 'pay', 'pay', 'refund', 'decline', 'nothing'] as const;
  return [
    ...Array.from({ length: wallets }, (_, n): Item => ({ atMs: random.integer(0, 1_500), do: 'open', owner: `owner-${String(n % 2)}` })),
    ...many(random, 9, 24).map((): Item => {
      const to = random.next() < 0.1 ? null : wallet();
      const hiddenMs = random.next() < 0.05 ? random.integer(1_000, 20_000) : 0;
      return { atMs: at(), do: 'transfer', wallet: to, amount: random.integer(1, 50_000), notify: random.next() < 0.6, hiddenMs };
    }),
    ...many(random, 3, 8).map((): Item => ({
      atMs: at(),
      do: 'top-up',
      wallet: wallet(),
      amount: random.integer(1_000, 90_000),
      then: pick(random, outcomes),
    })),
    ...many(random, 0, 3).map((): Item => ({
      ...{ atMs: at(), do: 'debit', wallet: wallet(), amount: random.integer(1, 20_000), fails: random.next() < 0.3 },
    })),
    ...many(random, 0, 2).map((): Item => ({ atMs: at(), do: 'settle', payoutAfterMs: random.integer(0, 8_000) })),
    ...many(random, 0, 4).map((): Item => ({ atMs: at(), do: 'read', wallet: wallet() })),
    ...many(random, 0, 1).map((): Item => ({ atMs: at(), do: 'stale webhooks' })),
  ];
}

function faultsOf(random: Random, processes: number): Item[] {
  const process = (): number => random.integer(0, processes - 1);
  const ms = (): number => random.integer(200, 9_000);
  const kinds: readonly (() => Fault)[] = [
    () => ({ fault: 'kill', process: process() }),
    () => ({ fault: 'restart', process: process() }),
    () => ({ fault: 'pause', process: process(), ms: ms() }),
    ...FATES.map((fate) => (): Fault => ({ fault: 'fate', process: process(), fate, afterCalls: random.integer(0, 40) })),
    () => ({ fault: pick(random, ['redis restarts', 'redis away', 'redis slow'] as const), ms: ms() }),
    () => ({ fault: pick(random, ['mongo away', 'mongo slow', 'hints lost'] as const), ms: ms() }),
    () => ({ fault: 'redis loses its tail', ms: random.integer(1, 800) }),
    () => ({ fault: 'webhooks late', ms: ms(), byMs: random.integer(1_000, 60_000) }),
    () => ({ fault: 'mongo errors after writing', calls: random.integer(1, 4) }),
    () => ({ fault: 'providers in trouble', ms: ms() * 2, probability: pick(random, [0.1, 0.5]) }),
    () => ({ fault: 'clock of redis steps', ms: random.integer(-30_000, 30_000) }),
    () => ({ fault: 'two owners', shard: random.integer(0, 7), ms: ms() }),
    () => ({ fault: pick(random, ['rules throw', 'rules kill'] as const), kind: random.integer(0, 11), ms: random.integer(100, 3_000) }),
  ];
  return many(random, 3, 12).map((): Item => ({ atMs: random.integer(500, FAULTY_MS), ...pick(random, kinds)() }));
}

export function isFault(item: Item): item is Item & Fault {
  return 'fault' in item;
}
