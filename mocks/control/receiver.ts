import { once } from 'node:events';
import { createServer } from 'node:http';

export interface Received {
  method: string;
  path: string;
  /** As it came. */
  text: string;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** The status of the next answers; the last one stays. */
  answers: number[];
  close: () => Promise<void>;
}

/** A merchant's webhook endpoint that keeps what it gets; for tests of deliveries. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const answers = [200];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ method: request.method ?? '', path: request.url ?? '', text: Buffer.concat(chunks).toString('utf8') });
      const status = answers.length > 1 ? answers.shift() : answers[0];
      response.writeHead(status ?? 200, { 'content-type': 'text/plain' }).end('seen');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answers,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
