// The demo's own client: what a mobile app, an operator and a customer's browser would send.
import { makeToken } from '../token.ts';

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

/** One request; POST when there is a body or a key. Throws for anything but 2xx and 3xx, with the problem's code and detail. */
export async function api(url: string, { as, scope, key, body }: ApiRequest = {}): Promise<ApiReply> {
  const headers: Record<string, string> = {};
  if (as !== undefined) headers['authorization'] = `Bearer ${await makeToken({ owner: as, scope })}`;
  if (key !== undefined) headers['idempotency-key'] = key;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const response = await fetch(url, {
    ...{ method: body === undefined && key === undefined ? 'GET' : 'POST', redirect: 'manual', headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = objectOf(text);
  if (response.status >= 400) throw new Error(`${new URL(url).pathname} answered ${String(response.status)}: ${text.slice(0, 300)}`);
  return { status: response.status, location: response.headers.get('location'), body: parsed };
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
      last = error instanceof Error ? error.message : String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`${what}: not so within 30 s; last seen: ${JSON.stringify(last)}`);
}
