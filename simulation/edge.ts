/** A request to one process: what the HTTP layer makes of an endpoint, without sockets. */
import type { Endpoint } from '../http/endpoint.ts';
import { Fault } from '../engine/fault.ts';
import { faultProblem } from '../http/faults.ts';
import { parsed } from '../http/parsing.ts';
import { Problem } from '../http/problem.ts';

export interface Call {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly as?: string;
  readonly scope?: string;
  readonly key?: string;
  readonly body?: unknown;
  /** Of a webhook. */
  readonly raw?: string;
}

export interface Reply {
  readonly status: number;
  /** Parsed JSON of a simulated answer: its fields are looked at one by one. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly location: string;
}

/** Nobody hangs up here. */
const NEVER = new AbortController().signal;

export async function callEndpoint(endpoints: readonly Endpoint[], call: Call): Promise<Reply> {
  try {
    const { endpoint, params } = found(endpoints, call);
    const reply = await endpoint.handle({
      params: parsed(endpoint.params, params, 'params'),
      query: parsed(endpoint.query, {}, 'query'),
      body: parsed(endpoint.body, call.body, ''),
      rawBody: call.raw ?? '',
      caller: { subject: call.as ?? '', scopes: new Set(call.scope === undefined ? [] : [call.scope]) },
      ...{ key: call.key ?? '', trace: '', lastEventId: null, signal: NEVER },
    });
    return { status: reply.status, body: plain(reply.body), location: reply.headers?.['Location'] ?? '' };
  } catch (error) {
    const problem = error instanceof Problem ? error : error instanceof Fault ? faultProblem(error) : null;
    if (problem === null) throw error;
    return { status: problem.facts.status, body: { code: problem.facts.code }, location: '' };
  }
}

function plain(body: unknown): Reply['body'] {
  return JSON.parse(JSON.stringify(body ?? {})) as Reply['body'];
}

function found(endpoints: readonly Endpoint[], { method, path }: Call): { endpoint: Endpoint; params: Record<string, string> } {
  const given = path.split('/');
  // What is written out goes before what is a parameter.
  const matches = endpoints.filter((endpoint) => endpoint.method === method && paramsOf(endpoint.path.split('/'), given) !== null);
  const endpoint = matches.sort((a, b) => count(a.path) - count(b.path))[0];
  if (endpoint === undefined) throw new Error(`no endpoint for ${method} ${path}`);
  return { endpoint, params: paramsOf(endpoint.path.split('/'), given) ?? {} };
}

function count(path: string): number {
  return path.split(':').length;
}

function paramsOf(wanted: readonly string[], given: readonly string[]): Record<string, string> | null {
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value) return null;
  }
  return params;
}
