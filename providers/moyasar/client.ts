/** Moyasar's API over HTTP: Basic with the secret key, its error body, its 404 for ids of the other mode. */
import type { z } from 'zod';
import { call, json, read, refusal } from '../calls.ts';
import type { Answer, Call, Fetch } from '../calls.ts';
import { errorBody } from './wire.ts';

const PROVIDER = 'moyasar';

export interface MoyasarClientOptions {
  /** Up to and with its version: `https://api.moyasar.com/v1`. */
  readonly apiUrl: string;
  readonly secretKey: string;
  readonly fetch?: Fetch;
}

export interface MoyasarRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Below the API's address, escaped. */
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export interface MoyasarClient {
  /** Throws a `Fault` for every error status, 404 (`moyasar_not_found`) among them. */
  request<S extends z.ZodType>(schema: S, request: MoyasarRequest): Promise<z.output<S>>;
  /** Null where the provider knows no such thing: 404, also for an id of the other mode. */
  find<S extends z.ZodType>(schema: S, request: MoyasarRequest): Promise<z.output<S> | null>;
}

export function createMoyasarClient({ apiUrl, secretKey, fetch }: MoyasarClientOptions): MoyasarClient {
  const authorization = `Basic ${Buffer.from(`${secretKey}:`).toString('base64')}`;
  const ask = ({ method, path, body, signal }: MoyasarRequest): Promise<Answer> => {
    const common = { provider: PROVIDER, url: `${apiUrl.replace(/\/$/, '')}${path}`, method };
    const headers = { authorization, accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const request: Call = { ...common, headers, ...(signal === undefined ? {} : { signal }), ...(fetch === undefined ? {} : { fetch }) };
    return call(body === undefined ? request : { ...request, body: JSON.stringify(body) });
  };
  const answered = <S extends z.ZodType>(schema: S, answer: Answer): z.output<S> => {
    if (answer.status < 200 || answer.status > 299) throw refusal(PROVIDER, answer, messageOf(answer));
    return read(PROVIDER, schema, json(PROVIDER, answer.text));
  };
  return {
    request: async (schema, request) => answered(schema, await ask(request)),
    find: async (schema, request) => {
      const answer = await ask(request);
      return answer.status === 404 ? null : answered(schema, answer);
    },
  };
}

/** The provider's own words; null when the body is not its error body (a proxy's page, a cut answer). */
function messageOf({ text }: Answer): string | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = errorBody.safeParse(value);
  if (!parsed.success) return null;
  const fields = Object.entries(parsed.data.errors ?? {}).map(([field, messages]) => `${field} ${messages.join(', ')}`);
  return [parsed.data.message ?? 'no message', ...fields].join('; ');
}
