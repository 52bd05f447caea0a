// A Redis for the demo, the benches and the tests: REDIS_URL, else a process of our own, by whatever this machine has or can get.
import { spawnSync } from 'node:child_process';
import { aptInstall, dieTogether, freePort, onPath, removeFolder, shortId, startProcess, temporaryFolder } from './own-process.ts';
import type { OwnProcess } from './own-process.ts';

const PORT_TRIES_MAX = 5;
const READY = /Ready to accept connections/;
const DOCKER_IMAGE = 'redis:7';
const HELP =
  'No Redis: set REDIS_URL, or install redis-server or valkey-server 7 or newer (Debian: apt-get install redis-server; macOS: brew install redis), or start a Docker engine.';

export interface RedisOptions {
  /** Never REDIS_URL: for a test that kills its server or needs an empty one. */
  readonly own?: boolean;
  /** Redis' own notation, e.g. `64mb`. */
  readonly maxmemory?: string;
  readonly port?: number;
  /** A folder that outlives the server; by default its data is thrown away with it. */
  readonly dataFolder?: string;
  /** Where it runs and listens; by default this machine's loopback. */
  readonly host?: Host;
  /** Further settings, e.g. `{ 'lua-time-limit': '100' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Variables of the server's process beside ours. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A host of its own, if only a network namespace. */
export interface Host {
  readonly address: string;
  /** Goes before each command that is to run there. */
  readonly prefix: readonly string[];
}

export interface RedisServer {
  readonly kind: 'external' | 'own' | 'docker';
  readonly url: string;
  /** One line for people: what serves, and whether its data is kept. */
  readonly describe: string;
  /** Of the running process; undefined when it is not ours. */
  pid(): number | undefined;
  close(): Promise<void>;
  /** As a power cut would: no goodbye, nothing flushed. The port and the data stay reserved for `restart`. */
  kill9(): Promise<void>;
  /** Starts it again on the same port with the same data, after `kill9` or as it runs. */
  restart(): Promise<void>;
}

/** Starts a Redis with the settings that IronWallet demands, about 20 ms; rejects with what to install when there is none. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const external = process.env['REDIS_URL'] ?? '';
  if (external !== '' && options.own !== true) return externalRedis(external);
  const binary = findRedis();
  if (binary !== undefined) return ownRedis(binary, options);
  if (dockerRuns()) return dockerRedis(options);
  throw new Error(HELP);
}

/** The Redis program of this machine; installs it first when that needs no password. @public (scripts/test.mjs) */
export function findRedis(): string | undefined {
  const found = onPath('redis-server', 'valkey-server');
  if (found !== undefined) return found;
  return aptInstall('redis-server') ? onPath('redis-server') : undefined;
}

function externalRedis(url: string): RedisServer {
  const notOurs = (): Promise<void> => Promise.reject(new Error('This Redis is not ours to stop.'));
  return {
    kind: 'external',
    url,
    describe: 'Redis: the one that REDIS_URL names; its data stays.',
    pid: () => undefined,
    close: () => Promise.resolve(),
    kill9: notOurs,
    restart: notOurs,
  };
}

async function ownRedis(binary: string, options: RedisOptions): Promise<RedisServer> {
  const folder = options.dataFolder ?? temporaryFolder('redis');
  const thrownAway = options.dataFolder === undefined;
  const address = options.host?.address ?? '127.0.0.1';
  const launch = async (port: number): Promise<OwnProcess> => {
    const args = [binary, '--port', String(port), '--bind', address, '--dir', folder, ...settings(options)];
    const [command = binary, ...rest] = [...(options.host?.prefix ?? []), ...args];
    const env = { ...process.env, ...options.env };
    return startProcess({ command, args: rest, ready: READY, env, ...(thrownAway ? { folder } : {}) });
  };
  const first = await launchOnFreePort(launch, options.port);
  const port = first.port;
  let running = first.running;
  const kill9 = (): Promise<void> => running.end('SIGKILL');
  return {
    kind: 'own',
    url: `redis://${address}:${String(port)}`,
    describe: `Redis: ${binary}, an own process on port ${String(port)}; ${kept(thrownAway)}.`,
    pid: () => running.pid,
    kill9,
    async restart() {
      await kill9();
      running = await launch(port);
    },
    async close() {
      await running.end(thrownAway ? 'SIGKILL' : 'SIGTERM');
      if (thrownAway) removeFolder(folder);
    },
  };
}

function kept(thrownAway: boolean): string {
  return thrownAway ? 'its data is not kept' : 'its data is kept in the folder given';
}

async function launchOnFreePort(
  launch: (port: number) => Promise<OwnProcess>,
  fixed?: number,
): Promise<{ port: number; running: OwnProcess }> {
  for (let tries = 1; ; tries += 1) {
    const port = fixed ?? (await freePort());
    try {
      return { port, running: await launch(port) };
    } catch (error) {
      if (fixed !== undefined || tries === PORT_TRIES_MAX || !/address already in use/i.test(String(error))) throw error;
    }
  }
}

/** What the engine checks at its start, plus the little that makes a small server behave like a large one. */
function settings(options: RedisOptions): string[] {
  const all: Record<string, string> = {
    appendonly: 'yes',
    appendfsync: 'always',
    'no-appendfsync-on-rewrite': 'no',
    save: '',
    'maxmemory-policy': 'noeviction',
    maxmemory: options.maxmemory ?? '512mb',
    'stream-node-max-bytes': '512',
    'auto-aof-rewrite-percentage': '100',
    'auto-aof-rewrite-min-size': '64mb',
    daemonize: 'no',
    ...options.settings,
  };
  return Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
}

function dockerRuns(): boolean {
  return onPath('docker') !== undefined && spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

async function dockerRedis(options: RedisOptions): Promise<RedisServer> {
  const name = `ironwallet-redis-${shortId()}`;
  const port = options.port ?? (await freePort());
  const docker = (...args: readonly string[]): void => {
    const done = spawnSync('docker', args, { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`docker ${args.join(' ')}: ${done.stderr.trim()}`);
  };
  docker('run', '-d', '--name', name, '-p', `127.0.0.1:${String(port)}:6379`, DOCKER_IMAGE, 'redis-server', ...settings(options));
  const watcher = dieTogether(['docker', 'rm', '-f', '-v', name]);
  await untilAnswers(name);
  const act = (...args: readonly string[]): Promise<void> =>
    Promise.resolve().then(() => {
      docker(...args);
    });
  return {
    kind: 'docker',
    url: `redis://127.0.0.1:${String(port)}`,
    describe: `Redis: ${DOCKER_IMAGE} by Docker on port ${String(port)}; its data is not kept.`,
    pid: () => undefined,
    kill9: () => act('kill', '--signal', 'KILL', name),
    async restart() {
      spawnSync('docker', ['kill', '--signal', 'KILL', name], { stdio: 'ignore' }); // fails when it is down already: as wanted
      await act('start', name);
      await untilAnswers(name);
    },
    async close() {
      await act('rm', '-f', '-v', name);
      watcher.stdin?.end('done\n');
    },
  };
}

async function untilAnswers(container: string): Promise<void> {
  const triesMax = 150;
  for (let tries = 0; tries < triesMax; tries += 1) {
    if (spawnSync('docker', ['exec', container, 'redis-cli', 'ping'], { encoding: 'utf8' }).stdout.includes('PONG')) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${container} does not answer.`);
}
