// Runs the tests on compiled files. One MongoDB serves the whole run (a JVM per file would be too much for two cores); each test file has
// a database of its own on it. A Redis is cheap, so each file starts its own: tests kill theirs and must never touch one that REDIS_URL names.
// Usage: `npm test [-- ava's arguments]`, e.g. `npm test -- dist/engine/**/*.test.js --match='*fenced*'`. With `--sum` as the first argument
// the last line is JSON: `{"passed":..,"failed":..,"skipped":..,"seconds":..}`.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare, root } from './bootstrap.mjs';
import { countTap } from './tap.mjs';

prepare();
const servers = path.join(root, 'dist', 'mocks', 'servers');
const { findRedis } = await import(pathToFileURL(path.join(servers, 'redis.js')).href);
const { shareOf, startMongo } = await import(pathToFileURL(path.join(servers, 'mongo.js')).href);
findRedis(); // installs it once where that is possible, before twenty files try at the same time
const mongo = await startMongo().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
process.stderr.write(`Redis: each test file starts its own.\n${mongo.describe}\n`);

const { REDIS_URL: _notForTests, ...inherited } = process.env;
const env = { ...inherited, NODE_ENV: 'test', IRONWALLET_TEST_MONGO: shareOf(mongo) };
const sum = process.argv[2] === '--sum';
// package.json's pattern also allows other output folders (build.mjs --out), which only an explicit argument names.
const args = process.argv.slice(sum ? 3 : 2);
const files = args.some((argument) => argument.startsWith('dist')) ? [] : ['dist/**/*.test.js'];
const cli = path.join(root, 'node_modules', 'ava', 'entrypoints', 'cli.mjs');
const report = process.env.IRONWALLET_REPORT; // a folder: the results go there as TAP too, for count.mjs
const counted = sum || report !== undefined; // of a failed run AVA's own report does not say how many passed
const began = Date.now();
const ava = spawn(process.execPath, [cli, ...(counted ? ['--tap'] : []), ...args, ...files], {
  cwd: root,
  env,
  stdio: ['inherit', counted ? 'pipe' : 'inherit', 'inherit'],
});
let tap = '';
if (counted) {
  ava.stdout.setEncoding('utf8').on('data', (text) => (tap += text));
  ava.stdout.pipe(process.stdout);
}
if (report !== undefined) ava.stdout.pipe(createWriteStream(path.join(report, 'tests.tap')));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => ava.kill(signal));
ava.once('close', async (code) => {
  await mongo.close();
  process.exitCode = code ?? 1;
  if (sum) process.stdout.write(`${sumOf(process.exitCode)}\n`);
});

/** A run can fail without a failed test: a crash, a time-out, nothing found. */
function sumOf(exitCode) {
  const { passed, failed, skipped } = countTap(tap);
  const seconds = Math.round((Date.now() - began) / 1000);
  return JSON.stringify({ passed, failed: exitCode === 0 ? failed : Math.max(1, failed), skipped, seconds });
}
