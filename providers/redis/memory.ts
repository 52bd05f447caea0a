/** How full Redis is, asked at most once a second and never waited for after the first time. */
import type { Redis } from 'ioredis';
import { masters } from './client.ts';
import type { RedisClient } from './client.ts';
import { faultOf } from './faults.ts';
import { infoOf } from './reply.ts';

const FRESH_MS = 1000;
/** From here on edges shed: the rest is for messages between actors, which are never refused. */
export const MEMORY_MARK = 0.8;

export interface MemoryFigures {
  readonly used: number;
  /** 0: no limit is set. */
  readonly max: number;
}

export interface MemoryGauge {
  read(): Promise<MemoryFigures>;
  isOverMark(): Promise<boolean>;
}

export function createMemoryGauge(client: RedisClient, monotonicMs: () => number = () => performance.now()): MemoryGauge {
  let figures: MemoryFigures | null = null;
  let readAt = 0;
  let running: Promise<MemoryFigures> | null = null;

  function refresh(): Promise<MemoryFigures> {
    running ??= fullest(client)
      .then((fresh) => {
        figures = fresh;
        readAt = monotonicMs();
        return fresh;
      })
      .finally(() => {
        running = null;
      });
    return running;
  }

  return {
    read: refresh,
    async isOverMark() {
      const current = figures ?? (await refresh());
      if (monotonicMs() - readAt > FRESH_MS) refresh().catch(() => undefined); // the next answer is fresh; a Redis that is away says so to the send itself
      return current.max > 0 && current.used >= current.max * MEMORY_MARK;
    },
  };
}

/** In a cluster the fullest master speaks for all: a send to it would be refused. One that is away says so to the send itself. */
async function fullest(client: RedisClient): Promise<MemoryFigures> {
  const results = await Promise.allSettled(masters(client).map(ask));
  const figures = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const [failed] = results.flatMap((result) => (result.status === 'rejected' ? [result] : []));
  if (figures.length === 0) throw faultOf(failed?.reason ?? new Error('CLUSTERDOWN no master is known'));
  const share = ({ used, max }: MemoryFigures): number => (max === 0 ? 0 : used / max);
  return figures.reduce((a, b) => (share(b) > share(a) ? b : a));
}

async function ask(redis: Redis): Promise<MemoryFigures> {
  try {
    const info = await redis.info('memory');
    return { used: Number(infoOf(info, 'used_memory')), max: Number(infoOf(info, 'maxmemory')) };
  } catch (error) {
    throw faultOf(error);
  }
}
