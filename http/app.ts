/** From endpoints to a Koa app: errors, tokens, parsing, and one place where each of them happens. */
import { randomBytes } from 'node:crypto';
import Router from '@koa/router';
import Koa from 'koa';
import type { Context, Middleware } from 'koa';
import bodyParser from 'koa-bodyparser';
import type { z } from 'zod';
import { Fault } from '../engine/fault.ts';
import type { Authenticate } from './auth.ts';
import type { Caller, Endpoint, Reply, Request } from './endpoint.ts';
import { faultProblem } from './faults.ts';
import { Problem, problem, problemBody } from './problem.ts';
import type { FieldError } from './problem.ts';

export interface AppOptions {
  readonly endpoints: readonly Endpoint[];
  readonly authenticate: Authenticate;
  readonly bodyLimitBytes: number;
  /** Called once per request, after it was answered. */
  readonly observe: (request: { method: string; route: string; status: number; seconds: number; trace: string }) => void;
  /** Called for errors that are nobody's refusal. */
  readonly failed: (error: unknown, trace: string) => void;
}

const NOBODY: Caller = { subject: '', scopes: new Set() };
const KEY_PATTERN = /^(?:"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255}))$/;
const JSON_TYPES = ['json', '+json'];

export function createApp(options: AppOptions): Koa {
  const app = new Koa();
  const router = new Router();
  app.silent = true;
  app.use(observed(options));
  app.use(problems(options));
  for (const endpoint of options.endpoints) router[endpoint.method](endpoint.path, ...stepsOf(endpoint, options));
  app.use(router.routes());
  app.use(router.allowedMethods({ throw: true, methodNotAllowed: methodNotAllowed, notImplemented: methodNotAllowed }));
  app.use(() => {
    throw problem(404, 'route_not_found', 'There is nothing at this address.');
  });
  return app;
}

function methodNotAllowed(): Problem {
  return problem(405, 'method_not_allowed', 'This address does not know that method; the Allow header names those it knows.');
}

function stepsOf(endpoint: Endpoint, options: AppOptions): Middleware[] {
  const reads = endpoint.body !== undefined || endpoint.raw === true;
  const parse = bodyParser({
    enableTypes: endpoint.raw === true ? ['json', 'text'] : ['json'],
    jsonLimit: String(options.bodyLimitBytes),
    textLimit: String(options.bodyLimitBytes),
    onerror: (error) => {
      throw bodyProblem(error);
    },
  });
  return reads ? [jsonOnly, parse, answer(endpoint, options)] : [answer(endpoint, options)];
}

const jsonOnly: Middleware = async (context, next) => {
  if (context.request.length !== 0 && typeof context.is(...JSON_TYPES) !== 'string') {
    throw problem(415, 'unsupported_media_type', 'The body must be JSON, with content type application/json.');
  }
  await next();
};

function bodyProblem(error: Error & { status?: number }): Problem {
  if (error.status === 413) return problem(413, 'body_too_large', 'The body is larger than this service takes.');
  if (error.status === 415) return problem(415, 'unsupported_media_type', 'The encoding of the body is not known here.');
  return problem(400, 'malformed_json', 'The body is not a JSON object.');
}

function answer(endpoint: Endpoint, options: AppOptions): Middleware {
  return async (context) => {
    const caller = await callerOf(endpoint, context, options);
    const request: Request<unknown, unknown, unknown> = {
      params: parsed(endpoint.params, context['params'] as unknown, 'params'),
      query: parsed(endpoint.query, { ...context.query }, 'query'),
      body: parsed(endpoint.body, context.request.body, ''),
      rawBody: typeof context.request.rawBody === 'string' ? context.request.rawBody : '',
      caller,
      key: endpoint.keyed === true ? idempotencyKey(context) : '',
      trace: traceOf(context),
      lastEventId: context.get('Last-Event-ID') || null,
      signal: closed(context),
    };
    write(context, await endpoint.handle(request));
  };
}

async function callerOf(endpoint: Endpoint, context: Context, options: AppOptions): Promise<Caller> {
  if (endpoint.access === 'public') return NOBODY;
  const caller = await options.authenticate(context.get('Authorization'));
  if (endpoint.access === 'operator' && !caller.scopes.has('ops'))
    throw problem(403, 'scope_missing', 'This needs a token with the scope ops.');
  return caller;
}

/** Parses one part of the request; a missing schema means the part is not looked at. */
function parsed(schema: z.ZodType | undefined, value: unknown, part: string): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap((issue) => fieldErrors(issue, part));
  const code = errors.length > 0 && errors.every((error) => error.pointer.startsWith('/amount')) ? 'invalid_amount' : 'invalid_request';
  throw new Problem({ status: 400, code, detail: 'The request does not say what this address expects; see errors.', errors });
}

function fieldErrors(issue: z.core.$ZodIssue, part: string): FieldError[] {
  const at = `${part}/${issue.path.map(String).join('/')}`;
  if (issue.code !== 'unrecognized_keys') return [{ pointer: at, detail: issue.message }];
  const base = at.endsWith('/') ? at : `${at}/`;
  return issue.keys.map((key) => ({ pointer: `${base}${key}`, detail: 'is not a field of this request' }));
}

function idempotencyKey(context: Context): string {
  const header = context.get('Idempotency-Key');
  if (header === '')
    throw problem(400, 'idempotency_key_missing', 'Writes need an Idempotency-Key header, so that they can be repeated safely.');
  const match = KEY_PATTERN.exec(header);
  const key = match?.[1] ?? match?.[2];
  if (key === undefined) throw problem(400, 'idempotency_key_malformed', 'The Idempotency-Key must be 1 to 255 visible ASCII characters.');
  return key;
}

function traceOf(context: Context): string {
  const trace = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/.exec(context.get('traceparent'))?.[1];
  return trace === undefined || /^0+$/.test(trace) ? randomBytes(16).toString('hex') : trace;
}

function closed(context: Context): AbortSignal {
  const controller = new AbortController();
  context.res.once('close', () => {
    controller.abort();
  });
  return controller.signal;
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

function problems(options: AppOptions): Middleware {
  return async (context, next) => {
    try {
      await next();
    } catch (error) {
      const found = problemOf(error);
      if (found.facts.status === 500) options.failed(error, traceOf(context));
      context.status = found.facts.status;
      if (found.facts.headers !== undefined) context.set({ ...found.facts.headers });
      context.body = problemBody(found.facts, context.path);
      context.type = 'application/problem+json';
    }
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Fault) return faultProblem(error);
  return problem(500, 'internal_error', 'Something went wrong here; it was logged.');
}

function observed(options: AppOptions): Middleware {
  return async (context, next) => {
    const begun = performance.now();
    context.set('X-Content-Type-Options', 'nosniff');
    try {
      await next();
    } finally {
      const matched: unknown = context['_matchedRoute'];
      const route = typeof matched === 'string' ? matched : 'none';
      options.observe({
        method: context.method,
        route,
        status: context.status,
        seconds: (performance.now() - begun) / 1000,
        trace: traceOf(context),
      });
    }
  };
}
