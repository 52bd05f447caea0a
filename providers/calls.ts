/**
 * One HTTP call to a provider, and what its failures mean.
 *
 * H1  Whatever goes wrong is a `Fault`: refused for good is `never`, everything that may pass is `later`.
 * H2  A provider that says how long to wait is waited for once when it is short; else the fault says `later`.
 * H3  An answer that cannot be read is never an empty one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { Fault } from '../engine/fault.ts';
import type { FaultRetry } from '../engine/fault.ts';

/** Longest time for one answer. */
export const CALL_MS_MAX = 10_000;
/** Longest `Retry-After` that is waited for inside the call. */
export const RETRY_AFTER_MS_MAX = 5_000;
/** Characters of a provider's text that a message keeps. */
const EXCERPT_MAX = 300;

/** The global `fetch` with a limit of `CALL_MS_MAX`, or one that is brought along with limits of its own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Pick<Response, 'status' | 'text' | 'headers'>>;

export interface Call {
  /** Names the faults: `<provider>_unavailable`. */
  readonly provider: string;
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  readonly fetch?: Fetch;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | null;
}

/** The answer whatever its status, or a fault when there is none. */
export async function call(request: Call): Promise<Answer> {
  const first = await once(request);
  const wait = first.status === 429 || first.status === 503 ? first.retryAfterMs : null;
  if (wait === null || wait > RETRY_AFTER_MS_MAX) return first;
  await sleep(wait, undefined, request.signal === undefined ? {} : { signal: request.signal }).catch((cause: unknown) => {
    throw unavailable(request.provider, cause);
  });
  return once(request);
}

const timedFetch: Fetch = (url, init) => {
  const limit = AbortSignal.timeout(CALL_MS_MAX);
  return fetch(url, { ...init, signal: init.signal ? AbortSignal.any([init.signal, limit]) : limit });
};

async function once({ provider, url, method, headers, body, signal, fetch: ask = timedFetch }: Call): Promise<Answer> {
  const init: RequestInit = { method, headers: { ...headers }, ...(signal === undefined ? {} : { signal }) };
  try {
    const response = await ask(url, body === undefined ? init : { ...init, body });
    return { status: response.status, text: await response.text(), retryAfterMs: retryAfter(response.headers.get('retry-after')) };
  } catch (cause) {
    throw unavailable(provider, cause);
  }
}

/** Seconds; the form with a date is not waited for. */
function retryAfter(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : null;
}

/** No answer: whether the call was done is unknown. */
function unavailable(provider: string, cause: unknown): Fault {
  const message = cause instanceof Error ? `${cause.name}: ${cause.message}` : 'no answer';
  return new Fault({ code: `${provider}_unavailable`, retry: 'later', message, cause });
}

const MEANINGS: readonly (readonly [from: number, code: string, retry: FaultRetry])[] = [
  [500, 'unavailable', 'later'],
  [430, 'rejected', 'never'],
  [429, 'rate_limited', 'later'],
  [409, 'rejected', 'never'],
  [408, 'unavailable', 'later'],
  [406, 'rejected', 'never'],
  [405, 'not_allowed', 'never'],
  [404, 'not_found', 'never'],
  [403, 'forbidden', 'never'],
  [402, 'rejected', 'never'],
  [401, 'unauthorized', 'never'],
  [400, 'rejected', 'never'],
  // Redirects, and whatever else is neither success nor error.
  [0, 'malformed', 'later'],
];

/** What an error status means. `message` is the provider's own text, when it could be read. */
export function refusal(provider: string, { status, text }: Answer, message: string | null): Fault {
  const [, code, retry] = MEANINGS.find(([from]) => status >= from) ?? [0, 'malformed', 'later' as const];
  return new Fault({ code: `${provider}_${code}`, retry, message: `HTTP ${status}: ${(message ?? text).slice(0, EXCERPT_MAX)}` });
}

/** An answer that is not what the provider documents: cut off on the way, or a shape we do not know. */
export function malformed(provider: string, why: string): Fault {
  return new Fault({ code: `${provider}_malformed`, retry: 'later', message: why.slice(0, EXCERPT_MAX) });
}

/** Reads a value by its schema, or says which field is wrong; the value itself is in no message. */
export function read<S extends z.ZodType>(provider: string, schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw malformed(provider, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unreadable'}`);
}

export function json(provider: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw malformed(provider, `not JSON: ${cause instanceof Error ? cause.message : text}`);
  }
}

/** The calendar date of a moment in Riyadh, where provider and bank count their days: `YYYY-MM-DD`. */
export function dateInRiyadh(moment: Date): string {
  return new Date(moment.getTime() + 3 * 60 * 60_000).toISOString().slice(0, 10);
}
