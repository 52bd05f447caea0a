/** From endpoints to a Koa app: errors, tokens, parsing, and one place where each of them happens. */
import Router from '@koa/router';
import Koa from 'koa';
import type { Context, Middleware } from 'koa';
import { Fault } from '../engine/fault.ts';
import type { Authenticate } from './auth.ts';
import type { Caller, Endpoint, Reply, Request } from './endpoint.ts';
import { faultProblem } from './faults.ts';
import { idempotencyKey, parsed, readBody, traceOf } from './parsing.ts';
import { Problem, problem, problemBody } from './problem.ts';
import type { RateLimit } from './rate-limit.ts';
import { createStreams } from './streams.ts';
import type { Streams } from './streams.ts';

export interface Answered {
  readonly method: string;
  /** The route's pattern, `none` for an address that is not ours: never what a caller made up. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
  readonly trace: string;
}

export interface AppOptions {
  readonly endpoints: readonly Endpoint[];
  readonly authenticate: Authenticate;
  readonly bodyLimitBytes: number;
  /** Counts the requests of clients; without it they are not limited. */
  readonly rateLimit?: RateLimit;
  /** Open event streams; give the same to `listen`, which ends them. */
  readonly streams?: Streams;
  /** True at the marks for backlog, memory or snapshot lag: commands of clients and operators are turned away until it is over. */
  readonly overloaded?: () => boolean;
  /** Called once per request, after it was answered (a stream: after it began). */
  readonly observe: (request: Answered) => void;
  /** Called for errors that are nobody's refusal. */
  readonly failed: (error: unknown, trace: string) => void;
}

interface Parts extends AppOptions {
  readonly streams: Streams;
}

/** What a request carries through the steps. */
interface Facts {
  trace: string;
  caller: Caller;
}

const NOBODY: Caller = { subject: '', scopes: new Set() };
const GONE = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ECONNABORTED']);

export function createApp(options: AppOptions): Koa {
  const parts: Parts = { ...options, streams: options.streams ?? createStreams() };
  const app = new Koa();
  const router = new Router();
  app.on('error', (error: unknown) => {
    if (!isGone(error)) options.failed(error, '');
  });
  app.use(observed(parts));
  app.use(problems(parts));
  for (const endpoint of options.endpoints) router[endpoint.method](endpoint.path, ...stepsOf(endpoint, parts));
  app.use(router.routes());
  app.use(unrouted);
  return app;
}

/** A client that went away is no failure of ours. */
function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && GONE.has(error.code);
}

/** Who calls is known before anything of the body is read. */
function stepsOf(endpoint: Endpoint, parts: Parts): Middleware[] {
  const reads = endpoint.body !== undefined || endpoint.raw === true;
  const body = reads ? readBody(endpoint.raw === true, parts.bodyLimitBytes) : [];
  const shed = endpoint.keyed === true ? [shedding(parts)] : [];
  return [...shed, authenticated(endpoint, parts), ...body, answer(endpoint, parts)];
}

/** Before any work: turning somebody away must cost nothing. */
function shedding({ overloaded }: Parts): Middleware {
  return async (_context, next) => {
    if (overloaded?.() === true) throw new Fault({ code: 'overloaded', retry: 'later' });
    await next();
  };
}

function authenticated({ access }: Endpoint, { authenticate, rateLimit }: Parts): Middleware {
  return async (context, next) => {
    if (access !== 'public') {
      const caller = await authenticate(context.get('Authorization'));
      if (access === 'operator' && !caller.scopes.has('ops')) throw problem(403, 'scope_missing', 'This needs a token with the scope ops.');
      if (access === 'client') await rateLimit?.(caller.subject);
      factsOf(context).caller = caller;
    }
    await next();
  };
}

function answer(endpoint: Endpoint, { streams }: Parts): Middleware {
  return async (context) => {
    const stop = stopOf(context);
    const { trace, caller } = factsOf(context);
    const request: Request<unknown, unknown, unknown> = {
      params: parsed(endpoint.params, context['params'] as unknown, 'params'),
      query: parsed(endpoint.query, { ...context.query }, 'query'),
      body: parsed(endpoint.body, context.request.body, ''),
      rawBody: typeof context.request.rawBody === 'string' ? context.request.rawBody : '',
      caller,
      key: endpoint.keyed === true ? idempotencyKey(context) : '',
      trace,
      lastEventId: context.get('Last-Event-ID') || null,
      signal: stop.signal,
    };
    const reply = await endpoint.handle(request);
    if (reply.stream !== undefined) keepSlot(context, { reply: reply.stream, stop, streams });
    write(context, reply);
  };
}

function keepSlot(
  context: Context,
  { reply, stop, streams }: { reply: NonNullable<Reply['stream']>; stop: AbortController; streams: Streams },
): void {
  const begun = streams.begin(stop, factsOf(context).caller.subject);
  if (begun !== 'begun') {
    reply.source.destroy();
    throw noSlot(begun);
  }
  context.res.once('close', () => {
    streams.over(stop);
  });
}

function noSlot(why: 'all_taken' | 'owner_has_its_share'): Problem {
  const headers = { 'Retry-After': '5' };
  if (why === 'owner_has_its_share') {
    const detail = 'You have as many open streams as one client may have; close one first.';
    return new Problem({ status: 429, code: 'too_many_own_streams', detail, headers });
  }
  const detail = 'This process has as many open streams as it takes; try again shortly.';
  return new Problem({ status: 503, code: 'too_many_streams', detail, headers });
}

/** Aborts when the client goes away before its answer is complete. */
function stopOf(context: Context): AbortController {
  const controller = new AbortController();
  context.res.once('close', () => {
    if (!context.res.writableFinished) controller.abort();
  });
  return controller;
}

function write(context: Context, reply: Reply): void {
  context.status = reply.status;
  if (reply.headers !== undefined) context.set({ ...reply.headers });
  if (reply.stream !== undefined) {
    context.type = reply.stream.type;
    context.body = reply.stream.source;
  } else if (reply.text !== undefined) {
    context.type = reply.text.type;
    context.body = reply.text.content;
  } else if (reply.body === undefined) {
    context.body = null;
    context.status = reply.status;
  } else {
    context.body = reply.body;
  }
}

function problems({ failed }: Parts): Middleware {
  return async (context, next) => {
    try {
      await next();
    } catch (error) {
      const { facts } = problemOf(error);
      if (facts.status === 500) failed(error, factsOf(context).trace);
      context.status = facts.status;
      if (facts.headers !== undefined) context.set({ ...facts.headers });
      context.body = problemBody(facts, context.path);
      context.type = 'application/problem+json';
    }
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Fault) return faultProblem(error);
  return problem(500, 'internal_error', 'Something went wrong here; it was logged.');
}

/** Nothing answered: the address is not ours, or it is and the method is not. */
const unrouted: Middleware = (context) => {
  const allowed = methodsOf(context['matched'] as readonly { readonly methods: readonly string[] }[] | undefined);
  if (allowed.length === 0) throw problem(404, 'route_not_found', 'There is nothing at this address.');
  const headers = { Allow: [...allowed, 'OPTIONS'].join(', ') };
  if (context.method !== 'OPTIONS') {
    const detail = 'This address does not know that method; the Allow header names those it knows.';
    throw new Problem({ status: 405, code: 'method_not_allowed', detail, headers });
  }
  write(context, { status: 204, headers });
};

function methodsOf(layers: readonly { readonly methods: readonly string[] }[] = []): string[] {
  return [...new Set(layers.flatMap(({ methods }) => methods))].sort();
}

function observed({ observe }: Parts): Middleware {
  return async (context, next) => {
    const begun = performance.now();
    const facts = factsOf(context);
    context.set('X-Content-Type-Options', 'nosniff');
    context.set('Trace-Id', facts.trace);
    try {
      await next();
    } finally {
      const matched: unknown = context['_matchedRoute'];
      const route = typeof matched === 'string' ? matched : 'none';
      const seconds = (performance.now() - begun) / 1000;
      observe({ method: context.method, route, status: context.status, seconds, trace: facts.trace });
    }
  };
}

const known = new WeakMap<Context, Facts>();

function factsOf(context: Context): Facts {
  const facts = known.get(context) ?? { trace: traceOf(context.get('traceparent')), caller: NOBODY };
  known.set(context, facts);
  return facts;
}
