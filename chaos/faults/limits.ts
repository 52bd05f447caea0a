/** A Redis without room: on its disk, or in its memory. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { connectRedis, disconnect } from '../../providers/redis/connect.ts';
import { removeFolder, temporaryFolder } from '../../mocks/servers/own-process.ts';
import type { Fault, OwnRedis, Scene } from '../fault.ts';
import { request } from '../requests.ts';

const DISK = '64m';
const FULL_MS = 2_500;
const EXIT_MS_MAX = 60_000;
const LOOK_MS = 50;
/** So little above what is used that the load fills it at once. */
const ROOM_BYTES = 64 * 1024;
const MEMORY_MS = 5_000;
const BLOCK_BYTES = 65_536;

/** A file system of its own, as large as a full disk may be here. */
function smallDisk(): OwnRedis | string {
  const folder = temporaryFolder('chaos-disk');
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', folder], { encoding: 'utf8' });
  if (mounted.status !== 0) {
    removeFolder(folder);
    return `a small tmpfs cannot be mounted: ${mounted.error?.message ?? mounted.stderr.trim()}`;
  }
  return {
    redis: { dataFolder: folder },
    cleanUp: () => {
      spawnSync('umount', ['-l', folder]);
      removeFolder(folder);
    },
  };
}

/** Fills the disk until Redis exits, sees that the edges say so, gives the room back and starts it again. */
async function fillDisk({ stage, sleep, note }: Scene): Promise<void> {
  const { dataFolder, redis } = stage;
  if (dataFolder === null) throw new Error('a Redis on a disk of its own is needed');
  const ballast = path.join(dataFolder, 'ballast');
  const pid = redis.pid() ?? 0;
  const deadline = performance.now() + EXIT_MS_MAX;
  fill(ballast);
  while (isRunning(pid) && performance.now() < deadline) await sleep(LOOK_MS);
  note(isRunning(pid) ? 'Redis went on' : 'Redis exited');
  await sleep(FULL_MS);
  const { status } = await request({ url: `${stage.of('gateway')[0]?.url ?? ''}/v1/wallets`, as: 'anybody' });
  note(`the edge answered ${String(status)}`);
  if (status !== 503) throw new Error(`an edge without Redis answered ${String(status)}, not 503`);
  rmSync(ballast);
  await redis.restart();
}

/** Until nothing more fits. */
function fill(file: string): void {
  const ballast = openSync(file, 'w');
  const block = Buffer.alloc(BLOCK_BYTES);
  try {
    for (;;) writeSync(ballast, block);
  } catch {
    // The disk is full: as wanted.
  } finally {
    closeSync(ballast);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Lowers maxmemory to a little above what is used, for a while. */
async function fillMemory({ stage, sleep, note }: Scene): Promise<void> {
  const redis = await connectRedis(stage.redis.url, { name: 'ironwallet:chaos' });
  try {
    const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1] ?? '0');
    const [, before] = (await redis.config('GET', 'maxmemory')) as [string, string];
    await redis.config('SET', 'maxmemory', String(used + ROOM_BYTES));
    await sleep(MEMORY_MS);
    await redis.config('SET', 'maxmemory', before);
    note(`maxmemory ${String(used + ROOM_BYTES)} bytes for ${String(MEMORY_MS)} ms`);
  } finally {
    await disconnect(redis);
  }
}

export const LIMIT_FAULTS: readonly Fault[] = [
  {
    ...{ name: 'disk-full', title: 'the disk of Redis is full: with fsync always it exits, restarted with room it goes on', fullRounds: 5 },
    detected: 'Redis exits and logs why; edges answer 503, `/readyz` says `redis_away`',
    ...{ repeatsCalls: true, prepare: smallDisk, strike: fillDisk },
  },
  {
    ...{ name: 'memory-full', title: 'Redis at `maxmemory` (`noeviction`)', fullRounds: 10 },
    detected: 'edges answer 503 `overloaded` from 80 % on; leases, commits and trims go on',
    strike: fillMemory,
  },
];
