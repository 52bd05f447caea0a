/** An app on a free port, and requests to it that keep what a test wants to look at. */
import type { ExecutionContext } from 'ava';
import { SignJWT } from 'jose';
import { createApp } from '../app.ts';
import type { Answered } from '../app.ts';
import { createAuthenticate } from '../auth.ts';
import type { Endpoint } from '../endpoint.ts';
import { listen } from '../listen.ts';
import type { Listening } from '../listen.ts';
import { createStreams } from '../streams.ts';
import type { Streams } from '../streams.ts';

export const SECRET = 'a-secret-of-tests-that-is-long-enough';
export const BODY_LIMIT_BYTES = 4_096;

export interface Served extends Listening {
  readonly streams: Streams;
  readonly answered: Answered[];
  readonly failures: unknown[];
}

export interface ServeOptions {
  /** How many event streams it takes. */
  readonly streamsMax?: number;
  readonly observe?: (request: Answered) => void;
  readonly overloaded?: () => boolean;
}

export async function serve(
  endpoints: readonly Endpoint[],
  { streamsMax = 10, observe, overloaded = () => false }: ServeOptions = {},
): Promise<Served> {
  const streams = createStreams({ all: streamsMax, perOwner: streamsMax });
  const answered: Answered[] = [];
  const failures: unknown[] = [];
  const app = createApp({
    endpoints,
    authenticate: createAuthenticate({ secret: SECRET }),
    bodyLimitBytes: BODY_LIMIT_BYTES,
    streams,
    overloaded,
    observe(request) {
      answered.push(request);
      observe?.(request);
    },
    failed: (error) => void failures.push(error),
  });
  return { ...(await listen(app, { host: '127.0.0.1', port: 0, streams })), streams, answered, failures };
}

export interface TokenFacts {
  readonly scope?: string;
  readonly secret?: string;
  readonly expires?: string;
}

export function tokenOf(subject: string, { scope, secret = SECRET, expires = '1h' }: TokenFacts = {}): Promise<string> {
  return new SignJWT(scope === undefined ? {} : { scope })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(subject)
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(secret));
}

export interface Call {
  readonly method?: string;
  readonly as?: string;
  readonly key?: string;
  /** Sent as JSON, a text as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body, an empty object where it is no JSON. */
  readonly json: Readonly<Record<string, unknown>>;
}

export async function call(url: string, { method, as, key, body, headers = {} }: Call = {}): Promise<Got> {
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    redirect: 'manual',
    headers: {
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(as === undefined ? {} : { Authorization: `Bearer ${as}` }),
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
      ...headers,
    },
    ...sent,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: jsonOf(text) };
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Every refusal has the same shape. */
export function refused(t: ExecutionContext, got: Got, [status, code]: readonly [number, string]): void {
  t.is(got.status, status, got.text);
  t.regex(got.headers.get('content-type') ?? '', /^application\/problem\+json/);
  t.is(got.json['code'], code);
  t.is(got.json['status'], status);
  for (const field of ['type', 'title', 'detail', 'instance']) t.is(typeof got.json[field], 'string', field);
}

/** Looks until it is so; a test that waits for ever is ended by its timeout. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}
