// The MongoDB-compatible stand-in of mocks/mongo: its jars and its compiled class wait in the cache, so that a start takes half a second.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptInstall, onPath, repositoryFolder, shortId } from './own-process.ts';

const JAVA_MIN = 17;

export interface StandInProgram {
  readonly java: string;
  readonly classPath: string;
}

/** Fetches and compiles what is missing; throws what to install when that needs something this machine lacks. */
export function prepareStandIn(): StandInProgram {
  const home = path.join(repositoryFolder(), '.cache', `mongo-stand-in-${versionOfSources()}`);
  const classPath = [path.join(home, 'classes'), path.join(home, 'lib', '*')].join(path.delimiter);
  if (!existsSync(home)) build(home);
  return { java: need('java', 'default-jdk-headless'), classPath };
}

/** The folder is named by what it was made from: a change of the sources makes another. */
function versionOfSources(): string {
  const hash = createHash('sha256');
  for (const name of ['pom.xml', 'StandIn.java']) hash.update(readFileSync(source(name)));
  return hash.digest('hex').slice(0, 12);
}

function source(name: string): string {
  return fileURLToPath(new URL(`../mongo/${name}`, import.meta.url));
}

/** Made beside its place and moved there whole: two processes may do so at once, and one may be killed. */
function build(home: string): void {
  const javac = need('javac', 'default-jdk-headless');
  const maven = need('mvn', 'maven');
  process.stderr.write('Preparing the MongoDB stand-in ...\n');
  const work = `${home}-${shortId()}`;
  mkdirSync(work, { recursive: true });
  try {
    cpSync(source('pom.xml'), path.join(work, 'pom.xml'));
    const fetchJars = ['-q', '-B', '-f', path.join(work, 'pom.xml'), 'dependency:copy-dependencies', '-DincludeScope=runtime'];
    run(maven, [...fetchJars, `-DoutputDirectory=${path.join(work, 'lib')}`]);
    run(javac, [
      '--release',
      String(JAVA_MIN),
      '-cp',
      path.join(work, 'lib', '*'),
      '-d',
      path.join(work, 'classes'),
      source('StandIn.java'),
    ]);
    if (!existsSync(home)) renameSync(work, home);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function need(program: string, debianPackage: string): string {
  const found = onPath(program) ?? (aptInstall(debianPackage) ? onPath(program) : undefined);
  if (found === undefined) throw new Error(`The stand-in needs ${program} (Debian: ${debianPackage}), Java ${String(JAVA_MIN)} or newer.`);
  return found;
}

function run(command: string, args: readonly string[]): void {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${path.basename(command)} failed: ${(done.stdout + done.stderr).trim().slice(0, 2000)}`);
}
