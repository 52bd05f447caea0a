// Compiles the sources into `dist` (or `--out <dir>`) and copies the files that the code reads beside itself: Lua scripts, pages, Java.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const flag = process.argv.indexOf('--out');
const out = path.resolve(root, flag > 0 ? process.argv[flag + 1] : 'dist');
const ASSETS = /[.](lua|html|css|java|xml|json)$/;

const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [tsc, '--outDir', out, '--incremental', '--tsBuildInfoFile', path.join(out, '.tsbuildinfo')], { cwd: root, stdio: 'inherit' });
for (const folder of ['engine', 'actors', 'http', 'providers', 'mocks', 'cli', 'bench', 'tests']) {
  if (!existsSync(path.join(root, folder))) continue;
  for (const file of readdirSync(path.join(root, folder), { recursive: true })) {
    if (ASSETS.test(file)) cpSync(path.join(root, folder, file), path.join(out, folder, file));
  }
}
process.exitCode = compiled.status ?? 1;
