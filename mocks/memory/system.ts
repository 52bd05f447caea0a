/** A clock that stands still until a test moves it, and ids that repeat from run to run. */
import type { System } from '../../engine/ports.ts';

export interface MemorySystem extends System {
  /** Moves the clock, waking sleepers in the order of their time; what they started has run when it resolves. */
  advance(ms: number): Promise<void>;
  /** Lets everything that is not asleep run. */
  settle(): Promise<void>;
}

interface Sleeper {
  readonly wakeAt: number;
  readonly order: number;
  readonly wake: () => void;
}

const EPOCH_MS = 1_800_000_000_000;
/** Turns of the event loop in which started work is expected to come to rest; in-memory ports need a handful. */
const SETTLE_TURNS = 25;

export function createMemorySystem(startMs: number = EPOCH_MS): MemorySystem {
  let elapsed = 0;
  let count = 0;
  let sleepers: Sleeper[] = [];
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < SETTLE_TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const next = (until: number): Sleeper | undefined =>
    sleepers.filter((one) => one.wakeAt <= until).sort((a, b) => a.wakeAt - b.wakeAt || a.order - b.order)[0];
  const alarm = (ms: number, wake: () => void): (() => void) => {
    const sleeper: Sleeper = { wakeAt: elapsed + Math.max(0, ms), order: (count += 1), wake };
    sleepers.push(sleeper);
    return () => void (sleepers = sleepers.filter((other) => other !== sleeper));
  };
  return {
    monotonicMs: () => elapsed,
    wallMs: () => startMs + elapsed,
    uuid: () => `00000000-0000-4000-8000-${(count += 1).toString(16).padStart(12, '0')}`,
    sleep: (ms, signal) =>
      new Promise((wake) => {
        const callOff = alarm(ms, wake);
        signal?.addEventListener('abort', () => {
          callOff();
          wake();
        });
      }),
    alarm,
    yield: () => new Promise((resolve) => setImmediate(resolve)),
    random: () => 0.5,
    settle,
    async advance(ms) {
      const until = elapsed + ms;
      await settle();
      for (let one = next(until); one !== undefined; one = next(until)) {
        const woken = one;
        sleepers = sleepers.filter((other) => other !== woken);
        elapsed = Math.max(elapsed, woken.wakeAt);
        woken.wake();
        await settle();
      }
      elapsed = until;
    },
  };
}
