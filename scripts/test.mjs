// Runs the tests on compiled files. One MongoDB serves the whole run (a JVM per file would be too much for two cores); each test file has
// a database of its own on it. A Redis is cheap, so each file starts its own: tests kill theirs and must never touch one that REDIS_URL names.
// Usage: `npm test [-- ava's arguments]`, e.g. `npm test -- dist/engine/**/*.test.js --match='*fenced*'`.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare, root } from './bootstrap.mjs';

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
// package.json's pattern also allows other output folders (build.mjs --out), which only an explicit argument names.
const args = process.argv.slice(2);
const files = args.some((argument) => argument.startsWith('dist')) ? [] : ['dist/**/*.test.js'];
const cli = path.join(root, 'node_modules', 'ava', 'entrypoints', 'cli.mjs');
const report = process.env.IRONWALLET_REPORT; // a folder: the results go there as TAP too, for count.mjs
const ava = spawn(process.execPath, [cli, ...(report === undefined ? [] : ['--tap']), ...args, ...files], {
  cwd: root,
  env,
  stdio: ['inherit', report === undefined ? 'inherit' : 'pipe', 'inherit'],
});
if (report !== undefined) {
  ava.stdout.pipe(process.stdout);
  ava.stdout.pipe(createWriteStream(path.join(report, 'tests.tap')));
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => ava.kill(signal));
ava.once('exit', async (code) => {
  await mongo.close();
  process.exitCode = code ?? 1;
});
