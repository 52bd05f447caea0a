/**
 * Carries out the calls to the outside world that actors are owed an answer for, one queue per provider.
 *
 * X1  At least once: a call whose result was not settled is made again, by this runner or by the next owner of the shard. Providers are
 *     protected by their idempotency key, or by a handler that looks before it acts.
 * X2  An attempt is counted durably before its call, so that a call that kills its process does not kill every process for ever.
 * X3  Every effect ends as one message to its actor: the handler's result, or `EffectExhausted`. The first to settle wins.
 * X4  A call that begins within half of the idle time, after which others take a claim over, ends within it. Whoever waited longer asks before
 *     it calls.
 * X5  What this runner claimed and does not hold is claimed anew: the answer to the claim was lost, or the shard was ours again a moment later.
 */
import PQueue from 'p-queue';
import retry from 'retry';
import { callEffect } from './effect-call.ts';
import type { EffectHandler, EffectResult } from './effect-call.ts';
import { Fault } from './fault.ts';
import { startLoop } from './loop.ts';
import type { Loop } from './loop.ts';
import { toJson } from './message.ts';
import type { ActorId, Message } from './message.ts';
import { silentLog, silentMetrics } from './metrics.ts';
import type { Log, Metrics } from './metrics.ts';
import type { ClaimedEffect, Effects, Shard, System } from './ports.ts';

export type { EffectCall, EffectHandler, EffectResult } from './effect-call.ts';

/** What a provider allows us. */
export interface ProviderLimits {
  /** Calls at a time. */
  readonly concurrency: number;
  /** Calls begun per `intervalMs`. */
  readonly intervalCap: number;
  readonly intervalMs: number;
}

export interface EffectLimits {
  /** Effects in queues and pauses of this process. */
  readonly effectsHeld: number;
  readonly effectsPerClaim: number;
  /** How often all own shards are looked at, woken or not. */
  readonly sweepMs: number;
  /** Commits come one after the other; looks are at least this far apart. */
  readonly lookGapMs: number;
  /** A claim of another runner that was not touched for this long is taken over: twice the longest call (X4). */
  readonly claimIdleMs: number;
  readonly callTimeoutMs: number;
  /** Calls of one effect, unless its handler says otherwise. */
  readonly attempts: number;
  /** Pauses grow by factor 3 with jitter. */
  readonly pauseMinMs: number;
  readonly pauseMaxMs: number;
  /** How long a stopping process waits for calls in flight. */
  readonly stopMs: number;
  /** Tries to hand a result over, before the effect is left to be claimed and called again. */
  readonly settleAttempts: number;
}

export const EFFECT_LIMITS: EffectLimits = {
  effectsHeld: 1_000,
  effectsPerClaim: 100,
  sweepMs: 2_000,
  lookGapMs: 5,
  claimIdleMs: 20_000,
  callTimeoutMs: 10_000,
  attempts: 8,
  pauseMinMs: 500,
  pauseMaxMs: 25_000,
  stopMs: 12_000,
  settleAttempts: 6,
};

const DEFAULT_PROVIDER: ProviderLimits = { concurrency: 8, intervalCap: 50, intervalMs: 1_000 };
const PAUSE_FACTOR = 3;
const PIECE_MS = 250;

export interface EffectRunnerOptions {
  /** By effect type, e.g. `moyasar.create_invoice`. */
  readonly handlers: ReadonlyMap<string, EffectHandler>;
  readonly effects: Effects;
  /** Told of actors to which a result was written. */
  readonly told: (actor: ActorId) => void;
  readonly system: System;
  /** The shards this process owns now. */
  readonly ownShards: () => readonly Shard[];
  /** Names the runner, unique per process. */
  readonly runner: string;
  readonly providers?: Readonly<Record<string, ProviderLimits>>;
  readonly limits?: Partial<EffectLimits>;
  readonly log?: Log;
  readonly metrics?: Metrics;
}

export interface EffectRunner {
  start(): void;
  /** Looks for effects at once: in these shards, to which a commit has just written some. */
  wake(shards: readonly Shard[]): void;
  /** Begins no more calls; resolves when those in flight are settled, or after `stopMs`. */
  stop(): Promise<void>;
  /** Effects in queues, pauses and calls. */
  held(): number;
}

interface Held {
  effect: ClaimedEffect;
  /** Calls made, those of former runners included. */
  tries: number;
  /** Monotonic: when the claim was last made or renewed. */
  touchedMs: number;
}

interface State {
  readonly options: EffectRunnerOptions;
  readonly limits: EffectLimits;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly held: Map<string, Held>;
  readonly queues: Map<string, PQueue>;
  /** What is being called or settled. */
  readonly running: Set<Promise<void>>;
  readonly stopped: AbortController;
  /** Shards that have new effects, as far as is known. */
  readonly hinted: Set<Shard>;
  /** Monotonic. */
  lookedMs: number;
  sweptMs: number;
  stopping: boolean;
  wake: () => void;
}

export function createEffectRunner(options: EffectRunnerOptions): EffectRunner {
  const { log = silentLog, metrics = silentMetrics, system } = options;
  const state: State = {
    options,
    limits: { ...EFFECT_LIMITS, ...options.limits },
    log,
    metrics,
    held: new Map(),
    queues: new Map(),
    running: new Set(),
    stopped: new AbortController(),
    hinted: new Set(),
    lookedMs: -Infinity,
    sweptMs: -Infinity,
    stopping: false,
    wake: () => undefined,
  };
  let loop: Loop | null = null;
  return {
    start() {
      loop = startLoop({ name: 'effects', round: () => claim(state), system, metrics, log });
      state.wake = () => loop?.wake();
    },
    wake(shards) {
      for (const shard of shards) state.hinted.add(shard);
      state.wake();
    },
    async stop() {
      state.stopping = true;
      await loop?.stop();
      for (const queue of state.queues.values()) queue.clear();
      await drained(state);
      state.held.clear();
    },
    held: () => state.held.size,
  };
}

/** Takes new effects and silent ones; at once again when there may be more. */
async function claim(state: State): Promise<number> {
  const { options, limits, held } = state;
  const count = Math.min(limits.effectsPerClaim, limits.effectsHeld - held.size);
  if (count <= 0) return limits.sweepMs; // `drop` wakes
  const { shards, all } = await nextLook(state);
  if (shards.length === 0) return limits.sweepMs;
  const mine = all ? { held: [...held.values()].map(({ effect }) => effect) } : {}; // X5
  const claimed = await options.effects.claim(shards, { runner: options.runner, count, idleMs: limits.claimIdleMs, ...mine });
  for (const effect of claimed) take(state, effect);
  if (claimed.length < count) return limits.sweepMs;
  for (const shard of shards) state.hinted.add(shard);
  return 0;
}

/** The hinted ones of our shards, or all when it is time. */
async function nextLook(state: State): Promise<{ readonly shards: readonly Shard[]; readonly all: boolean }> {
  const { system, ownShards } = state.options;
  const gap = state.lookedMs + state.limits.lookGapMs - system.monotonicMs();
  if (gap > 0) await system.sleep(gap);
  const now = system.monotonicMs();
  state.lookedMs = now;
  const all = now - state.sweptMs >= state.limits.sweepMs;
  if (all) state.sweptMs = now;
  const shards = ownShards().filter((shard) => all || state.hinted.has(shard));
  state.hinted.clear();
  return { shards, all };
}

function keyOf({ shard, claim: entry }: ClaimedEffect): string {
  return `${shard} ${entry}`;
}

function take(state: State, effect: ClaimedEffect): void {
  const touchedMs = state.options.system.monotonicMs();
  const known = state.held.get(keyOf(effect));
  if (known !== undefined) {
    // It waits here already: the shard was another runner's for a while. Its count of calls is ours, not that of the claims.
    known.effect = effect;
    known.touchedMs = touchedMs;
    return;
  }
  const held: Held = { effect, tries: effect.attempt, touchedMs };
  state.held.set(keyOf(effect), held);
  enqueue(state, held);
}

function drop(state: State, { effect }: Held): void {
  const wasFull = state.held.size >= state.limits.effectsHeld;
  state.held.delete(keyOf(effect));
  if (wasFull) state.wake();
}

function enqueue(state: State, held: Held): void {
  const provider = state.options.handlers.get(held.effect.type)?.provider ?? 'unknown';
  void queueOf(state, provider).add(() => track(state, attempt(state, held)));
}

function queueOf(state: State, provider: string): PQueue {
  const known = state.queues.get(provider);
  if (known !== undefined) return known;
  const { concurrency, intervalCap, intervalMs } = state.options.providers?.[provider] ?? DEFAULT_PROVIDER;
  const queue = new PQueue({ concurrency, intervalCap, interval: intervalMs });
  state.queues.set(provider, queue);
  return queue;
}

function track(state: State, work: Promise<void>): Promise<void> {
  state.running.add(work);
  return work.finally(() => state.running.delete(work));
}

/** One attempt, from the queue to what follows from it. Never rejects. */
async function attempt(state: State, held: Held): Promise<void> {
  try {
    if (await isOurs(state, held)) await call(state, held);
    else drop(state, held);
  } catch (error) {
    // Redis is away: the claim runs into its idle time, and whoever owns the shard then goes on (X1).
    state.log.warn({ effect: nameOf(held), error: String(error) }, 'an effect is left to be claimed again');
    drop(state, held);
  }
}

async function call(state: State, held: Held): Promise<void> {
  const { options, limits, metrics } = state;
  const handler = options.handlers.get(held.effect.type);
  const most = handler?.attempts ?? limits.attempts;
  // More attempts than were ever allowed: the calls before ended without an end, with their process (X2).
  if (held.tries > most) return exhaust(state, held, new Fault({ code: 'effect_crashed', retry: 'never' }));
  const began = options.system.monotonicMs();
  const outcome = handler === undefined ? unhandled(held) : await callEffect(handler, held.effect, callOptions(state, handler));
  metrics.observe('ironwallet_effect_ms', options.system.monotonicMs() - began, { type: held.effect.type });
  if (outcome.ok) await settle(state, held, outcome.result);
  else await failed(state, held, { fault: outcome.fault, most });
}

function callOptions(state: State, handler: EffectHandler) {
  const { limits, options, stopped } = state;
  return { timeoutMs: handler.timeoutMs ?? limits.callTimeoutMs, system: options.system, stopped: stopped.signal };
}

/** A process of another version may know it; if none does, the actor is told in the end. */
function unhandled({ effect }: Held): { ok: false; fault: Fault } {
  return { ok: false, fault: new Fault({ code: 'effect_unknown', retry: 'later', message: `no handler for ${effect.type}` }) };
}

/** X4: whoever waited long in the queue may have been overtaken. */
async function isOurs(state: State, held: Held): Promise<boolean> {
  const { options, limits } = state;
  if (state.stopping || !options.ownShards().includes(held.effect.shard)) return false;
  if (options.system.monotonicMs() - held.touchedMs < limits.claimIdleMs / 2) return true;
  return renewed(state, held);
}

/** Renews the claim and counts the attempt to come; false when the effect is settled or somebody else's. */
async function renewed(state: State, held: Held): Promise<boolean> {
  const { effects, runner, system } = state.options;
  const next = await effects.retry(held.effect, runner);
  if (next === null) return false;
  held.effect = next;
  held.touchedMs = system.monotonicMs();
  return true;
}

async function failed(state: State, held: Held, { fault, most }: { readonly fault: Fault; readonly most: number }): Promise<void> {
  if (state.stopped.signal.aborted) {
    drop(state, held);
    return;
  }
  const { type } = held.effect;
  state.log.warn({ effect: nameOf(held), attempt: held.tries, code: fault.code, message: fault.message }, 'an effect failed');
  if (fault.retry === 'never' || held.tries >= most) return exhaust(state, held, fault);
  state.metrics.count('ironwallet_effects_total', 1, { type, result: 'retried' });
  void again(state, held, fault.retry === 'now' ? 0 : pauseOf(state, held.tries));
}

function pauseOf({ limits, options: { system } }: State, tries: number): number {
  const { pauseMinMs, pauseMaxMs } = limits;
  const ms = retry.createTimeout(tries - 1, { minTimeout: pauseMinMs, maxTimeout: pauseMaxMs, factor: PAUSE_FACTOR, randomize: false });
  return Math.min(pauseMaxMs, Math.round(ms * (1 + system.random())));
}

/** Waits outside the queue, so that a failing call does not hold a place. Never rejects. */
async function again(state: State, held: Held, pauseMs: number): Promise<void> {
  const isStopping = (): boolean => state.stopping;
  for (let left = pauseMs; left > 0 && !isStopping(); left -= PIECE_MS) await state.options.system.sleep(Math.min(left, PIECE_MS));
  if (isStopping()) return;
  const ours = await renewed(state, held).catch(() => false);
  if (ours && !isStopping()) {
    held.tries += 1;
    enqueue(state, held);
  } else {
    drop(state, held);
  }
}

async function exhaust(state: State, held: Held, { code, message }: Fault): Promise<void> {
  const { id, type } = held.effect;
  state.log.error({ effect: nameOf(held), attempts: held.tries, code, message }, 'an effect failed for good; its actor is told');
  await settle(state, held, { type: 'EffectExhausted', body: { effect: id, type, code, message } });
}

/** Hands the result over; as a message of the same id it is the same message, however often it is sent. */
async function settle(state: State, held: Held, { type, body }: EffectResult): Promise<void> {
  const { effect } = held;
  const { options, limits, metrics } = state;
  const message: Message = { id: nameOf(held), type, body: toJson(body), from: `effect:${effect.type}`, trace: effect.trace };
  for (let tries = 1; ; tries += 1) {
    try {
      const settled = await options.effects.settle(effect, message);
      const result = !settled ? 'overtaken' : type === 'EffectExhausted' ? 'exhausted' : 'settled';
      metrics.count('ironwallet_effects_total', 1, { type: effect.type, result });
      break;
    } catch (error) {
      if (tries >= limits.settleAttempts) throw error;
      await options.system.sleep(pauseOf(state, tries));
    }
  }
  drop(state, held);
  options.told(effect.actor);
}

function nameOf({ effect }: Held): string {
  return `effect:${effect.actor}/${effect.id}`;
}

/** Waits for calls in flight, then cuts them off: their effects are called again elsewhere. */
async function drained(state: State): Promise<void> {
  const callOff = state.options.system.alarm(state.limits.stopMs, () => state.stopped.abort());
  while (state.running.size > 0) await Promise.all(state.running);
  callOff();
}
