// A mongod from mongodb-memory-server: one that it has, else one that it downloads, if its download server can be reached at all.
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryFolder } from './own-process.ts';

const PROBE_MS_MAX = 4000;
const FAILURE_REMEMBERED_MS = 24 * 3600 * 1000;

/** The path of a downloaded mongod; undefined when none can be had, which is remembered for a day: an unreachable server costs seconds. */
export async function mongodBinary(): Promise<string | undefined> {
  const cache = path.join(repositoryFolder(), '.cache');
  const failure = path.join(cache, 'mongod-download-failed');
  const downloadDir = path.join(cache, 'mongod');
  const library = await import('mongodb-memory-server-core').catch(() => undefined); // a production install has none
  if (library === undefined) return undefined;
  const options = await library.DryMongoBinary.generateOptions({ downloadDir });
  const present = await library.DryMongoBinary.locateBinary(options);
  if (present !== undefined) return present;
  if (failedLately(failure)) return undefined;
  mkdirSync(cache, { recursive: true });
  try {
    await probe(options);
    process.stderr.write('Downloading a mongod ...\n');
    const binary = await library.MongoBinary.getPath({ ...options });
    rmSync(failure, { force: true });
    return binary;
  } catch (error) {
    writeFileSync(failure, `${String(error)}\n`);
    return undefined;
  }
}

/** Asks for the archive's head only: whether the server is there must be known in seconds, a download may take minutes. */
async function probe(options: { version: string; platform: string; arch: string }): Promise<void> {
  const { MongoBinaryDownloadUrl } = await import('mongodb-memory-server-core/lib/util/MongoBinaryDownloadUrl.js');
  const url = await new MongoBinaryDownloadUrl(options).getDownloadUrl();
  const answer = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(PROBE_MS_MAX) });
  if (!answer.ok) throw new Error(`The download server answers ${String(answer.status)}.`);
}

function failedLately(failure: string): boolean {
  return existsSync(failure) && Date.now() - statSync(failure).mtimeMs < FAILURE_REMEMBERED_MS;
}
