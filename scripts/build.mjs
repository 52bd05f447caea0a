// Compiles the sources into `dist` (or `--out <dir>`) and copies the files that the code reads beside itself: Lua scripts, pages, Java.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FOLDERS, root } from './bootstrap.mjs';

const flag = process.argv.indexOf('--out');
const out = path.resolve(root, flag > 0 ? process.argv[flag + 1] : 'dist');
const folders = FOLDERS.filter((name) => !name.endsWith('.ts'));
const ASSETS = /[.](lua|html|css|java|xml|json)$/;

const began = new Date();
const compiled = compile();
copyAssets();
removeOrphans();
if (compiled === 0) stamp();
process.exitCode = compiled;

function compile() {
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '--outDir', out, '--incremental', '--tsBuildInfoFile', path.join(out, '.tsbuildinfo')];
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

function copyAssets() {
  for (const folder of folders) {
    for (const file of filesOf(path.join(root, folder))) {
      if (ASSETS.test(file)) cpSync(path.join(root, folder, file), path.join(out, folder, file));
    }
  }
}

/** What was compiled from a file that is gone must go too: a deleted test would still run. */
function removeOrphans() {
  for (const folder of folders) {
    for (const file of filesOf(path.join(out, folder))) {
      const source = path.join(root, folder, file.replace(/[.]js([.]map)?$/, '.ts'));
      if (/[.]js([.]map)?$/.test(file) && !existsSync(source)) rmSync(path.join(out, folder, file));
    }
  }
}

function filesOf(folder) {
  return existsSync(folder) ? readdirSync(folder, { recursive: true }) : [];
}

/** The stamp carries the time at which the build began: a source that is saved while it runs is newer. */
function stamp() {
  mkdirSync(out, { recursive: true });
  writeFileSync(path.join(out, '.built'), '');
  utimesSync(path.join(out, '.built'), began, began);
}
