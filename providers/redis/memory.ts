/** How full Redis is, asked at most once a second and never waited for after the first time. */
import type { Redis } from 'ioredis';
import { faultOf } from './faults.ts';

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

export function createMemoryGauge(redis: Redis, monotonicMs: () => number = () => performance.now()): MemoryGauge {
  let figures: MemoryFigures | null = null;
  let readAt = 0;
  let running: Promise<MemoryFigures> | null = null;

  function refresh(): Promise<MemoryFigures> {
    running ??= ask(redis)
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

async function ask(redis: Redis): Promise<MemoryFigures> {
  try {
    const info = await redis.info('memory');
    const figure = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
    return { used: figure('used_memory'), max: figure('maxmemory') };
  } catch (error) {
    throw faultOf(error);
  }
}
