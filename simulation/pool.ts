/** Runs many seeds on all cores: each child takes the next seed when it is done with one. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { History } from './history.ts';

export interface PoolOptions {
  readonly from: number;
  readonly count: number;
  /** The program of a child: see seeds.ts. */
  readonly program: URL;
  readonly onHistory: (history: History, done: number) => void;
  /** Ends early when it says so. */
  readonly enough?: (history: History) => boolean;
}

/** A history's garbage is young: it is collected in one go. */
const YOUNG_MB = '--max-semi-space-size=64';

/** Resolves when all seeds were run; rejects when a child died. */
export async function runSeeds(options: PoolOptions): Promise<void> {
  const { from, count, program } = options;
  const state = { next: from, done: 0, over: false };
  const children = Array.from({ length: Math.min(count, availableParallelism()) }, () =>
    fork(program, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [YOUNG_MB] }),
  );
  try {
    await Promise.all(children.map((child) => drive(child, state, options)));
  } finally {
    for (const child of children) child.kill();
  }
}

function drive(child: ChildProcess, state: { next: number; done: number; over: boolean }, options: PoolOptions): Promise<void> {
  const { from, count, onHistory, enough } = options;
  const said: string[] = [];
  child.stderr?.on('data', (data: Buffer) => said.push(data.toString()));
  return new Promise((resolve, reject) => {
    const give = (): void => {
      if (state.over || state.next >= from + count) {
        resolve();
        return;
      }
      child.send(state.next);
      state.next += 1;
    };
    child.on('message', (history: History) => {
      state.done += 1;
      onHistory(history, state.done);
      if (enough?.(history) === true) state.over = true;
      give();
    });
    child.on('exit', (code) => {
      if (state.over) resolve();
      else reject(new Error(`a child of the simulator ended with ${String(code)}: ${said.join('').slice(-2_000)}`));
    });
    give();
  });
}
