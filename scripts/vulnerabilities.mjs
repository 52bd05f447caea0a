// Asks the registry whether a package of the product has a known vulnerability. A registry that answers no audits is said, and is no failure.
// Usage: `npm run vulnerabilities`.
import { spawnSync } from 'node:child_process';
import { root } from './bootstrap.mjs';

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  cwd: root,
  encoding: 'utf8',
  shell: process.platform === 'win32',
});
const found = countsOf(stdout);
if (found === null)
  process.stdout.write('vulnerabilities: SKIPPED, the registry of this machine answers no audits; run it where one does\n');
else process.stdout.write(`vulnerabilities: ${found} in packages of the product\n${found === 0 ? '' : stdout}`);
process.exitCode = found === null || found === 0 ? 0 : 1;

function countsOf(text) {
  try {
    return JSON.parse(text).metadata.vulnerabilities.total ?? null;
  } catch {
    return null;
  }
}
