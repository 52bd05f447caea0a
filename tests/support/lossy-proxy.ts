/** A TCP proxy that loses answers: what was asked arrives, the connection ends before the reply does. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface LossyProxy {
  readonly url: string;
  /**
   * Loses the answer to the next request that contains the text, but for its first `pass` bytes. Nobody gets through until `heal`.
   * Resolves when the server has answered.
   */
  loseNextAnswer(text: string, pass?: number): Promise<void>;
  heal(): void;
  close(): Promise<void>;
}

interface Trap {
  readonly text: string;
  readonly pass: number;
  sprung: boolean;
  readonly lost: () => void;
}

export async function startLossyProxy(target: string): Promise<LossyProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let trap: Trap | null = null;
  let closed = false;

  const server = createServer((client) => {
    if (closed) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(port), hostname);
    let caught: Trap | null = null;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    client.on('data', (data) => {
      if (trap !== null && !trap.sprung && data.includes(trap.text)) {
        trap.sprung = true;
        caught = trap;
      }
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (caught === null) {
        client.write(data);
        return;
      }
      const { pass, lost } = caught;
      closed = true;
      client.end(data.subarray(0, pass), () => {
        end();
        lost();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `redis://127.0.0.1:${String(portOf(server.address()))}`,
    loseNextAnswer: (text, pass = 0) =>
      new Promise((lost) => {
        trap = { text, pass, sprung: false, lost };
      }),
    heal() {
      closed = false;
      trap = null;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return address.port;
}
