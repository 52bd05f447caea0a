/**
 * A turn: receive, load, decide, commit, publish. One cycle takes a bounded batch of actors and entries over all shards of the worker.
 *
 * T1  `decide` has no await: between looking at a tip and building its commit nothing else of this process can run.
 * T2  An envelope in memory is used only while its head equals the tip that was fetched, or from which the actor was followed; a commit is applied
 *     only where that is the tip; and the envelope is replaced only after that (I1, I6).
 * T3  What fails stays in `ready` or becomes parked (I4): a fault of the world leaves it, a bug of the actor parks it.
 * T4  All of publish may be lost or repeated.
 */
import type { Kind } from './actor.ts';
import { planCommits, weightOf } from './commits.ts';
import type { PlannedCommit, Turn } from './commits.ts';
import { decideEntry, freshEnvelope } from './envelope.ts';
import type { Envelope, Outcome } from './envelope.ts';
import type { Limits } from './limits.ts';
import type { ColdActor, Loader } from './load.ts';
import type { ActorId, StoredEntry } from './message.ts';
import { kindOf } from './message.ts';
import type { Log, Metrics } from './metrics.ts';
import type { OwnedShard } from './ownership.ts';
import type { CommitResult, Fetched, Head, Hints, Mailboxes, Shard } from './ports.ts';
import { receive } from './receive.ts';
import type { Batch, ReceiveDeps } from './receive.ts';
import type { Registry } from './registry.ts';

export interface TurnDeps extends ReceiveDeps {
  readonly registry: Registry;
  readonly layout: { shardOf(actor: ActorId): Shard };
  readonly mailboxes: Pick<Mailboxes, 'peek' | 'fetch' | 'follow' | 'commit'>;
  readonly hints: Pick<Hints, 'committed' | 'work'>;
  readonly loader: Loader;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Told of shards whose commits wrote effects. */
  readonly onEffects: (shards: readonly Shard[]) => void;
  /** Told of shards whose commits left messages for other shards; null where a commit delivers everything itself. */
  readonly outgoing: { wrote(shard: Shard): void } | null;
}

/** An actor in memory at its tip, with its next entries. */
interface Loaded {
  readonly actor: ActorId;
  readonly kind: Kind;
  readonly envelope: Envelope;
  readonly entries: readonly StoredEntry[];
}

export interface ShardTurns {
  readonly owned: OwnedShard;
  readonly turns: readonly Turn[];
}

interface Committed {
  readonly owned: OwnedShard;
  readonly planned: PlannedCommit;
  readonly result: CommitResult;
}

export interface CycleResult {
  readonly entries: number;
  /** Actors that moved or were parked: they need no second look. */
  readonly actors: readonly ActorId[];
}

/** One round over the shards. */
export async function cycle(shards: readonly OwnedShard[], deps: TurnDeps): Promise<CycleResult> {
  const began = deps.system.monotonicMs();
  const batches = await receive(shards, deps);
  const result = await turn(batches, deps);
  if (result.entries > 0) deps.metrics.observe('ironwallet_cycle_ms', deps.system.monotonicMs() - began);
  return result;
}

/** The verbs after receive. */
export async function turn(batches: readonly Batch[], deps: TurnDeps): Promise<CycleResult> {
  const { loaded, broken } = await load(batches, deps);
  const turns = decide(loaded, broken, deps); // no await in here: T1
  const committed = await commit(turns, deps);
  return publish(committed, deps);
}

// ---- load --------------------------------------------------------------------------------------------------------------------------

interface LoadResult {
  readonly loaded: readonly { readonly owned: OwnedShard; readonly actors: readonly Loaded[] }[];
  readonly broken: ReadonlyMap<Shard, readonly Turn[]>;
}

/** Actors in memory at their tips; those that are not yet there are loaded, those that cannot be are left out (T3). */
export async function load(batches: readonly Batch[], deps: TurnDeps): Promise<LoadResult> {
  const cold = batches.flatMap((batch) => coldOf(batch, deps));
  if (cold.length > 0) await deps.loader.load(cold);
  const loaded = batches.map(({ owned, fetched }) => ({ owned, actors: fetched.flatMap((one) => loadedOf(one, deps)) }));
  return { loaded, broken: brokenTurns(batches, deps) };
}

function coldOf({ owned, fetched }: Batch, { cache, registry }: TurnDeps): ColdActor[] {
  return fetched.flatMap(({ actor, tip, entries }) => {
    if (entries.length === 0 || registry.find(actor) === undefined) return [];
    const hot = cache.get(actor);
    if (hot !== undefined && tip !== null && isAt(hot.envelope.head, tip)) return [];
    if (hot !== undefined) cache.drop(actor); // T2
    return tip === null ? [] : [{ actor, shard: owned.lease.shard }];
  });
}

function loadedOf({ actor, tip, entries }: Fetched, deps: TurnDeps): Loaded[] {
  const kind = deps.registry.find(actor);
  if (entries.length === 0 || kind === undefined) return [];
  if (tip === null) return [{ actor, kind, envelope: freshEnvelope(kind, actor), entries }];
  const hot = deps.cache.get(actor);
  if (hot === undefined || !isAt(hot.envelope.head, tip)) return [];
  // New rules begin where a snapshot under the former ones ends, so that no replay crosses the border unless both versions are here.
  if (tip.rules > kind.rules || (tip.rules < kind.rules && hot.unsaved !== null)) {
    deps.metrics.count('ironwallet_rules_waits_total', 1, { kind: kind.name });
    return [];
  }
  return [{ actor, kind, envelope: hot.envelope, entries }];
}

function isAt(head: Head, tip: Head): boolean {
  return head.last === tip.last && head.chain === tip.chain;
}

function brokenTurns(batches: readonly Batch[], { loader, registry }: TurnDeps): Map<Shard, Turn[]> {
  const broken = new Map<Shard, Turn[]>();
  const add = (shard: Shard, actor: ActorId, error: string): void => {
    const park = { entry: '-', error, attempts: 0 };
    broken.set(shard, [...(broken.get(shard) ?? []), { actor, before: { last: '0-0', n: 0, chain: '-' }, rules: 0, outcomes: [], park }]);
  };
  for (const { shard, actor, error } of loader.takeBroken()) add(shard, actor, error);
  for (const { owned, fetched } of batches) {
    for (const { actor } of fetched) if (registry.find(actor) === undefined) add(owned.lease.shard, actor, 'unknown_kind');
  }
  return broken;
}

// ---- decide ------------------------------------------------------------------------------------------------------------------------

export function decide(loaded: LoadResult['loaded'], broken: LoadResult['broken'], deps: Pick<TurnDeps, 'limits'>): ShardTurns[] {
  const budget = { deliveries: deps.limits.deliveriesPerCycle };
  return loaded.flatMap(({ owned, actors }) => {
    const turns = actors.flatMap((one) => (budget.deliveries > 0 ? [decideActor(one, budget, deps.limits)] : []));
    const all = [...turns, ...(broken.get(owned.lease.shard) ?? [])];
    return all.length === 0 ? [] : [{ owned, turns: all }];
  });
}

function decideActor({ actor, kind, envelope: start, entries }: Loaded, budget: { deliveries: number }, limits: Limits): Turn {
  const outcomes: Outcome[] = [];
  let envelope = start;
  let park: Turn['park'] = null;
  for (const stored of entries) {
    try {
      const outcome = withinLimits(decideEntry(kind, envelope, stored), limits);
      outcomes.push(outcome);
      envelope = outcome.envelope;
      budget.deliveries -= outcome.sends.length;
    } catch (error) {
      park = { entry: stored.entry, error: describe(error), attempts: 1 };
      break;
    }
    if (budget.deliveries <= 0) break;
  }
  return { actor, before: start.head, rules: kind.rules, outcomes, park };
}

/** An entry whose consequences no single commit can carry is a bug of the actor, found before anything is written. */
function withinLimits(outcome: Outcome, limits: Limits): Outcome {
  const { deliveries, bytes } = weightOf(outcome);
  if (deliveries > limits.deliveriesPerCommit || bytes > limits.bytesPerCommit) {
    throw new Error(`outcome_too_large: ${deliveries} deliveries, ${bytes} bytes`);
  }
  return outcome;
}

const ERROR_LENGTH_MAX = 500;

function describe(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, ERROR_LENGTH_MAX);
}

// ---- commit ------------------------------------------------------------------------------------------------------------------------

export async function commit(shards: readonly ShardTurns[], deps: TurnDeps): Promise<Committed[]> {
  const now = deps.system.monotonicMs();
  const planned = shards
    .filter(({ owned }) => now < owned.workUntilMs)
    .flatMap(({ owned, turns }) => planCommits(owned.lease, turns, deps.limits).map((one) => ({ owned, planned: one })));
  if (planned.length === 0) return [];
  const results = await commitSurely(planned, deps);
  deps.metrics.observe('ironwallet_commit_ms', deps.system.monotonicMs() - now);
  return planned.flatMap((one, index) => {
    const result = results[index];
    if (result !== undefined && result.result !== 'unanswered') return [{ ...one, result }];
    for (const { actor } of one.planned.moved) deps.cache.drop(actor); // nobody knows whether they moved
    for (const { actor } of one.planned.commit.parks) deps.cache.park(actor); // nor whether these stopped
    return [];
  });
}

/** Repeats the calls whose answers are missing: what was applied is told from what was not by the tips. Holes: never answered. */
async function commitSurely(planned: readonly { planned: PlannedCommit }[], deps: TurnDeps): Promise<(CommitResult | undefined)[]> {
  const results: (CommitResult | undefined)[] = Array.from({ length: planned.length });
  let open = planned.map((_, index) => index);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answers = await deps.mailboxes.commit(open.flatMap((index) => planned[index]?.planned.commit ?? []));
      open.forEach((index, place) => (results[index] = answers[place]));
      open = open.filter((index) => results[index]?.result === 'unanswered');
      if (open.length === 0) return results;
      missing(open.length, { attempt, error: 'not every server answered' }, deps);
    } catch (error) {
      missing(open.length, { attempt, error: describe(error) }, deps);
    }
    if (attempt >= deps.limits.commitAttempts) return results;
    await deps.system.sleep(COMMIT_RETRY_MS * 2 ** attempt);
  }
}

function missing(count: number, facts: { readonly attempt: number; readonly error: string }, { metrics, log }: TurnDeps): void {
  metrics.count('ironwallet_commits_total', count, { result: 'failed' });
  log.warn(facts, 'a commit was not answered');
}

const COMMIT_RETRY_MS = 10;

// ---- publish -----------------------------------------------------------------------------------------------------------------------

function publish(committed: readonly Committed[], deps: TurnDeps): CycleResult {
  const actors: ActorId[] = [];
  const foreign = new Set<Shard>();
  const calling = new Set<Shard>();
  const tally = createTally();
  for (const { owned, planned, result } of committed) {
    deps.metrics.count('ironwallet_commits_total', 1, { result: result.result });
    if (result.result === 'fenced') deps.onFenced(owned.lease.shard);
    if (result.result === 'stale') dropStale(result.actors, deps);
    if (result.result !== 'applied' && result.result !== 'already') continue;
    advance(owned, planned, deps);
    for (const { actor } of planned.commit.parks) {
      deps.cache.park(actor);
      actors.push(actor);
    }
    for (const { actor } of planned.moved) actors.push(actor);
    for (const shard of reachedBy(owned.lease.shard, planned, deps)) foreign.add(shard);
    if (planned.commit.effects.length > 0) calling.add(owned.lease.shard);
    tally.add(planned);
  }
  wakeOthers({ actors, foreign, calling }, deps);
  tally.report(deps);
  return { entries: tally.entries(), actors };
}

interface Reached {
  readonly actors: readonly ActorId[];
  /** Shards with new messages. */
  readonly foreign: ReadonlySet<Shard>;
  /** Shards with new effects. */
  readonly calling: ReadonlySet<Shard>;
}

function wakeOthers({ actors, foreign, calling }: Reached, { hints, onEffects }: TurnDeps): void {
  if (actors.length > 0) hints.committed(actors);
  if (foreign.size > 0) hints.work([...foreign]);
  if (calling.size > 0) onEffects([...calling]);
}

/** Shards that the commit wrote into; what it left for others in the outbox, the relay is told of. */
function reachedBy(own: Shard, { commit: { deliveries } }: PlannedCommit, { layout, outgoing, guesses, limits }: TurnDeps): Set<Shard> {
  const shards = new Set<Shard>();
  for (const { to } of deliveries) {
    const shard = layout.shardOf(to);
    shards.add(shard);
    if (deliveries.length <= limits.guessesPerShard) guesses.add(shard, to);
  }
  if (outgoing === null) return shards;
  const stays = shards.delete(own);
  if (shards.size > 0) outgoing.wrote(own);
  return new Set(stays ? [own] : []);
}

function dropStale(actors: readonly ActorId[], { cache, log }: TurnDeps): void {
  for (const actor of actors) cache.drop(actor);
  log.warn({ actors: actors.slice(0, 5), count: actors.length }, 'a commit was stale: these actors are loaded again');
}

function advance(owned: OwnedShard, { moved }: PlannedCommit, { cache, system }: TurnDeps): void {
  const { lease, lost } = owned;
  const nowMs = system.monotonicMs();
  owned.movedMs = nowMs;
  if (lost) {
    // Their unsaved ledger pages were forgotten with the shard: a load brings all of them back.
    for (const { actor } of moved) cache.drop(actor);
    return;
  }
  for (const { last, entries, pages, before, traffic } of moved)
    cache.advance({ shard: lease.shard, envelope: last.envelope, entries, pages, before, traffic, nowMs });
}

interface Tally {
  add(planned: PlannedCommit): void;
  entries(): number;
  report(deps: Pick<TurnDeps, 'metrics' | 'log' | 'system'>): void;
}

/** Sums over the cycle, so that metrics cost one call per kind and not one per entry. */
function createTally(): Tally {
  const byKind = new Map<string, number>();
  const refusals: { readonly kind: string; readonly code: string }[] = [];
  let entries = 0;
  let deliveries = 0;
  const parks: PlannedCommit['commit']['parks'][number][] = [];
  return {
    add(planned) {
      entries += planned.entries;
      deliveries += planned.commit.deliveries.length;
      parks.push(...planned.commit.parks);
      for (const one of planned.moved) {
        const kind = kindOf(one.actor);
        byKind.set(kind, (byKind.get(kind) ?? 0) + one.entries);
        for (const code of one.refusals) refusals.push({ kind, code });
      }
    },
    entries: () => entries,
    report({ metrics, log, system }) {
      for (const [kind, count] of byKind) metrics.count('ironwallet_entries_total', count, { kind });
      for (const refusal of refusals) metrics.count('ironwallet_refusals_total', 1, { ...refusal });
      if (deliveries > 0) metrics.count('ironwallet_deliveries_total', deliveries);
      for (const park of parks) {
        metrics.count('ironwallet_parked_total', 1, { kind: kindOf(park.actor), error: park.entry === '-' ? 'load' : 'decide' });
        log.error({ ...park }, 'an actor was parked: it waits for an operator');
      }
      if (entries === 0) return;
      metrics.observe('ironwallet_cycle_entries', entries);
      metrics.gauge('ironwallet_last_commit_ms', system.wallMs());
    },
  };
}
