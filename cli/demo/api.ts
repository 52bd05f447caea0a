// The demo's own client: what a mobile app, an operator and a customer's browser would send.
import { setTimeout as sleep } from 'node:timers/promises';
import { makeToken } from '../token.ts';
import { reasonOf } from '../text.ts';

const CHARS_SHOWN = 300;

export interface ApiReply {
  readonly status: number;
  readonly location: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ApiRequest {
  readonly as?: string;
  readonly scope?: string;
  /** POST with this Idempotency-Key. */
  readonly key?: string;
  readonly body?: unknown;
}

/** An answer that is neither 2xx nor 3xx, or none at all (status 0). */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ApiError';
    this.status = status;
  }
}

/** One request; POST when there is a body or a key. Throws an ApiError for anything but 2xx and 3xx, with the problem's code and detail. */
export async function api(url: string, { as, scope, key, body }: ApiRequest = {}): Promise<ApiReply> {
  const headers: Record<string, string> = {};
  if (as !== undefined) headers['authorization'] = `Bearer ${await makeToken({ owner: as, scope })}`;
  if (key !== undefined) headers['idempotency-key'] = key;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const response = await request(url, {
    ...{ method: body === undefined && key === undefined ? 'GET' : 'POST', redirect: 'manual', headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const { status } = response;
  if (status >= 400) throw new ApiError(status, `${new URL(url).pathname} answered ${String(status)}: ${text.slice(0, CHARS_SHOWN)}`);
  return { status, location: response.headers.get('location'), body: objectOf(text) };
}

async function request(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    throw new ApiError(0, `${url} cannot be reached`, error);
  }
}

const TRIES_MAX = 60;
const PAUSE_MS = 500;
/** No answer, too many waiting, or a part of the service that is away: the same request again does no harm and may go through. */
const AGAIN = new Set([0, 429, 503]);

/** Repeats a request that is safe to repeat (a look, or one with an idempotency key) while the service cannot take it, half a minute. */
export async function stubborn<T>(request: () => Promise<T>, pauseMs = PAUSE_MS): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof ApiError) || !AGAIN.has(error.status) || tries === TRIES_MAX) throw error;
      await sleep(pauseMs);
    }
  }
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** A field at a path of a reply, as text; empty when it is not there. */
export function at(body: unknown, ...path: readonly (string | number)[]): string {
  let value: unknown = body;
  for (const key of path)
    value = typeof value === 'object' && value !== null ? Object.entries(value).find(([name]) => name === String(key))?.[1] : undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

const LOOK_MS = 100;
const WAIT_MS_MAX = 30_000;

/** Looks until it holds, thirty seconds at most; errors on the way (a restart, say) are looked over. */
export async function eventually<T>(what: string, look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  const deadline = performance.now() + WAIT_MS_MAX;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const seen = await look();
      if (holds(seen)) return seen;
      last = seen;
    } catch (error) {
      last = reasonOf(error);
    }
    await sleep(LOOK_MS);
  }
  throw new Error(`${what}: not so within 30 s; last seen: ${JSON.stringify(last)}`);
}
