// A server process that belongs to this one.
// P1 It is gone when this process ends, however this process ends: kill -9 included.
// P2 Its data folder goes with it, unless the caller named the folder.
// P3 It never keeps this process from ending.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Socket, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const READY_MS_MAX = 60_000;
const OUTPUT_CHARS_KEPT = 16_000;

export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The line of its output that says that it serves. */
  readonly ready: RegExp;
  /** Its environment; ours when left out. */
  readonly env?: NodeJS.ProcessEnv;
  /** A folder that is thrown away with the process. */
  readonly folder?: string;
}

export interface OwnProcess {
  readonly pid: number;
  /** What the `ready` expression matched. */
  readonly ready: RegExpExecArray;
  /** Sends the signal and waits until the process is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Starts a process and waits for its ready line; rejects with its last output when it ends before. */
export async function startProcess(options: ProcessOptions): Promise<OwnProcess> {
  // A session of its own: Ctrl-C reaches this process only, which may still need the server to stop gracefully.
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: options.env ?? process.env,
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
    child.once('error', () => {
      resolve();
    });
  });
  const watcher = child.pid === undefined ? undefined : dieTogether(['kill', '-9', String(child.pid)], options.folder);
  const dismiss = (): void => {
    watcher?.stdin?.end('done\n');
  };
  void exited.then(dismiss);
  const ready = await untilReady(child, options);
  child.unref();
  return {
    pid: child.pid ?? 0,
    ready,
    async end(signal) {
      child.ref();
      child.kill(signal);
      await exited;
    },
  };
}

/**
 * Runs the command when this process is gone (P1): a shell waits on a pipe that only this process can write to, and whose end it sees at
 * this process' death, whatever that was. A line on the pipe dismisses it. (Tried: prctl's death signal, which only Linux has and which
 * follows the thread, not the process.)
 */
export function dieTogether(command: readonly string[], folder = ''): ChildProcess {
  const script = 'read -r _ && exit; folder=$1; shift; "$@" >/dev/null 2>&1; [ -z "$folder" ] || rm -rf "$folder"';
  const watcher = spawn('sh', ['-c', script, 'sh', folder, ...command], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  watcher.unref();
  watcher.stdin.on('error', () => undefined); // it was killed by hand: then nothing watches, and nothing is to be done
  unrefHandle(watcher.stdin);
  return watcher;
}

function untilReady(child: ChildProcessByStdio<null, Readable, Readable>, options: ProcessOptions): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = '';
    const giveUp = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${options.command} was not ready within ${String(READY_MS_MAX / 1000)} s: ${output.trim()}`));
    }, READY_MS_MAX);
    const read = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_CHARS_KEPT);
      const ready = options.ready.exec(output);
      if (ready === null) return;
      clearTimeout(giveUp);
      resolve(ready);
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', read);
      unrefHandle(stream);
    }
    child.once('error', (error) => {
      clearTimeout(giveUp);
      reject(error);
    });
    child.once('close', () => {
      clearTimeout(giveUp);
      reject(new Error(`${options.command} ended before it was ready: ${output.trim()}`));
    });
  });
}

/** Pipes of child processes are sockets; one that is not referenced lets this process end (P3). */
function unrefHandle(stream: Readable | Writable): void {
  if (stream instanceof Socket) stream.unref();
}

/** A fresh folder for a server's data. */
export function temporaryFolder(name: string): string {
  return mkdtempSync(path.join(os.tmpdir(), `ironwallet-${name}-`));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** @public (tests) */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // Where nobody collects orphans (a container without an init), a killed one stays in the table as a zombie.
  const status = `/proc/${String(pid)}/stat`;
  return !(existsSync(status) && readFileSync(status, 'utf8').includes(') Z '));
}

/** Below the ports that systems give to outgoing connections: a server that starts again finds its port as it left it. */
const PORTS = { from: 10_000, to: 32_000 };
const PORT_TRIES = 50;

/** A port that was free a moment ago; whoever binds it must be ready to try another. */
export async function freePort(): Promise<number> {
  for (let tries = 1; tries < PORT_TRIES; tries += 1) {
    const port = randomInt(PORTS.from, PORTS.to);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${String(PORTS.from)} to ${String(PORTS.to)}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => {
      probe.close(() => resolve(true));
    });
  });
}

/** The first of these programs that the PATH has. */
export function onPath(...names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) => existsSync(file));
}

const SERVICE_POLICY = '/usr/sbin/policy-rc.d';

/** Installs Debian packages when that needs no password; false when it cannot. Services of the packages are not started. */
export function aptInstall(...packages: readonly string[]): boolean {
  if (process.getuid?.() !== 0 || onPath('apt-get') === undefined) return false;
  process.stderr.write(`Installing ${packages.join(', ')} ...\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (...args: readonly string[]): boolean =>
    spawnSync('apt-get', ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120', ...args], { env, stdio: ['ignore', 'ignore', 2] }).status === 0;
  const policyIsOurs = !existsSync(SERVICE_POLICY);
  if (policyIsOurs) writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    // Old package lists may still do; so a failed update is not yet a failed installation.
    run('update');
    return run('install', '--no-install-recommends', ...packages);
  } finally {
    if (policyIsOurs) rmSync(SERVICE_POLICY, { force: true });
  }
}

/** The repository's folder, from the sources as from the compiled files. */
export function repositoryFolder(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
}

export function shortId(): string {
  return randomBytes(4).toString('hex');
}
