// The comparison of the in-memory ports with the real scripts, as long as wanted; the test run has a short form of it.
// Usage: `npm run agree -- --runs 5000`; a failure prints the AGREE_REPLAY that repeats its one sequence.
import { spawn } from 'node:child_process';
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
const env = { ...process.env, NODE_ENV: 'test', AGREE_RUNS: values.runs };
const ava = spawn(process.execPath, [cli, '--timeout=24h', 'dist/tests/contract/agree.test.js'], { cwd: root, stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => ava.kill(signal));
ava.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
