/**
 * Loaded into every test process (package.json, `ava.require`). Whatever a file left open after its last test must not hold up the whole run:
 * it is named, and the process ends.
 */
import test, { registerCompletionHandler } from 'ava';

const PATIENCE_MS = 20_000;

registerCompletionHandler(() => {
  const giveUp = setTimeout(() => {
    const open = process.getActiveResourcesInfo().join(', ');
    process.stderr.write(`LEFT OPEN by ${test.meta.file}: ${open}\n`, () => process.exit());
  }, PATIENCE_MS);
  giveUp.unref();
});
