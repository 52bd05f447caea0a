/** Calls into a Koa application without sockets: what its middleware makes of a request, as a provider's answer. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type Koa from 'koa';

export interface Ask {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Told {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

const NOWHERE = new Socket();

/** Rejects when the application hung up. */
export async function callApp(app: Koa, { method, path, headers, body }: Ask): Promise<Told> {
  const request = new IncomingMessage(NOWHERE);
  request.method = method;
  request.url = path;
  request.headers = { host: 'simulated', 'content-length': String(Buffer.byteLength(body)), ...headers };
  const context = app.createContext(request, new ServerResponse(request));
  context.request.rawBody = body;
  context.request.body = bodyOf(headers['content-type'] ?? '', body);
  const run = async (index: number): Promise<void> => {
    await app.middleware[index]?.(context, () => run(index + 1));
  };
  await run(0);
  if (context.respond === false) throw new TypeError('the connection was closed');
  const content: unknown = context.body;
  const text = typeof content === 'string' ? content : content === undefined || content === null ? '' : JSON.stringify(content);
  const retryAfter = context.response.get('Retry-After');
  return { status: context.status, text, headers: new Headers(retryAfter === '' ? {} : { 'retry-after': retryAfter }) };
}

function bodyOf(type: string, text: string): unknown {
  if (text === '') return {};
  return type.includes('json') ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));
}
