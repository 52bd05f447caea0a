// Makes a fresh clone runnable without a dependency of its own: installs and builds what is missing or old, then goes on in this process,
// so that signals and the exit code are the target's own. Usage: `node scripts/bootstrap.mjs <compiled file> [arguments]`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const cache = path.join(root, '.cache');
const lock = path.join(cache, 'bootstrap.lock');
/** Where the TypeScript is. */
export const FOLDERS = [
  'main.ts',
  'engine',
  'actors',
  'http',
  'providers',
  'proof',
  'wiring',
  'mocks',
  'cli',
  'bench',
  'chaos',
  'simulation',
  'tests',
];
const SOURCES = [...FOLDERS, 'tsconfig.json', 'scripts/build.mjs'];
const LOCK_POLL_MS = 200;
const NODE_MIN = [20, 19];

/** Installs and builds what is missing or older than what it is made from. Ends the process with a clear line when that fails. */
export function prepare() {
  checkNode();
  if (installed() && built()) return;
  takeLock();
  try {
    // Asked again: another command may have done it while this one waited for the lock.
    if (!installed()) step('Installing the dependencies', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
    if (!built()) step('Building', process.execPath, [path.join(root, 'scripts', 'build.mjs')]);
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Goes on with a compiled file as if it had been started itself. */
export async function go(target, args) {
  const file = path.resolve(root, target);
  if (!existsSync(file)) fail(`${target} was not built: its source does not exist.`);
  process.setSourceMapsEnabled(true);
  process.argv = [process.execPath, file, ...args];
  await import(pathToFileURL(file).href);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  fail(`Node ${NODE_MIN.join('.')} or newer is needed, this is ${process.versions.node}.`);
}

function installed() {
  return timeOf('node_modules/.package-lock.json') >= timeOf('package-lock.json');
}

function built() {
  const stamp = timeOf('dist/.built'); // written by build.mjs: when the build that succeeded began
  return stamp > 0 && SOURCES.every((source) => newest(path.join(root, source)) <= stamp) && timeOf('package-lock.json') <= stamp;
}

/** The time of the newest file under a path; folders count too, so that a deleted file is noticed. */
function newest(at) {
  const stat = statSync(at, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(at).reduce((time, name) => Math.max(time, newest(path.join(at, name))), stat.mtimeMs);
}

function timeOf(name) {
  return statSync(path.join(root, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function step(what, command, args) {
  // Standard output belongs to the target (a token, a JSON line), so everything the bootstrap says goes to standard error.
  process.stderr.write(`${what} ...\n`);
  const started = Date.now();
  const windows = process.platform === 'win32';
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: windows && command === 'npm', env: cleanEnv() });
  if (done.status === 0) return void process.stderr.write(`${what}: done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  rmSync(lock, { force: true });
  fail(`${what} failed${done.error === undefined ? '' : `: ${done.error.message}`}. The lines above say why.`);
}

/** npm passes its own settings to scripts by environment; `--omit=dev` or a dry run of an outer npm must not leak into ours. */
function cleanEnv() {
  const settings = Object.entries(process.env).filter(([name]) => !/^npm_config_(omit|include|production|dry_run|only)$/i.test(name));
  return { ...Object.fromEntries(settings), NODE_ENV: 'development' };
}

/** Two commands typed at once on a fresh clone must not install over each other. */
function takeLock() {
  mkdirSync(cache, { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (alive(holder())) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
    else rmSync(lock, { force: true });
  }
}

function holder() {
  try {
    return Number(readFileSync(lock, 'utf8'));
  } catch {
    return 0;
  }
}

function alive(pid) {
  // An empty file is a lock that is being written: its holder lives.
  if (pid === 0) return existsSync(lock) && Date.now() - timeOf('.cache/bootstrap.lock') < 10 * LOCK_POLL_MS;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

if (realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) {
  const [target, ...args] = process.argv.slice(2);
  if (target === undefined) fail('Usage: node scripts/bootstrap.mjs <compiled file> [arguments]');
  prepare();
  await go(target, args);
}
