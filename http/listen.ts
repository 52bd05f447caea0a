/**
 * A Koa app on a port, and its orderly end.
 *
 * G1  From `close` on no connection is accepted; requests under way are answered, event streams end, idle connections are closed.
 * G2  What is not over after `graceMs` is cut.
 * G3  A connection that sends nothing, or sends too slowly, is answered 408 and closed; so is what is no HTTP, with 400 or 431.
 */
import { STATUS_CODES, createServer } from 'node:http';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type Koa from 'koa';
import { problemBody } from './problem.ts';
import type { ProblemFacts } from './problem.ts';
import type { Streams } from './streams.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The app's, so that they end with it. */
  readonly streams?: Streams;
  readonly timeouts?: Timeouts;
}

export interface Timeouts {
  /** For the head of a request, from the first moment of its connection; slower ones are an attack or a broken line. */
  readonly headersMs: number;
  /** For the whole request; bodies are small. */
  readonly requestMs: number;
}

export interface Listening {
  /** `http://<host>:<port>`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  close(graceMs: number): Promise<void>;
}

const TIMEOUTS: Timeouts = { headersMs: 10_000, requestMs: 30_000 };
/** How often connections are looked at; Node's own 30 s would add that much to each timeout. */
const CONNECTIONS_LOOK_MS_MAX = 1_000;
/** Longer than the idle time of usual load balancers, or they would re-use what we just closed. */
const KEEP_ALIVE_MS = 65_000;
const SWEEP_MS = 25;

export async function listen(app: Koa, { host, port, streams, timeouts = TIMEOUTS }: ListenOptions): Promise<Listening> {
  const handle = app.callback();
  const settings = {
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.min(CONNECTIONS_LOOK_MS_MAX, timeouts.headersMs),
  };
  const server = createServer(settings, (request, response) => void handle(request, response));
  server.on('clientError', answerUnreadable);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = portOf(server);
  let closing: Promise<void> | null = null;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${String(bound)}`,
    port: bound,
    close: (graceMs) => (closing ??= close(server, streams, graceMs)),
  };
}

const TIMED_OUT = { status: 408, code: 'request_timeout', detail: 'The request came too slowly.' };
const TOO_LARGE = { status: 431, code: 'headers_too_large', detail: 'The head of the request is larger than this service takes.' };
const UNREADABLE = { status: 400, code: 'malformed_request', detail: 'This is not a request as HTTP/1.1 has them.' };

/** Of what Node cannot give to the app: there is no response object, only the socket. */
function answerUnreadable(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const facts = factsOf(error.code);
  const body = JSON.stringify(problemBody(facts, ''));
  const head = [
    `HTTP/1.1 ${String(facts.status)} ${STATUS_CODES[facts.status] ?? ''}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${String(Buffer.byteLength(body))}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function factsOf(code: string | undefined): ProblemFacts {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return TIMED_OUT;
  return code === 'HPE_HEADER_OVERFLOW' ? TOO_LARGE : UNREADABLE;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return address.port;
}

async function close(server: Server, streams: Streams | undefined, graceMs: number): Promise<void> {
  const over = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  streams?.end();
  // A connection whose last answer goes out now is idle only afterwards.
  const sweep = setInterval(() => {
    server.closeIdleConnections();
  }, SWEEP_MS);
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, graceMs);
  await over;
  clearInterval(sweep);
  clearTimeout(cut);
}
