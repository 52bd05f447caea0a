/** One call to the outside world: bounded in time, and whatever it throws becomes a fault that says whether to try again. */
import { Fault } from './fault.ts';
import type { ActorId } from './message.ts';
import type { ClaimedEffect, System } from './ports.ts';

/** What a handler sees of an effect. */
export interface EffectCall {
  readonly actor: ActorId;
  /** Unique within the actor for ever: with the actor it makes the provider's idempotency key. */
  readonly id: string;
  readonly type: string;
  /** Parsed JSON; the handler parses it further by its schema. */
  readonly body: unknown;
  /** 1 for the first; from 2 on a call may have happened before, so a handler without an idempotency key looks before it acts. */
  readonly attempt: number;
  readonly trace: string;
}

/** The message that the actor gets. */
export interface EffectResult {
  readonly type: string;
  readonly body: unknown;
}

export interface EffectHandler {
  /** Calls to one provider share a queue and its limits. */
  readonly provider: string;
  /** Calls until the actor is told that it failed for good. */
  readonly attempts?: number;
  readonly timeoutMs?: number;
  /** Throws a Fault: `now`, `later` are tried again, `never` is told to the actor; anything else that it throws is a bug and tried later. */
  run(effect: EffectCall, signal: AbortSignal): Promise<EffectResult>;
}

export type CallOutcome = { readonly ok: true; readonly result: EffectResult } | { readonly ok: false; readonly fault: Fault };

export interface CallOptions {
  readonly timeoutMs: number;
  readonly system: Pick<System, 'alarm'>;
  /** Aborts when the process has waited long enough for its last calls. */
  readonly stopped: AbortSignal;
}

/** Never rejects, and ends in time even if the handler does not. */
export async function callEffect(
  handler: EffectHandler,
  effect: ClaimedEffect,
  { timeoutMs, system, stopped }: CallOptions,
): Promise<CallOutcome> {
  const controller = new AbortController();
  const callOff = system.alarm(timeoutMs, () => controller.abort(timedOut(effect, timeoutMs)));
  const stop = (): void => controller.abort(new Fault({ code: 'effect_stopped', retry: 'later' }));
  if (stopped.aborted) stop();
  stopped.addEventListener('abort', stop);
  try {
    return { ok: true, result: await Promise.race([run(handler, effect, controller.signal), aborted(controller.signal)]) };
  } catch (error) {
    return { ok: false, fault: faultOf(controller.signal.aborted ? controller.signal.reason : error) };
  } finally {
    callOff();
    stopped.removeEventListener('abort', stop);
  }
}

async function run(handler: EffectHandler, effect: ClaimedEffect, signal: AbortSignal): Promise<EffectResult> {
  const { actor, id, type, attempt, trace } = effect;
  return handler.run({ actor, id, type, body: JSON.parse(effect.body), attempt, trace }, signal);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => reject(faultOf(signal.reason));
    if (signal.aborted) fail();
    signal.addEventListener('abort', fail, { once: true });
  });
}

function timedOut(effect: ClaimedEffect, timeoutMs: number): Fault {
  return new Fault({ code: 'effect_timeout', retry: 'later', message: `${effect.type} took longer than ${String(timeoutMs)} ms` });
}

function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault({ code: 'unexpected', retry: 'later', message: error instanceof Error ? error.message : String(error), cause: error });
}
