/** A clock that steps: that of the Redis process alone, never the machine's. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { aptInstall, removeFolder, temporaryFolder } from '../../mocks/servers/own-process.ts';
import type { Fault, OwnRedis, Scene } from '../fault.ts';

const STEP_SECONDS = 30;
const STEPPED_MS = 5_000;
const LIBRARIES = '/usr/lib';
const LIBRARY = 'libfaketimeMT.so.1';
const FILE = 'clock';

/** The library that lies about the time; installs it where that needs no password. */
function faketime(): string | null {
  const find = (): string | null => {
    const folders = existsSync(LIBRARIES) ? readdirSync(LIBRARIES).map((name) => path.join(LIBRARIES, name, 'faketime')) : [];
    return (
      [path.join(LIBRARIES, 'faketime'), ...folders].map((folder) => path.join(folder, LIBRARY)).find((file) => existsSync(file)) ?? null
    );
  };
  return find() ?? (aptInstall('faketime') ? find() : null);
}

/** A Redis whose clock says what a file says; its monotonic clock is left alone, as a step leaves it. */
function ownClock(): OwnRedis | string {
  const library = faketime();
  if (library === null) return 'libfaketime is missing (Debian: apt-get install faketime)';
  const dataFolder = temporaryFolder('chaos-clock');
  const file = path.join(dataFolder, FILE);
  writeFileSync(file, '+0s\n');
  const env = { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  return {
    redis: { dataFolder, env },
    cleanUp: () => {
      removeFolder(dataFolder);
    },
  };
}

/** A step forward and back, or back and forward. */
async function step({ stage, random, sleep, note }: Scene): Promise<void> {
  const { dataFolder } = stage;
  if (dataFolder === null) throw new Error('a Redis with a clock of its own is needed');
  const sign = random.next() < 0.5 ? '+' : '-';
  writeFileSync(path.join(dataFolder, FILE), `${sign}${String(STEP_SECONDS)}s\n`);
  await sleep(STEPPED_MS);
  writeFileSync(path.join(dataFolder, FILE), '+0s\n');
  await sleep(STEPPED_MS);
  note(`the clock of Redis stepped by ${sign}${String(STEP_SECONDS)} s and back`);
}

export const CLOCK_FAULTS: readonly Fault[] = [
  {
    ...{ name: 'clock-step', title: 'the clock of the Redis process steps by 30 s, forward or back, and returns', fullRounds: 10 },
    detected: 'leases expire early, or say a time further away than they last: both count as expired; ids go on growing',
    ...{ prepare: ownClock, strike: step },
  },
];
