// Everything that must hold before a change lands, one after the other; all of it runs, and the end says what failed.
// Usage: `npm run verify [-- ava's arguments]`.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { prepare, root } from './bootstrap.mjs';

prepare();
const CHECKS = ['types', 'lint', 'format:check', 'layers', 'unused', 'vulnerabilities', 'coverage', 'coverage:actors'];
const failed = [];
for (const check of CHECKS) {
  process.stdout.write(`\n== ${check}\n`);
  const started = Date.now();
  const args = check === 'coverage' && process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [];
  const { status } = spawnSync('npm', ['run', '--silent', check, ...args], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) failed.push(check);
  process.stdout.write(`== ${check}: ${status === 0 ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(0)} s)\n`);
}
const report = process.env.IRONWALLET_REPORT; // a folder, for count.mjs
if (report !== undefined) writeFileSync(path.join(report, 'checks.json'), JSON.stringify({ checks: CHECKS, failed }));
process.stdout.write(failed.length === 0 ? '\nverify: all ok\n' : `\nverify: failed: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
