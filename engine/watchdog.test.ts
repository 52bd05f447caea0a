import { spawnSync } from 'node:child_process';
import test from 'ava';

const MODULE = new URL('./watchdog.js', import.meta.url).href;

function run(body: string) {
  const program = `import { startWatchdog } from ${JSON.stringify(MODULE)};\nconst watchdog = startWatchdog(200);\n${body}`;
  return spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8', timeout: 60_000 });
}

test('a process whose event loop stands still ends itself and says why', (t) => {
  const { signal, stderr } = run('await new Promise((resolve) => setTimeout(resolve, 100));\nfor (;;);');
  t.is(signal, 'SIGKILL');
  t.regex(stderr, /the event loop stood still/);
});

test('a process that is alive is left alone, and a stopped watchdog keeps nothing open', (t) => {
  const { status, signal } = run('await new Promise((resolve) => setTimeout(resolve, 600));\nawait watchdog.stop();');
  t.is(signal, null);
  t.is(status, 0);
});
