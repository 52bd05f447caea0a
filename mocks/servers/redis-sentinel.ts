// One master with replicas and sentinels on loopback, for tests; each a process of its own that dies with this one.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort, onPath, removeFolder, startProcess, temporaryFolder } from './own-process.ts';
import type { OwnProcess } from './own-process.ts';
import { startRedis } from './redis.ts';
import type { RedisServer } from './redis.ts';

const run = promisify(execFile);
const NAME = 'wallets';
const SENTINELS = 3;
const LOOK_MS = 100;
const LOOKS_MAX = 300;

export interface SentinelSetup {
  readonly name: string;
  /** `host:port` of each sentinel. */
  readonly sentinels: readonly string[];
  readonly servers: readonly RedisServer[];
  /** The one that the sentinels call the master now. */
  master(): Promise<RedisServer>;
  /** Waits until the master is another than the given one. */
  untilOther(than: RedisServer): Promise<RedisServer>;
  close(): Promise<void>;
}

export async function startSentinels(replicas = 2): Promise<SentinelSetup> {
  const servers = [await startRedis({ own: true })];
  const sentinels: { readonly port: number; readonly process: OwnProcess; readonly folder: string }[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(sentinels.map(({ process }) => process.end('SIGKILL')));
    await Promise.all(servers.map((server) => server.close()));
    for (const { folder } of sentinels) removeFolder(folder);
  };
  const portOf = (server: RedisServer | undefined): string => new URL(server?.url ?? '').port;
  const master = portOf(servers[0]);
  const settings = { replicaof: `127.0.0.1 ${master}`, 'repl-diskless-sync-delay': '0' };
  for (let count = 0; count < replicas; count += 1) servers.push(await startRedis({ own: true, settings }));
  await untilReplicas(master, replicas);
  for (let count = 0; count < SENTINELS; count += 1) sentinels.push(await startSentinel(master));
  const asks = async (): Promise<RedisServer> => {
    const [sentinel] = sentinels;
    const { stdout } = await run('redis-cli', ['-p', String(sentinel?.port), 'SENTINEL', 'get-master-addr-by-name', NAME]);
    const found = servers.find((server) => portOf(server) === stdout.split('\n')[1]?.trim());
    if (found === undefined) throw new Error(`the sentinels name no server of ours: ${stdout}`);
    return found;
  };
  return {
    name: NAME,
    sentinels: sentinels.map(({ port }) => `127.0.0.1:${String(port)}`),
    servers,
    master: asks,
    async untilOther(than) {
      for (let look = 0; look < LOOKS_MAX; look += 1) {
        const found = await asks();
        if (found !== than) return found;
        await sleep(LOOK_MS);
      }
      throw new Error('the sentinels promote nobody');
    },
    close,
  };
}

async function untilReplicas(master: string, count: number): Promise<void> {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const { stdout } = await run('redis-cli', ['-p', master, 'INFO', 'replication']);
    if ((stdout.match(/state=online/g) ?? []).length === count) return;
    await sleep(LOOK_MS);
  }
  throw new Error('the replicas do not follow');
}

async function startSentinel(master: string): Promise<{ port: number; process: OwnProcess; folder: string }> {
  const folder = temporaryFolder('sentinel');
  const port = await freePort();
  const file = path.join(folder, 'sentinel.conf');
  const lines = [
    `port ${String(port)}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${master} 2`,
    `sentinel down-after-milliseconds ${NAME} 500`,
    `sentinel failover-timeout ${NAME} 3000`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const command = onPath('redis-server', 'valkey-server') ?? 'redis-server';
  const process = await startProcess({ command, args: [file, '--sentinel'], ready: /Sentinel ID is/, folder });
  return { port, process, folder };
}
