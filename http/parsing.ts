/** The parts of a request, parsed or refused: body, parameters, query, key, trace. */
import { randomUUID } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import bodyParser from 'koa-bodyparser';
import type { z } from 'zod';
import { Problem, problem } from './problem.ts';
import type { FieldError } from './problem.ts';

const KEY_PATTERN = /^(?:"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255}))$/;
const TRACE_PATTERN = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/;
const JSON_TYPES = ['json', '+json'];
/** Of one problem: who sends a hundred wrong fields learns enough from the first ones. */
const ERRORS_MAX = 20;

/** Reads the body: as JSON, or (`raw`) as the text that a provider sent, which its adapter parses. */
export function readBody(raw: boolean, limitBytes: number): Middleware[] {
  const limit = String(limitBytes);
  const parse = bodyParser({
    enableTypes: [raw ? 'text' : 'json'],
    extendTypes: raw ? { text: ['application/json', '+json'] } : { json: ['+json'] },
    jsonLimit: limit,
    textLimit: limit,
    onerror: (error) => {
      throw bodyProblem(error);
    },
  });
  return [jsonOnly, parse];
}

/** A request without any body passes: its schema says what is missing. */
const jsonOnly: Middleware = async (context, next) => {
  const length = context.request.length;
  if (length !== 0 && context.is(...JSON_TYPES) === false) {
    throw problem(415, 'unsupported_media_type', 'The body must be JSON, with content type application/json.');
  }
  await next();
};

function bodyProblem(error: Error & { status?: number }): Problem {
  if (error.status === 413) return problem(413, 'body_too_large', 'The body is larger than this service takes.');
  if (error.status === 415) return problem(415, 'unsupported_media_type', 'The encoding of the body is not known here.');
  return problem(400, 'malformed_json', 'The body is not a JSON object.');
}

/** Parses one part of the request; a missing schema means the part is not looked at. */
export function parsed(schema: z.ZodType | undefined, value: unknown, part: '' | 'params' | 'query'): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap((issue) => fieldErrors(issue, part)).slice(0, ERRORS_MAX);
  throw new Problem({
    status: 400,
    code: codeOf(errors),
    detail: 'The request does not say what this address expects; see errors.',
    errors,
  });
}

function codeOf(errors: readonly FieldError[]): string {
  const all = (pointer: string): boolean => errors.length > 0 && errors.every((error) => error.pointer === pointer);
  if (all('/amount')) return 'invalid_amount';
  if (all('/currency')) return 'invalid_currency';
  return all('query/cursor') ? 'bad_cursor' : 'invalid_request';
}

function fieldErrors(issue: z.core.$ZodIssue, part: string): FieldError[] {
  const at = `${part}/${issue.path.map(String).join('/')}`;
  if (issue.code !== 'unrecognized_keys') return [{ pointer: at, detail: issue.message }];
  const base = at.endsWith('/') ? at : `${at}/`;
  return issue.keys.map((key) => ({ pointer: `${base}${key}`, detail: 'is not a field of this request' }));
}

export function idempotencyKey(context: Context): string {
  const header = context.get('Idempotency-Key');
  if (header === '')
    throw problem(400, 'idempotency_key_missing', 'Writes need an Idempotency-Key header, so that they can be repeated safely.');
  const match = KEY_PATTERN.exec(header);
  const key = match?.[1] ?? match?.[2];
  if (key === undefined) throw problem(400, 'idempotency_key_malformed', 'The Idempotency-Key must be 1 to 255 visible ASCII characters.');
  return key;
}

/** The W3C trace id that the caller began, or a new one. */
export function traceOf(traceparent: string): string {
  const trace = TRACE_PATTERN.exec(traceparent)?.[1];
  return trace === undefined || /^0+$/.test(trace) ? randomUUID().replaceAll('-', '') : trace;
}
