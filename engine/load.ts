/**
 * Brings cold actors into memory, beside the cycle: a database that hangs costs the hot actors at most one short wait.
 *
 * D1  What cannot be loaded now (MongoDB or Redis away, rules unknown) is not the actor's fault: it stays in `ready` and is tried again.
 * D2  What can never be loaded (snapshot missing, chain differs) is reported as broken and parked; never a fresh start.
 */
import retry from 'retry';
import { unsavedOf } from './cache.ts';
import type { Cache, HotActor } from './cache.ts';
import { Fault } from './fault.ts';
import { foldActors } from './fold.ts';
import type { FoldPorts, FoldResult } from './fold.ts';
import type { Limits } from './limits.ts';
import type { ActorId } from './message.ts';
import type { Log, Metrics } from './metrics.ts';
import type { Shard, System } from './ports.ts';

export interface ColdActor {
  readonly actor: ActorId;
  readonly shard: Shard;
}

export interface BrokenActor extends ColdActor {
  readonly error: string;
}

export interface Loader {
  /** Begins to load what is not yet being loaded; resolves when that is done, or after a short wait. Never rejects. */
  load(cold: readonly ColdActor[]): Promise<void>;
  /** The last load failed: cold actors wait. */
  isFailing(): boolean;
  /** Actors found broken since the last call. */
  takeBroken(): BrokenActor[];
}

export interface LoaderOptions {
  readonly ports: FoldPorts;
  readonly cache: Cache;
  readonly system: System;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Called when actors of these shards were loaded, after the cycle may have gone on without them. */
  readonly onLoaded: (shards: ReadonlySet<Shard>) => void;
}

const BACKOFF = { minTimeout: 100, maxTimeout: 5_000, factor: 2, randomize: false };

interface State {
  readonly loading: Set<ActorId>;
  /** Found and not yet taken; by actor, because one may be found twice. */
  broken: Map<ActorId, BrokenActor>;
  failures: number;
  /** Monotonic; before it nothing is tried. */
  notBeforeMs: number;
}

export function createLoader(options: LoaderOptions): Loader {
  const state: State = { loading: new Set(), broken: new Map(), failures: 0, notBeforeMs: 0 };
  const { system, limits, metrics } = options;
  return {
    async load(cold) {
      const free = limits.loadingActors - state.loading.size;
      if (system.monotonicMs() < state.notBeforeMs || free <= 0) return;
      const fresh = cold.filter(({ actor }) => !state.loading.has(actor) && !state.broken.has(actor)).slice(0, free);
      if (fresh.length === 0) return;
      // Others still on their way: the database is slow, and the hot actors shall not wait for it again and again.
      const patient = state.loading.size === 0;
      for (const { actor } of fresh) state.loading.add(actor);
      metrics.gauge('ironwallet_loading_actors', state.loading.size);
      const work = loadAll(fresh, state, options);
      if (patient) await Promise.race([work, system.sleep(limits.loadWaitMs)]);
    },
    isFailing: () => state.failures > 0,
    takeBroken() {
      const broken = [...state.broken.values()];
      state.broken = new Map();
      return broken;
    },
  };
}

async function loadAll(cold: readonly ColdActor[], state: State, options: LoaderOptions): Promise<void> {
  const { limits, system } = options;
  for (let start = 0; start < cold.length; start += limits.snapshotsPerFind) {
    await loadSome(cold.slice(start, start + limits.snapshotsPerFind), state, options);
    if (system.monotonicMs() < state.notBeforeMs) break;
  }
  for (const { actor } of cold) state.loading.delete(actor);
  options.metrics.gauge('ironwallet_loading_actors', state.loading.size);
  options.onLoaded(new Set(cold.map(({ shard }) => shard)));
}

async function loadSome(cold: readonly ColdActor[], state: State, options: LoaderOptions): Promise<void> {
  try {
    const results = await foldActors(
      cold.map(({ actor }) => ({ actor, known: null })),
      { ...options.ports, pause: () => options.system.yield() },
    );
    cold.forEach((one, index) => {
      const result = results[index];
      if (result !== undefined) take(one, { result, state, options });
    });
    if (!results.some(isTransient)) state.failures = 0;
  } catch (error) {
    backOff(error, state, options);
  }
}

function isTransient(result: FoldResult): boolean {
  return !result.ok && result.fault.retry !== 'never';
}

function take(one: ColdActor, { result, state, options }: { result: FoldResult; state: State; options: LoaderOptions }): void {
  const { cache, system, metrics } = options;
  if (!result.ok) {
    if (result.fault.retry !== 'never') return backOff(result.fault, state, options);
    metrics.count('ironwallet_loads_total', 1, { result: 'broken' });
    state.broken.set(one.actor, { ...one, error: `${result.fault.code}: ${result.fault.message}` });
    return;
  }
  const { folded } = result;
  if (folded === null) return;
  const { envelope, tip, filled, from, traffic } = folded;
  const covered = tip.snapshot === `${tip.last}~${tip.chain}`;
  const entries = envelope.head.n - from.n;
  const unsaved: HotActor['unsaved'] = covered
    ? null
    : unsavedOf({ sinceMs: system.monotonicMs(), entries, pages: filled, from, traffic: [...traffic] });
  cache.put({ shard: one.shard, envelope, named: tip.snapshot, unsaved, parked: false });
  metrics.count('ironwallet_loads_total', 1, { result: 'loaded' });
}

function backOff(error: unknown, state: State, { system, metrics, log }: LoaderOptions): void {
  if (system.monotonicMs() < state.notBeforeMs) return;
  const waitMs = retry.createTimeout(Math.min(state.failures, 16), BACKOFF);
  state.failures += 1;
  state.notBeforeMs = system.monotonicMs() + waitMs;
  metrics.count('ironwallet_loads_total', 1, { result: 'failed' });
  const code = error instanceof Fault ? error.code : 'load_failed';
  log.warn(
    { code, waitMs, message: error instanceof Error ? error.message : String(error) },
    'cold actors wait: they cannot be loaded now',
  );
}
