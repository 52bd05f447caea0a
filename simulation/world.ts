/**
 * Simulated time: everything that happens is an event at a moment, and one event runs to its end before the next begins.
 *
 * D1  The seed decides everything: no real clock, no real timer, no randomness of the platform. The same seed gives the same history.
 * D2  "To its end" means that all promises came to rest: nothing in a simulated process waits for anything but an event.
 */
import type { Random } from '../mocks/control/random.ts';

export interface World {
  readonly random: Random;
  /** Milliseconds since the history began; never steps. */
  nowMs(): number;
  /** Runs later; events of the same moment run in the order in which they were planned. What it gives back calls it off. */
  at(inMs: number, run: () => void): () => void;
  /** The next event, to its end; false when there is none. */
  step(): Promise<boolean>;
  /** Events so far. */
  events(): number;
  /** A line of the history, made only when somebody reads it. */
  trace(line: () => string): void;
}

interface Event {
  readonly atMs: number;
  /** null: called off. */
  run: (() => void) | null;
}

export function createWorld(random: Random, write: ((line: string) => void) | null = null): World {
  const queue: Event[] = [];
  let now = 0;
  let events = 0;
  return {
    random,
    nowMs: () => now,
    at(inMs, run) {
      const atMs = now + Math.max(0, inMs);
      const event: Event = { atMs, run };
      queue.splice(placeOf(queue, atMs), 0, event);
      return () => (event.run = null);
    },
    async step() {
      let event = queue.pop();
      while (event !== undefined && event.run === null) event = queue.pop();
      if (event === undefined) return false;
      now = event.atMs;
      events += 1;
      event.run?.();
      await new Promise<void>((resolve) => process.nextTick(resolve)); // D2: Node runs all promises before it
      return true;
    },
    events: () => events,
    trace(line) {
      write?.(`${(now / 1000).toFixed(3).padStart(9)}  ${line()}`);
    },
  };
}

/** The queue's end is what happens next: the new event goes before all of the same moment. */
function placeOf(queue: readonly Event[], atMs: number): number {
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((queue[middle]?.atMs ?? 0) > atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function pause(world: World, ms: number): Promise<void> {
  return new Promise((resolve) => world.at(ms, resolve));
}
