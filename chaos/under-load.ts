/** Load, something that happens in the middle of it, rest, reconciliation: the same for every fault and every form of Redis. */
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../mocks/control/random.ts';
import type { Random } from '../mocks/control/random.ts';
import type { Looking } from '../tests/support/deposits.ts';
import { atRest, lostPromises, repeatAll, settleAll } from './checks.ts';
import { openWallets, startLoad } from './client.ts';
import { spareInvoices } from './invoices.ts';
import { emptyLedger } from './ledger.ts';
import type { Ledger } from './ledger.ts';
import type { Outside } from './stage.ts';
import { failed, isClean } from './verdict.ts';
import type { Judging } from './verdict.ts';

export interface UnderLoadOptions {
  readonly stage: Outside;
  readonly looking: Looking;
  readonly seed: number;
  /** Counts the rounds on the stage, and names what the clients of this one do. */
  readonly number: number;
  /** Of the rounds before on the same stage. */
  readonly before: readonly Ledger[];
  /** As of a `Fault`. */
  readonly losesTail: boolean;
  readonly repeatsCalls: boolean;
  /** As of the load. */
  readonly readsGrow: boolean;
}

/** What happens has the client's ledger for what it asks, pays or sends by itself. */
export interface Middle {
  readonly ledger: Ledger;
  readonly random: Random;
  /** For the report: one line. */
  readonly note: (text: string) => void;
}

export interface Outcome {
  readonly seed: number;
  readonly ok: boolean;
  /** Deposits, top-ups, debits and openings. */
  readonly effects: number;
  readonly lost: number;
  readonly doubled: number;
  /** Acknowledged commands that the fault took by definition; repeated with their keys they have one effect. */
  readonly tail: readonly string[];
  readonly restMs: number;
  readonly unknown: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
  readonly wrong: readonly string[];
  readonly ledger: Ledger;
}

const LEAD_MS = 2_500;
const AFTER_MS = 3_000;
const ANSWERED_MS_MAX = 90_000;
const REST_MS_MAX = 120_000;

/** Wallets are open and the load runs when `happen` is called; it goes on for a while after. What `happen` throws is a wrong of the round. */
export async function underLoad(options: UnderLoadOptions, happen: (middle: Middle) => Promise<void>): Promise<Outcome> {
  const { stage, looking, seed, number, before, losesTail, repeatsCalls, readsGrow } = options;
  const random = seededRandom(seed);
  const ledger = emptyLedger();
  const load = { stage, ledger, random: seededRandom(seed + 1), name: `r${String(number)}-${String(seed)}`, losesTail, readsGrow };
  await openWallets(load);
  const running = startLoad(load);
  const notes: string[] = [];
  const wrong: string[] = [];
  const middle = { ledger, random, note: (text: string) => void notes.push(text) };
  await happen(middle).catch((error: unknown) => wrong.push(`the fault itself failed: ${String(error)}`));
  const unanswered = await running.finish(ANSWERED_MS_MAX);
  const judging: Judging = { stage, looking, ledger, before, random, repeatsCalls };
  const begun = performance.now();
  const end = await reconcile(judging, losesTail).catch((error: unknown): End => ({ ...failed(error), tail: [] }));
  const spare = await spareInvoices(judging);
  if (spare > 0) notes.push(`${String(spare)} spare invoices`);
  const facts = { seed, restMs: Math.round(performance.now() - begun), notes, ledger };
  for (const { key } of unanswered) wrong.push(`${key} was never answered`);
  wrong.push(...end.wrong, ...ledger.wrongReads);
  const effects = ledger.deposits.length + ledger.commands.length;
  const ok = end.lost === 0 && end.doubled === 0 && wrong.length === 0;
  return { ...facts, ok, effects, lost: end.lost, doubled: end.doubled, tail: end.tail, unknown: unknownOf(ledger), wrong };
}

/** Strikes when the load has run for a while, and lets it go on for a while. */
export async function inTheMiddle({ random }: Pick<Middle, 'random'>, strike: () => Promise<void>): Promise<void> {
  await sleep(LEAD_MS / 2 + random.integer(0, LEAD_MS));
  await strike();
  await sleep(AFTER_MS);
}

function unknownOf({ unknown }: Ledger): Record<string, number> {
  return Object.fromEntries([...unknown].map(([status, count]) => [status === 0 ? 'none' : String(status), count]));
}

interface End {
  readonly lost: number;
  readonly doubled: number;
  readonly tail: readonly string[];
  readonly wrong: readonly string[];
}

async function reconcile(judging: Judging, losesTail: boolean): Promise<End> {
  const missing = await lostPromises(judging);
  const tail = missing.map(({ kind, key, wallet }) => `${kind} ${key}${wallet === null ? '' : ` of ${wallet.id}`}`);
  const repeats = losesTail ? await repeatAll(judging) : null;
  await settleAll(judging.stage);
  const first = await atRest(judging, REST_MS_MAX);
  const again = repeats ?? (await repeatAll(judging));
  // What the repetitions did shows in what follows: a second effect is one too many.
  const last = isClean(first) && !losesTail ? await atRest(judging, REST_MS_MAX) : first;
  const changed = losesTail ? [] : again.doubled;
  const wrong = [...last.wrong, ...changed, ...again.unanswered];
  const lost = last.lost + (losesTail ? 0 : tail.length);
  return { lost, doubled: last.doubled + changed.length, tail: losesTail ? tail : [], wrong };
}
