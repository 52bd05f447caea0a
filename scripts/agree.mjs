// The comparison of the in-memory ports with the real scripts, as long as wanted; the test run has a short form of it.
// Usage: `npm run agree -- --runs 5000`; a failure prints the AGREE_REPLAY that repeats its one sequence. The last line is JSON:
// `{"runs":..,"calls":..,"failures":..,"seconds":..}`; of a comparison that ended before it could tell, without runs and calls.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from './bootstrap.mjs';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '1000' } } });
if (!/^[1-9]\d*$/.test(values.runs)) {
  process.stderr.write(`--runs must be a whole number above 0, not ${values.runs}\n`);
  process.exit(1);
}
prepare();
const cli = path.join(root, 'node_modules', 'ava', 'entrypoints', 'cli.mjs');
const folder = mkdtempSync(path.join(tmpdir(), 'ironwallet-agree-'));
const report = path.join(folder, 'report.json'); // standard output belongs to AVA
const env = { ...process.env, NODE_ENV: 'test', AGREE_RUNS: values.runs, AGREE_REPORT: report };
const began = Date.now();
const ava = spawn(process.execPath, [cli, '--timeout=24h', 'dist/tests/contract/agree.test.js'], { cwd: root, stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => ava.kill(signal));
ava.once('exit', (code) => {
  const told = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
  rmSync(folder, { recursive: true });
  const failures = code === 0 ? 0 : 1; // the comparison ends at the first
  process.stdout.write(`${JSON.stringify({ ...told, failures, seconds: Math.round((Date.now() - began) / 1000) })}\n`);
  process.exitCode = code ?? 1;
});
