/** What sentinels say at a bad moment, by a sentinel of our own. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { startRedis } from '../../mocks/servers/redis.ts';
import { connect, disconnect } from './connect.ts';

const ASKED_MS = 1_500;
const ANSWERED_MS_MAX = 10_000;
/** No other sentinels, nothing to say of itself, and any name is fine. */
const FIXED: Readonly<Record<string, string>> = { sentinels: '*0\r\n', info: '$0\r\n\r\n', client: '+OK\r\n' };

interface Sentinel {
  readonly port: number;
  master: string;
  /** So long it thinks about where the master is. */
  slowMs: number;
  /** Has been asked where the master is, so often. */
  asked: number;
  tell(): void;
}

function resp(parts: readonly string[]): string {
  return `*${String(parts.length)}\r\n${parts.map((part) => `$${String(part.length)}\r\n${part}\r\n`).join('')}`;
}

async function startSentinel(t: ExecutionContext): Promise<Sentinel> {
  const subscribers = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on('error', () => subscribers.delete(socket));
    socket.on('data', (data: Buffer) => void answer(socket, data.toString().toLowerCase()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = (server.address() as AddressInfo).port;
  t.teardown(() => server.close());
  const sentinel: Sentinel = {
    ...{ port, master: '', slowMs: 0, asked: 0 },
    tell: () => {
      for (const socket of subscribers) socket.write(resp(['message', '+switch-master', 'wallets']));
    },
  };
  /** To the commands in their order. */
  async function answer(socket: Socket, text: string): Promise<void> {
    let told = '';
    for (const word of text.split('\r\n')) {
      if (word === 'get-master-addr-by-name') {
        sentinel.asked += 1;
        await sleep(sentinel.slowMs);
        told += resp(['127.0.0.1', sentinel.master]);
      } else if (word === 'subscribe') {
        subscribers.add(socket);
        told += '*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n';
      } else if (word in FIXED) told += FIXED[word] ?? '';
    }
    socket.write(told);
  }
  return sentinel;
}

test('a failover that is told while the client asks for the master ends nothing: it finds the new one', async (t) => {
  const sentinel = await startSentinel(t);
  const [former, next] = [await startRedis({ own: true }), await startRedis({ own: true })];
  t.teardown(() => Promise.all([former.close(), next.close()]));
  const portOf = ({ url }: { readonly url: string }): string => new URL(url).port;
  sentinel.master = portOf(former);
  const client = await connect(
    { url: 'redis://127.0.0.1', sentinels: [`127.0.0.1:${String(sentinel.port)}`], sentinelName: 'wallets' },
    { name: 'test' },
  );
  t.teardown(() => disconnect(client));
  t.is(await client.ping(), 'PONG');
  await sleep(ASKED_MS / 3); // it listens to the sentinel by now
  sentinel.slowMs = ASKED_MS;
  const before = sentinel.asked;
  sentinel.master = portOf(next);
  await former.kill9();
  while (sentinel.asked === before) await sleep(10);
  sentinel.tell();
  sentinel.slowMs = 0;
  const deadline = Date.now() + ANSWERED_MS_MAX;
  while (Date.now() < deadline && (await client.ping().catch(() => '')) !== 'PONG') await sleep(100);
  t.is(await client.ping(), 'PONG');
});
