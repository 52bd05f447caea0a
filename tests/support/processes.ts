/** The roles as processes of their own, which die with the test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { dieTogether, freePort } from '../../mocks/servers/own-process.ts';

export interface RoleProcess {
  readonly url: string;
  readonly pid: number;
  /** What it has said so far. */
  log(): string;
  signal(name: NodeJS.Signals): void;
  /** Sends the signal and waits for the end; the exit code, null when a signal ended it. */
  end(name: NodeJS.Signals): Promise<number | null>;
}

export interface RoleOptions {
  readonly role: string;
  readonly env: Readonly<Record<string, string>>;
  /** Do not wait until it serves. */
  readonly eager?: boolean;
  /** Of the process; a free one when left out. */
  readonly port?: number;
  /** Another program than the command, with the same arguments. */
  readonly program?: string;
}

const PROGRAM = fileURLToPath(new URL('../../cli/ironwallet.js', import.meta.url));
const READY_MS_MAX = 90_000;

export async function startRole({ role, env, eager = false, program = PROGRAM, ...options }: RoleOptions): Promise<RoleProcess> {
  const port = options.port ?? (await freePort());
  const child = spawn(process.execPath, [...process.execArgv, program, 'start', `--role=${role}`, `--port=${String(port)}`], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid ?? 0;
  dieTogether(['kill', '-9', String(pid)]);
  let output = '';
  const exited = once(child, 'exit');
  const serving = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`${role} did not serve: ${output}`));
    }, READY_MS_MAX);
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      if (!/^serving \S+\n/m.test(output)) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => {
      clearTimeout(timer);
      reject(new Error(`${role} ended: ${output}`));
    });
  });
  if (eager) serving.catch(() => undefined);
  else await serving;
  return {
    ...{ url: `http://127.0.0.1:${String(port)}`, pid, log: () => output },
    signal: (name) => void child.kill(name),
    end: async (name) => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(name);
        await exited;
      }
      return child.exitCode;
    },
  };
}
