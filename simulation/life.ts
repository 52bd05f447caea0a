/** A simulated operating system process: it can be killed, stopped and continued, and all that it waits for comes through here. */
import type { System } from '../engine/ports.ts';
import type { World } from './world.ts';

/** 2027-01-15, 11:00 in Riyadh: the day is long enough for a history. */
export const EPOCH_MS = Date.UTC(2027, 0, 15, 8);

export interface Life {
  readonly name: string;
  isAlive(): boolean;
  /** Runs inside the process: never after its death, and after a pause only when it is over. */
  later(inMs: number, run: () => void): () => void;
  /** As `later(0)`, but at once where nothing stops the process. */
  now(run: () => void): void;
  kill(): void;
  /** SIGSTOP now, SIGCONT after so many milliseconds. */
  pause(forMs: number): void;
  readonly system: System;
}

export function createLife(name: string, world: World, clockAheadMs: number): Life {
  let alive = true;
  let pausedUntilMs = 0;
  const now = (run: () => void): void => {
    if (!alive) return;
    if (world.nowMs() < pausedUntilMs) world.at(pausedUntilMs - world.nowMs(), () => now(run));
    else run();
  };
  const later = (inMs: number, run: () => void): (() => void) => world.at(inMs, () => now(run));
  return {
    name,
    isAlive: () => alive,
    later,
    now,
    kill: () => (alive = false),
    pause: (forMs) => (pausedUntilMs = Math.max(pausedUntilMs, world.nowMs() + forMs)),
    system: {
      monotonicMs: () => world.nowMs(),
      wallMs: () => EPOCH_MS + world.nowMs() + clockAheadMs,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          const callOff = later(ms, () => {
            signal?.removeEventListener('abort', wake);
            resolve();
          });
          const wake = (): void => {
            callOff();
            now(resolve);
          };
          signal?.addEventListener('abort', wake);
        }),
      alarm: later,
      yield: () => Promise.resolve(),
      random: () => world.random.next(),
      uuid: () => world.random.uuid(),
    },
  };
}
