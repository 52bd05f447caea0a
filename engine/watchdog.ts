/**
 * Ends a process whose event loop stands still: its leases expire anyway, and what it would do afterwards is fenced, but its clients would
 * wait for a process that looks alive. Runs on a thread of its own; this file is both sides.
 */
import { writeSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

export interface Watchdog {
  stop(): Promise<void>;
}

interface WatchdogData {
  readonly watchdog: true;
  readonly beats: SharedArrayBuffer;
  readonly tickMs: number;
}

/** Counted in ticks of the thread, not in time: a process that was paused as a whole did not stand still. */
const TICKS_WITHOUT_BEAT_MAX = 8;
const STDERR = 2;

/** Ends the process by SIGKILL after its loop stood still for `stillMsMax`. */
export function startWatchdog(stillMsMax: number): Watchdog {
  const beats = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const counter = new Int32Array(beats);
  const tickMs = Math.ceil(stillMsMax / TICKS_WITHOUT_BEAT_MAX);
  const beat = setInterval(() => Atomics.add(counter, 0, 1), Math.ceil(tickMs / 2));
  beat.unref();
  const data: WatchdogData = { watchdog: true, beats, tickMs };
  const thread = new Worker(new URL(import.meta.url), { workerData: data, execArgv: [] });
  thread.unref();
  return {
    async stop() {
      clearInterval(beat);
      await thread.terminate();
    },
  };
}

function watch({ beats, tickMs }: WatchdogData): void {
  const counter = new Int32Array(beats);
  let seen = Atomics.load(counter, 0);
  let still = 0;
  setInterval(() => {
    const now = Atomics.load(counter, 0);
    still = now === seen ? still + 1 : 0;
    seen = now;
    if (still < TICKS_WITHOUT_BEAT_MAX) return;
    writeSync(STDERR, `the event loop stood still for ${String(still * tickMs)} ms: the process ends itself\n`);
    process.kill(process.pid, 'SIGKILL');
  }, tickMs);
}

function isWatchdogData(data: unknown): data is WatchdogData {
  return typeof data === 'object' && data !== null && 'watchdog' in data;
}

if (!isMainThread && isWatchdogData(workerData)) watch(workerData);
