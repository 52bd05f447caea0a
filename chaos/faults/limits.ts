/** A Redis without room: on its disk, or in its memory. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Redis } from 'ioredis';
import { connectRedis, disconnect } from '../../providers/redis/connect.ts';
import { removeFolder, temporaryFolder } from '../../mocks/servers/own-process.ts';
import { anyOf, keepOn } from '../fault.ts';
import type { Fault, OwnRedis, Scene } from '../fault.ts';
import { at, request } from '../requests.ts';

const DISK = '64m';
const FULL_MS = 2_500;
const EXIT_MS_MAX = 60_000;
const LOOK_MS = 50;
/** So little above what is used that edges shed at once. */
const ROOM_BYTES = 64 * 1024;
const BALLAST = 'chaos:ballast';
const BALLAST_BYTES = 16 * 1024;
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
  if (isRunning(pid)) throw new Error('Redis went on with a full disk');
  note('Redis exited');
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

/** Lowers maxmemory to a little above what is used, and takes the rest: until an edge has shed and commits have gone on all the same. */
async function fillMemory(scene: Scene): Promise<void> {
  const { stage, note } = scene;
  const redis = await connectRedis(stage.redis.url, { name: 'ironwallet:chaos' });
  const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1] ?? '0');
  const [, before] = (await redis.config('GET', 'maxmemory')) as [string, string];
  const seen: Seen = { full: 0, shed: 0, moved: 0, totals: '' };
  try {
    await redis.config('SET', 'maxmemory', String(used + ROOM_BYTES));
    const deadline = performance.now() + MEMORY_MS;
    // What is trimmed makes room: it is taken again at every look.
    await keepOn(scene, 0, async () => {
      await takeRoom(redis);
      await look(scene, seen);
      return performance.now() > deadline && seen.shed > 0 && seen.moved > 0;
    });
  } finally {
    await redis.config('SET', 'maxmemory', before);
    await redis.del(BALLAST);
    await disconnect(redis);
    note(
      `full at ${String(seen.full)} looks, commits moved money at ${String(seen.moved)}, an edge ${seen.shed > 0 ? 'shed' : 'never shed'}`,
    );
  }
}

/** Until Redis refuses to write. */
async function takeRoom(redis: Redis): Promise<void> {
  const block = 'x'.repeat(BALLAST_BYTES);
  for (;;) {
    try {
      await redis.append(BALLAST, block);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('OOM')) return;
      throw error;
    }
  }
}

/** Looks at a full Redis: how often what was seen. */
interface Seen {
  full: number;
  shed: number;
  moved: number;
  totals: string;
}

async function look({ stage, looking, random, seed }: Scene, seen: Seen): Promise<void> {
  const totals = [...(await looking.look.operations.totals(looking.layout.allShards))].join();
  // Another key every time: what was promised before is answered however full Redis is.
  const key = `full-${String(seed)}-${String(seen.full)}`;
  const asked = { url: `${anyOf(random, stage.of('gateway')).url}/v1/wallets`, as: 'chaos-full', key, body: {} };
  if (seen.shed === 0 && at((await request(asked)).body, 'code') === 'overloaded') seen.shed += 1;
  if (seen.totals !== '' && seen.totals !== totals) seen.moved += 1;
  seen.full += 1;
  seen.totals = totals;
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
