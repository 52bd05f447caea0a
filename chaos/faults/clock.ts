/** A clock that steps: that of the Redis process alone, never the machine's. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { aptInstall, removeFolder, temporaryFolder } from '../../mocks/servers/own-process.ts';
import { findRedis } from '../../mocks/servers/redis.ts';
import type { Fault, OwnRedis, Scene } from '../fault.ts';

const STEP_SECONDS = 30;
const STEPPED_MS = 5_000;
const LIBRARIES = '/usr/lib';
const LIBRARY = 'libfaketimeMT.so.1';
const LIBC = 'libc.so.6';
const FILE = 'clock';
const TRY_MS_MAX = 5_000;
/** The library reads its file once a second. */
const SEEN_MS_MAX = 10_000;
const SEEN_LOOK_MS = 100;
/** Of a clock that says what it shall: what the question and the file take. */
const INEXACT_MS = 5_000;

/**
 * What makes a process believe another time; installs it where that needs no password. The C library goes along, so that its memory is used: the
 * one that Debian's Redis brings asks for the time before the library that answers is ready.
 */
function preload(): string | null {
  const found = find() ?? (aptInstall('faketime') ? find() : undefined);
  return found === undefined
    ? null
    : [found, path.join(path.dirname(path.dirname(found)), LIBC)].filter((file) => existsSync(file)).join(':');
}

function find(): string | undefined {
  const folders = existsSync(LIBRARIES) ? readdirSync(LIBRARIES).map((name) => path.join(LIBRARIES, name, 'faketime')) : [];
  return [path.join(LIBRARIES, 'faketime'), ...folders].map((folder) => path.join(folder, LIBRARY)).find((file) => existsSync(file));
}

/** A Redis whose clock says what a file says; its monotonic clock is left alone, as a step leaves it. */
function ownClock(): OwnRedis | string {
  const library = preload();
  if (library === null) return 'libfaketime is missing (Debian: apt-get install faketime)';
  const dataFolder = temporaryFolder('chaos-clock');
  const file = path.join(dataFolder, FILE);
  writeFileSync(file, '+0s\n');
  const env = { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  const cleanUp = (): void => {
    removeFolder(dataFolder);
  };
  const tried = spawnSync(findRedis() ?? 'redis-server', ['--version'], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: TRY_MS_MAX,
  });
  if (tried.status === 0 && !tried.stderr.includes('libfaketime')) return { redis: { dataFolder, env }, cleanUp };
  cleanUp();
  return `this Redis does not run with libfaketime: ${tried.stderr.slice(0, 100)}`;
}

/** A step forward and back, or back and forward. */
async function step(scene: Scene): Promise<void> {
  const { random, sleep, note } = scene;
  const seconds = random.next() < 0.5 ? STEP_SECONDS : -STEP_SECONDS;
  await setClock(scene, seconds);
  await sleep(STEPPED_MS);
  await setClock(scene, 0);
  await sleep(STEPPED_MS);
  note(`the clock of Redis stepped by ${String(seconds)} s and back`);
}

/** Resolves when Redis itself says that time; throws when it does not. */
async function setClock({ stage: { dataFolder }, looking: { look }, sleep }: Scene, seconds: number): Promise<void> {
  if (dataFolder === null) throw new Error('a Redis with a clock of its own is needed');
  writeFileSync(path.join(dataFolder, FILE), `${seconds < 0 ? '' : '+'}${String(seconds)}s\n`);
  const deadline = performance.now() + SEEN_MS_MAX;
  for (;;) {
    const [now = 0] = (await look.redis.time()).map(Number);
    const ahead = now * 1000 - Date.now();
    if (Math.abs(ahead - seconds * 1000) < INEXACT_MS) return;
    if (performance.now() > deadline) throw new Error(`the clock of Redis did not step: it is ${String(ahead)} ms ahead`);
    await sleep(SEEN_LOOK_MS);
  }
}

export const CLOCK_FAULTS: readonly Fault[] = [
  {
    ...{ name: 'clock-step', title: 'the clock of the Redis process steps by 30 s, forward or back, and returns', fullRounds: 10 },
    detected: 'leases expire early, or say a time further away than they last: both count as expired; ids go on growing',
    ...{ repeatsCalls: true, prepare: ownClock, strike: step },
  },
];
