import { once } from 'node:events';
import { createServer } from 'node:http';
import type Koa from 'koa';

export interface Listening {
  url: string;
  port: number;
  close: () => Promise<void>;
}

/** Longer than any client keeps a connection, so that it is never we who close one under a request. */
const KEEP_ALIVE_MS = 120_000;

/** Listens on the given port, or a free one, of 127.0.0.1 unless another host is named. */
export async function listen(app: Koa, at: { port?: number | undefined; host?: string | undefined }): Promise<Listening> {
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const host = at.host ?? '127.0.0.1';
  server.listen(at.port ?? 0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.');
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host;
  return {
    url: `http://${reachable}:${address.port}`,
    port: address.port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
