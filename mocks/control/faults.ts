// What goes wrong, on purpose: rules per route, drawn by probability from a seed.
// F1 a rule fires at most `times` times, after letting `skip` matching calls pass.
// F2 calls of the control API itself never fail.
// F3 `drop` after the work loses only the answer: the caller cannot know that the work was done.
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import { Refusal } from './refusal.ts';
import { seededRandom, type Random } from './random.ts';

export const faultSchema = z.strictObject({
  /** `GET /v1/payments/:id`, `POST *`, `*`; for webhooks `WEBHOOK payment_paid` or `WEBHOOK *`. */
  route: z.string().min(1),
  kind: z.enum(['fail', 'delay', 'drop', 'duplicate', 'reorder', 'malformed']),
  probability: z.number().min(0).max(1).optional(),
  /** The status that `fail` answers. */
  status: z.int().min(400).max(599).optional(),
  times: z.int().positive().optional(),
  skip: z.int().nonnegative().optional(),
  /** How long `delay` waits, and how long `reorder` holds a webhook back at most. */
  ms: z.int().nonnegative().optional(),
  /** Of `fail` and `drop`: before or after the work. `fail` defaults to before, `drop` to after. */
  when: z.enum(['before', 'after']).optional(),
  seed: z.int().optional(),
});
const DELAY_MS = 1_000;

export type FaultRule = z.input<typeof faultSchema>;
export interface FaultState extends FaultRule {
  id: string;
  seen: number;
  fired: number;
}

interface Armed {
  state: FaultState;
  random: Random;
}

export interface Faults {
  add(rule: FaultRule): FaultState;
  /** Without an id: all. Returns how many were removed. */
  remove(id?: string): number;
  list(): FaultState[];
  /** The rules that fire for this call, which counts as seen. */
  draw(route: string): FaultState[];
  /** Resolves early when the server closes, so that no timer outlives it. */
  wait(ms: number): Promise<void>;
  close(): void;
}

export function createFaults(seed: number): Faults {
  const rules = new Map<string, Armed>();
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // as many wait at a time as there are calls
  let count = 0;
  return {
    add(rule) {
      const webhookOnly = rule.kind === 'duplicate' || rule.kind === 'reorder';
      if (webhookOnly && !rule.route.startsWith('WEBHOOK '))
        throw new Refusal(400, `${rule.kind} is for routes that start with "WEBHOOK "`);
      count += 1;
      const state: FaultState = { ...rule, id: `fault-${count}`, seen: 0, fired: 0 };
      rules.set(state.id, { state, random: seededRandom(rule.seed ?? seed + count) });
      return state;
    },
    remove(id) {
      const ids = id === undefined ? [...rules.keys()] : [id];
      return ids.filter((each) => rules.delete(each)).length;
    },
    list: () => [...rules.values()].map(({ state }) => state),
    draw: (route) => [...rules.values()].filter((armed) => matches(armed.state.route, route) && fires(armed)).map(({ state }) => state),
    wait: (ms) => sleep(ms, undefined, { signal: closing.signal }).catch(() => undefined),
    close: () => {
      closing.abort();
    },
  };
}

function fires({ state, random }: Armed): boolean {
  state.seen += 1;
  if (state.seen <= (state.skip ?? 0)) return false;
  if (state.times !== undefined && state.fired >= state.times) return false;
  if (random.next() >= (state.probability ?? 1)) return false;
  state.fired += 1;
  return true;
}

/** `*` alone matches everything; in a path, `:name` matches one segment and a last `*` the rest. */
function matches(pattern: string, route: string): boolean {
  if (pattern === '*') return !route.startsWith('WEBHOOK ');
  const [wantedVerb, wantedPath] = halves(pattern);
  const [verb, path] = halves(route);
  if (wantedVerb !== '*' && wantedVerb !== verb) return false;
  if (wantedPath === '*') return true;
  const wanted = wantedPath.split('/');
  const given = path.split('/');
  if (wanted.at(-1) === '*') return wanted.slice(0, -1).every((part, at) => part === given[at] || part.startsWith(':'));
  return wanted.length === given.length && wanted.every((part, at) => part === given[at] || part.startsWith(':'));
}

function halves(route: string): [string, string] {
  const at = route.indexOf(' ');
  return at < 0 ? ['*', route] : [route.slice(0, at), route.slice(at + 1)];
}

/** Applies the rules around the provider's routes. `errorBody` gives the provider's own error shape. */
export function faultMiddleware(faults: Faults, errorBody: ErrorBody): Middleware {
  return async (ctx, next) => {
    const isControl = ctx.path === '/control' || ctx.path.startsWith('/control/');
    const fired = isControl ? [] : faults.draw(`${ctx.method} ${ctx.path}`);
    for (const { kind, ms } of fired) if (kind === 'delay') await faults.wait(ms ?? DELAY_MS);
    if (before(ctx, fired, errorBody)) return;
    await next();
    after(ctx, fired, errorBody);
  };
}

type ErrorBody = (status: number) => unknown;

/** True when the call ends here and nothing is done. */
function before(ctx: Context, fired: readonly FaultState[], errorBody: ErrorBody): boolean {
  if (fired.some(({ kind, when }) => kind === 'drop' && when === 'before')) {
    destroy(ctx);
    return true;
  }
  const early = fired.find(({ kind, when }) => kind === 'fail' && when !== 'after');
  if (early) fail(ctx, early, errorBody);
  return early !== undefined;
}

/** The work is done; only what the caller sees is changed. */
function after(ctx: Context, fired: readonly FaultState[], errorBody: ErrorBody): void {
  const late = fired.find(({ kind }) => kind === 'fail');
  if (late) fail(ctx, late, errorBody);
  if (fired.some(({ kind }) => kind === 'malformed')) truncate(ctx);
  if (fired.some(({ kind }) => kind === 'drop')) destroy(ctx);
}

function fail(ctx: Context, fault: FaultState, errorBody: ErrorBody): void {
  const status = fault.status ?? 500;
  ctx.status = status;
  if (status === 429 || status === 503) ctx.set('Retry-After', '1');
  ctx.body = errorBody(status);
}

function truncate(ctx: Context): void {
  const whole = typeof ctx.body === 'string' ? ctx.body : JSON.stringify(ctx.body);
  const type = ctx.type;
  ctx.body = whole.slice(0, Math.floor(whole.length / 2));
  ctx.type = type;
}

function destroy(ctx: Context): void {
  ctx.respond = false;
  ctx.req.socket.destroy();
}
