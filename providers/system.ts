/** The real clock and the real randomness. */
import { randomUUID } from 'node:crypto';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { System } from '../engine/ports.ts';

export const realSystem: System = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  sleep: (ms, signal) => (signal === undefined ? sleep(ms) : sleep(ms, undefined, { signal }).catch(() => undefined)),
  alarm(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  yield: () => turn(),
  random: () => Math.random(),
  uuid: () => randomUUID(),
};
