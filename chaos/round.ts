/** One round: load, a fault in the middle of it, rest, reconciliation. */
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../mocks/control/random.ts';
import type { Looking } from '../tests/support/deposits.ts';
import { atRest, lostPromises, repeatAll, settleAll } from './checks.ts';
import { openWallets, startLoad } from './client.ts';
import type { Fault } from './fault.ts';
import { logOf } from './faults/redis.ts';
import { spareInvoices } from './invoices.ts';
import { emptyLedger } from './ledger.ts';
import type { Ledger } from './ledger.ts';
import { watchProgress } from './progress.ts';
import type { Stage } from './stage.ts';
import { failed, isClean } from './verdict.ts';
import type { Judging } from './verdict.ts';

export interface RoundOptions {
  readonly fault: Fault;
  readonly seed: number;
  /** Counts the rounds of a run. */
  readonly number: number;
  readonly full: boolean;
  readonly stage: Stage;
  readonly looking: Looking;
  readonly before: readonly Ledger[];
}

export interface RoundResult {
  readonly fault: string;
  readonly seed: number;
  readonly ok: boolean;
  /** Deposits, top-ups, debits and openings. */
  readonly effects: number;
  readonly lost: number;
  readonly doubled: number;
  /** Acknowledged commands that the fault took by definition; repeated with their keys they have one effect. */
  readonly tail: readonly string[];
  readonly stillMs: number;
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

export async function playRound(options: RoundOptions): Promise<RoundResult> {
  const { fault, seed, number, full, stage, looking, before } = options;
  const random = seededRandom(seed);
  const ledger = emptyLedger();
  const judging: Judging = { stage, looking, ledger, before, random, repeatsCalls: fault.repeatsCalls === true };
  const name = `r${String(number)}-${String(seed)}`;
  const load = { stage, ledger, random: seededRandom(seed + 1), name, readsGrow: fault.losesTail !== true };
  await openWallets(load);
  const loadBegan = { logBytes: stage.dataFolder === null ? 0 : statSync(logOf(stage.dataFolder)).size };
  const progress = watchProgress(looking);
  const running = startLoad(load);
  await sleep(LEAD_MS / 2 + random.integer(0, LEAD_MS));
  const notes: string[] = [];
  const wrong: string[] = [];
  const scene = {
    stage,
    looking,
    random,
    ledger,
    seed,
    full,
    loadBegan,
    note: (text: string) => void notes.push(text),
    sleep: (ms: number) => sleep(ms),
  };
  await fault.strike(scene).catch((error: unknown) => wrong.push(`the fault itself failed: ${String(error)}`));
  await sleep(AFTER_MS);
  const stillMs = await progress.stop();
  const unanswered = await running.finish(ANSWERED_MS_MAX);
  const begun = performance.now();
  const end = await reconcile(judging, fault.losesTail === true).catch((error: unknown): End => ({ ...failed(error), tail: [] }));
  const spare = await spareInvoices(judging);
  if (spare > 0) notes.push(`${String(spare)} spare invoices`);
  const facts = { fault: fault.name, seed, stillMs, restMs: Math.round(performance.now() - begun), notes, ledger };
  for (const { key } of unanswered) wrong.push(`${key} was never answered`);
  wrong.push(...end.wrong, ...ledger.wrongReads);
  const effects = ledger.deposits.length + ledger.commands.length;
  const ok = end.lost === 0 && end.doubled === 0 && wrong.length === 0;
  return { ...facts, ok, effects, lost: end.lost, doubled: end.doubled, tail: end.tail, unknown: unknownOf(ledger), wrong };
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
