// Adds up a report folder of `npm run verify` and the outcomes of other commands to the line that CI reads, and to the exit code.
// Usage: `node scripts/count.mjs <folder> ok|failed...`.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { countTap } from './tap.mjs';

const [folder = '.', ...others] = process.argv.slice(2);
const othersPassed = others.filter((outcome) => outcome === 'ok').length;
const read = (name) => (existsSync(path.join(folder, name)) ? readFileSync(path.join(folder, name), 'utf8') : '');
const { passed: testsPassed, failed: testsFailed, skipped } = countTap(read('tests.tap'));

const checks = JSON.parse(read('checks.json') || '{"failed":["verify"]}').failed;
const otherChecks = checks.filter((check) => check !== 'coverage').length;
// The tests can fail without a failed test: a crash, a time-out, nothing found, coverage below its mark.
const runFailed = testsPassed === 0 || (checks.includes('coverage') && testsFailed === 0) ? 1 : 0;
const failed = testsFailed + otherChecks + runFailed + others.length - othersPassed;
const passed = testsPassed + othersPassed;

if (checks.length > 0) process.stdout.write(`Failed checks: ${checks.join(', ')}\n`);
process.stdout.write(`${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}\n`);
process.exitCode = failed === 0 ? 0 : 1;
