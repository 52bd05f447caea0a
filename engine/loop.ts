/** A loop of the worker: does something again and again, survives its failures, sleeps in between, can be woken and stopped. */
import type { Log, Metrics } from './metrics.ts';
import type { System } from './ports.ts';

export interface Loop {
  /** Cuts the current or the next sleep short. */
  wake(): void;
  /** Resolves when the round that runs has ended; no other begins. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  readonly name: string;
  /** One round; how many milliseconds to sleep after it. */
  readonly round: () => Promise<number>;
  readonly system: System;
  readonly metrics: Metrics;
  readonly log: Log;
}

const FAILURE_MIN_MS = 20;
const FAILURE_MAX_MS = 1_000;

export function startLoop({ name, round, system, metrics, log }: LoopOptions): Loop {
  let stopping = false;
  let woken = false;
  let wakeUp = (): void => undefined;
  let failures = 0;
  const wake = (): void => {
    woken = true;
    wakeUp();
  };
  const pause = async (ms: number): Promise<void> => {
    if (ms > 0 && !woken && !stopping) {
      await new Promise<void>((resolve) => {
        const callOff = system.alarm(ms, resolve);
        wakeUp = () => {
          callOff();
          resolve();
        };
      });
    }
    woken = false;
    await system.yield(); // a loop that never sleeps must not starve timers and sockets
  };
  const once = async (): Promise<number> => {
    try {
      const ms = await round();
      failures = 0;
      return ms;
    } catch (error) {
      const waitMs = Math.min(FAILURE_MAX_MS, FAILURE_MIN_MS * 2 ** failures);
      failures += 1;
      metrics.count('ironwallet_loop_failures_total', 1, { loop: name });
      log.warn({ loop: name, waitMs, error: error instanceof Error ? error.message : String(error) }, 'a round failed; it goes on');
      return waitMs;
    }
  };
  const run = async (): Promise<void> => {
    while (!stopping) await pause(await once());
  };
  const done = run();
  return {
    wake,
    stop() {
      stopping = true;
      wake();
      return done;
    },
  };
}

/** Resolves when the work is done or the time is over, whichever comes first; the work goes on. */
export function within(work: Promise<unknown>, ms: number, system: Pick<System, 'alarm'>): Promise<void> {
  return new Promise((resolve) => {
    const callOff = system.alarm(ms, resolve);
    const end = (): void => {
      callOff();
      resolve();
    };
    work.then(end, end);
  });
}
