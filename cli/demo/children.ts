// The demo's own processes: this program with other arguments, its output in a file, gone when the demo is gone.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { dieTogether } from '../../mocks/servers/own-process.ts';
import { variables } from '../config-schema.ts';

export interface ChildOptions {
  readonly name: string;
  /** Arguments of the `ironwallet` command. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What it says when it serves. */
  readonly ready: RegExp;
  /** The folder of the logs. */
  readonly folder: string;
}

export interface Child {
  readonly name: string;
  /** The first group of what `ready` matched. */
  readonly url: string;
  /** The last lines it wrote. */
  lastLines(count: number): readonly string[];
  /** Tells it to end and waits until it is gone. */
  end(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('../ironwallet.js', import.meta.url));
const LOOK_MS = 20;
const READY_MS_MAX = 30_000;
const LINES_OF_A_FAILURE = 5;

/** Starts it and waits until it serves; rejects with its last lines when it does not. */
export async function startChild({ name, args, env, ready, folder }: ChildOptions): Promise<Child> {
  const file = path.join(folder, `${name}.log`);
  const log = openSync(file, 'a');
  // A session of its own: Ctrl-C reaches the demo only, which ends its children one after the other.
  const child = spawn(process.execPath, [...process.execArgv, PROGRAM, ...args], {
    ...{ detached: true, stdio: ['ignore', log, log] },
    env: { ...foreign(process.env), ...env },
  });
  closeSync(log);
  const watcher = dieTogether(['kill', '-9', String(child.pid ?? 0)]);
  const gone = { value: false };
  const exited = new Promise<void>((resolve) => {
    const end = (): void => {
      gone.value = true;
      watcher.stdin?.end('done\n');
      resolve();
    };
    child.once('exit', end);
    child.once('error', end);
  });
  child.unref();
  const lastLines = (count: number): string[] => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count);
  const url = await served(() => ready.exec(readFileSync(file, 'utf8')), gone);
  if (url === null) throw new Error(`${name} does not serve: ${lastLines(LINES_OF_A_FAILURE).join(' | ')}`);
  return {
    ...{ name, url, lastLines },
    async end() {
      if (gone.value) return;
      child.ref();
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** A fee policy or a token issuer in the caller's environment is meant for another system than the demo's. */
export function foreign(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !(name in variables)));
}

/** Null when it ended before, or took too long. */
async function served(look: () => RegExpExecArray | null, gone: { readonly value: boolean }): Promise<string | null> {
  const deadline = performance.now() + READY_MS_MAX;
  while (performance.now() < deadline && !gone.value) {
    const found = look();
    if (found !== null) return found[1] ?? '';
    await sleep(LOOK_MS);
  }
  return null;
}
