/** A Redis that dies, and one that comes back with less than it had said. */
import { readdirSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { removeFolder, temporaryFolder } from '../../mocks/servers/own-process.ts';
import type { Fault, OwnRedis, Scene } from '../fault.ts';

const DOWN_MS_MAX = 2_000;
/** Of what the round has written: from some commits to seconds of them. */
const TAIL_PERCENT_MIN = 1;
const TAIL_PERCENT_MAX = 60;

async function die({ stage, random, sleep, note }: Scene): Promise<void> {
  const ms = random.integer(0, DOWN_MS_MAX);
  note(`Redis down for ${String(ms)} ms`);
  await stage.redis.kill9();
  await sleep(ms);
  await stage.redis.restart();
}

/** Kills it and cuts the end of its append-only file off, but nothing from before the load began. */
async function loseTail({ stage, random, note, loadBegan }: Scene): Promise<void> {
  const { dataFolder } = stage;
  if (dataFolder === null) throw new Error('a Redis whose data folder is known is needed');
  await stage.redis.kill9();
  const file = logOf(dataFolder);
  const written = statSync(file).size - loadBegan.logBytes;
  const lost = Math.floor((written * random.integer(TAIL_PERCENT_MIN, TAIL_PERCENT_MAX)) / 100);
  truncateSync(file, statSync(file).size - lost);
  note(`the last ${String(lost)} of ${String(written)} bytes of the round cut off`);
  if (lost === 0) throw new Error('nothing was lost');
  await stage.redis.restart();
}

/** The append-only file that is written to. */
export function logOf(folder: string): string {
  const logs = path.join(folder, 'appendonlydir');
  const file = readdirSync(logs).find((name) => name.endsWith('.incr.aof'));
  if (file === undefined) throw new Error(`no append-only file in ${logs}`);
  return path.join(logs, file);
}

function knownFolder(): OwnRedis {
  const dataFolder = temporaryFolder('chaos-redis');
  return {
    redis: { dataFolder },
    cleanUp: () => {
      removeFolder(dataFolder);
    },
  };
}

export const REDIS_FAULTS: readonly Fault[] = [
  {
    ...{ name: 'redis-kill', title: 'Redis killed with -9, restarted with its append-only file', fullRounds: 50 },
    detected: 'edges answer 503 `unavailable`, `/readyz` says `redis_away`; workers wait and take new leases (another `run_id`)',
    ...{ repeatsCalls: true, strike: die },
  },
  {
    ...{
      name: 'redis-truncated',
      title: 'Redis restarted with the tail of its append-only file cut off: acknowledged data is lost',
      fullRounds: 20,
    },
    detected: 'Redis logs the truncation; owners find other tips than theirs and drop their actors; lines and payments are pulled again',
    ...{ losesTail: true, repeatsCalls: true, prepare: knownFolder, strike: loseTail },
  },
];
