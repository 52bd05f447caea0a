/**
 * A scenario of one's own: a file that says who does what when, what goes wrong when, and what must come out. Amounts are decimals of SAR, times
 * milliseconds from the beginning. It runs as histories from seeds do, and every invariant is checked as there.
 */
import { z } from 'zod';
import { formatDecimal, parseDecimal } from '../actors/decimal.ts';
import { KINDS } from '../actors/kinds.ts';
import { runScene, walletOf } from './history.ts';
import type { History } from './history.ts';
import type { Item, Plan } from './plan.ts';
import type { Scene } from './scene.ts';
import { FATES } from './wires.ts';

const DIGITS = 2;
const DAY_MS = 86_400_000;
const ITEMS_MAX = 1_000;

const time = z.int().min(0).max(DAY_MS);
const index = z.int().min(0);
const amount = z.string().transform((text, context) => {
  const minor = parseDecimal(text, DIGITS);
  if (minor !== null && minor > 0n && minor < 10n ** 11n) return Number(minor);
  context.addIssue({ code: 'custom', message: 'is no amount such as "120.50", at most 999999999.99' });
  return z.NEVER;
});
const kind = z.enum(KINDS.map(({ name }) => name)).transform((name) => KINDS.findIndex((one) => one.name === name));

const step = <D extends string, S extends z.ZodRawShape>(name: D, shape: S) =>
  z.strictObject({ atMs: time, do: z.literal(name), ...shape });
const fault = <F extends string, S extends z.ZodRawShape>(name: F, shape: S) =>
  z.strictObject({ atMs: time, fault: z.literal(name), ...shape });

const STEPS = z.discriminatedUnion('do', [
  step('open', { owner: z.string().min(1) }),
  step('transfer', { wallet: index.nullable(), amount, notify: z.boolean().default(true), hiddenMs: time.default(0) }),
  step('top-up', { wallet: index, amount, then: z.enum(['pay', 'pay another amount', 'decline', 'refund', 'nothing']).default('pay') }),
  step('debit', { wallet: index, amount, fails: z.boolean().default(false) }),
  step('settle', { payoutAfterMs: time.default(0) }),
  step('read', { wallet: index }),
  step('stale webhooks', {}),
]);

const FAULTS = z.discriminatedUnion('fault', [
  fault('kill', { process: index }),
  fault('restart', { process: index }),
  fault('pause', { process: index, ms: time }),
  fault('fate', { process: index, fate: z.enum(FATES), afterCalls: index }),
  fault('redis restarts', { ms: time }),
  fault('redis away', { ms: time }),
  fault('redis slow', { ms: time }),
  fault('redis loses its tail', { ms: time }),
  fault('mongo away', { ms: time }),
  fault('mongo slow', { ms: time }),
  fault('mongo errors after writing', { calls: index }),
  fault('hints lost', { ms: time }),
  fault('webhooks late', { ms: time, byMs: time }),
  fault('providers in trouble', { ms: time, probability: z.number().min(0).max(1) }),
  fault('clock of redis steps', { ms: z.int().min(-DAY_MS).max(DAY_MS) }),
  fault('two owners', { shard: index, ms: time }),
  fault('rules throw', { kind, ms: time }),
  fault('rules kill', { kind, ms: time }),
]);

/** One of the two by what it has: a union of both would say no more than "invalid". */
const item = z.looseObject({}).transform((value, context): Item => {
  const parsed = ('fault' in value ? FAULTS : STEPS).safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path: [...path], message });
  return z.NEVER;
});

const balance = z.strictObject({ available: z.string(), pending: z.string().default('0.00') });

const file = z.strictObject({
  about: z.string().describe('What it shows, for people.'),
  seed: z.int().min(0).default(1),
  cluster: z.boolean().default(false),
  processes: z
    .array(z.array(z.enum(['wallet', 'payments', 'omnibus'])).min(1))
    .min(1)
    .max(8)
    .default([
      ['wallet', 'payments', 'omnibus'],
      ['wallet', 'payments', 'omnibus'],
    ]),
  webhookLoss: z.number().min(0).max(1).default(0),
  clocksOffMs: time.default(0),
  items: z.array(item).min(1).max(ITEMS_MAX),
  expect: z
    .strictObject({
      wallets: z.array(balance).describe('In the order in which they are opened.'),
      breaks: z.array(z.string()).describe('`<reason> <status>` of each, sorted.'),
    })
    .partial()
    .default({}),
});

export interface Scenario {
  readonly about: string;
  readonly plan: Plan;
  readonly expect: z.output<typeof file>['expect'];
}

export interface ScenarioResult {
  readonly history: History;
  /** Nothing of a history that failed. */
  readonly wallets: readonly { readonly number: string; readonly available: string; readonly pending: string }[];
  readonly breaks: readonly string[];
  /** What is not as the scenario says; empty when all is, and every invariant was kept. */
  readonly problems: readonly string[];
}

/** Throws an error whose message names every field that is wrong. */
export function parseScenario(text: string): Scenario {
  const parsed = file.safeParse(jsonOf(text));
  if (!parsed.success) throw new Error(parsed.error.issues.map(({ path, message }) => `${z.core.toDotPath(path)}: ${message}`).join('\n'));
  const { about, expect, items: unordered, ...plan } = parsed.data;
  const items = [...unordered].sort((a, b) => a.atMs - b.atMs);
  const wallets = items.filter((one) => 'do' in one && one.do === 'open').length;
  for (const one of items) {
    const nobody = 'wallet' in one && one.wallet !== null && one.wallet >= wallets;
    if (nobody) throw new Error(`wallet ${String(one.wallet)} is never opened: there are ${String(wallets)}, counted from 0`);
  }
  return { about, expect, plan: { ...plan, items } };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Error(`not JSON: ${cause instanceof Error ? cause.message : ''}`, { cause });
  }
}

export async function runScenario({ plan, expect }: Scenario, write: ((line: string) => void) | null = null): Promise<ScenarioResult> {
  const { history, scene } = await runScene(plan, write);
  if (history.failure !== null) return { history, wallets: [], breaks: [], problems: [history.failure.message] };
  const wallets = await Promise.all(scene.story.wallets.map(async (wallet) => told(scene, (await wallet).id)));
  const breaks = await breaksOf(scene);
  const found = { wallets: wallets.map(({ available, pending }) => ({ available, pending })), breaks };
  const differing = (['wallets', 'breaks'] as const).filter(
    (what) => expect[what] !== undefined && JSON.stringify(expect[what]) !== JSON.stringify(found[what]),
  );
  const problems = differing.map((what) => `${what}: ${JSON.stringify(found[what])}, not ${JSON.stringify(expect[what])}`);
  return { history, wallets, breaks, problems };
}

async function told(scene: Scene, number: string) {
  const { available, pending } = await walletOf(scene, number);
  return { number, available: formatDecimal(available, DIGITS), pending: formatDecimal(pending, DIGITS) };
}

const LISTED_MS = 5_000;
const listed = z.object({ items: z.array(z.object({ reason: z.string(), status: z.string() })) });

/** As operators see them, a moment later: what is listed comes behind. */
async function breaksOf({ world, customers }: Scene): Promise<string[]> {
  const answer: { items: string[] | null } = { items: null };
  const ask = async (): Promise<void> => {
    const { body } = await customers.ask({ method: 'get', path: '/ops/v1/breaks', as: 'olga', scope: 'ops' });
    answer.items = listed.parse(body).items.map(({ reason, status }) => `${reason} ${status}`);
  };
  world.at(LISTED_MS, () => void ask());
  while (answer.items === null && (await world.step()));
  return [...(answer.items ?? [])].sort();
}
