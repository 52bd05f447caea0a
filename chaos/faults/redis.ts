/** A Redis that dies. */
import type { Fault } from '../fault.ts';

const DOWN_MS_MAX = 2_000;

export const REDIS_FAULTS: readonly Fault[] = [
  {
    ...{ name: 'redis-kill', title: 'Redis killed with -9, restarted with its append-only file', fullRounds: 50 },
    detected: 'edges answer 503 `unavailable`, `/readyz` says `redis_away`; workers wait and take new leases (another `run_id`)',
    async strike({ stage, random, sleep, note }) {
      const ms = random.integer(0, DOWN_MS_MAX);
      note(`Redis down for ${String(ms)} ms`);
      await stage.redis.kill9();
      await sleep(ms);
      await stage.redis.restart();
    },
  },
];
