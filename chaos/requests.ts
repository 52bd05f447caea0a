/** Requests as a client makes them: with a token, a limit of time, and no belief in anything but an answer. */
import { makeToken } from '../cli/token.ts';

export interface Answered {
  /** 0: no answer. */
  readonly status: number;
  readonly body: unknown;
  readonly location: string | null;
}

export interface Asked {
  readonly url: string;
  readonly as?: string;
  readonly scope?: string;
  readonly key?: string;
  readonly body?: unknown;
}

const ANSWER_MS_MAX = 6_000;
const tokens = new Map<string, Promise<string>>(); // one per client of this run

export async function request({ url, as, scope, key, body }: Asked): Promise<Answered> {
  const headers: Record<string, string> = {};
  if (as !== undefined) headers['authorization'] = `Bearer ${await tokenOf(as, scope)}`;
  if (key !== undefined) headers['idempotency-key'] = key;
  if (body !== undefined) headers['content-type'] = 'application/json';
  try {
    const response = await fetch(url, {
      ...{ method: body === undefined ? 'GET' : 'POST', redirect: 'manual', headers, signal: AbortSignal.timeout(ANSWER_MS_MAX) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: parsed(text), location: response.headers.get('location') };
  } catch {
    return { status: 0, body: null, location: null };
  }
}

function tokenOf(owner: string, scope: string | undefined): Promise<string> {
  const name = `${owner} ${scope ?? ''}`;
  const made = tokens.get(name) ?? makeToken({ owner, scope });
  tokens.set(name, made);
  return made;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A field at a path, as text; empty when it is not there. */
export function at(body: unknown, ...path: readonly (string | number)[]): string {
  let value: unknown = body;
  for (const key of path)
    value = typeof value === 'object' && value !== null ? Object.entries(value).find(([name]) => name === String(key))?.[1] : undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
