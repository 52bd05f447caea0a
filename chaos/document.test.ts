import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { repositoryFolder } from '../mocks/servers/own-process.ts';
import { withTable } from './document.ts';
import { FAULTS } from './faults/table.ts';

const DOCUMENT = readFileSync(path.join(repositoryFolder(), 'docs', 'reliability.md'), 'utf8');

test('the table has a row for every fault, of this run or of the last that played it', (t) => {
  const [killed] = FAULTS;
  const round = { fault: killed?.name ?? '', lost: 0, doubled: 0, tail: [], stillMs: 2_340 };
  const once = withTable(DOCUMENT, FAULTS, [round, { ...round, lost: 1, stillMs: 1_000 }]);
  t.regex(once, /\| `kill-worker`: [^|]+\| 2 \| 1 \| 0 \| 2\.3 s \|/);
  const again = withTable(once, FAULTS, []);
  t.is(again, once, 'what was not played stays');
  for (const { name } of FAULTS) t.true(again.includes(`| \`${name}\`: `), name);
});

test('a round that takes acknowledged data says how many commands were in the lost tail', (t) => {
  const round = { fault: 'redis-truncated', lost: 0, doubled: 0, tail: ['top_up a', 'debit b'], stillMs: 5_000 };
  t.regex(withTable(DOCUMENT, FAULTS, [round]), /`redis-truncated`.*\| 1 \| 0 \(2 commands of lost tails/);
});

test('a document without a place for the table is refused', (t) => {
  t.throws(() => withTable('# Reliability', FAULTS, []), { message: /no place/ });
});
