/**
 * A Koa app on a port, and its orderly end.
 *
 * G1  From `close` on no connection is accepted; requests under way are answered, event streams end, idle connections are closed.
 * G2  What is not over after `graceMs` is cut.
 */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type Koa from 'koa';
import type { Streams } from './streams.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The app's, so that they end with it. */
  readonly streams?: Streams;
}

export interface Listening {
  /** `http://<host>:<port>`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  close(graceMs: number): Promise<void>;
}

/** Headers that come slower than this are an attack or a broken line. */
const HEADERS_TIMEOUT_MS = 10_000;
/** The whole request; bodies are small. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the idle time of usual load balancers, or they would re-use what we just closed. */
const KEEP_ALIVE_MS = 65_000;
const SWEEP_MS = 25;

export async function listen(app: Koa, { host, port, streams }: ListenOptions): Promise<Listening> {
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
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
