import test from 'ava';
import { restoredLines } from './restore.ts';

const NOW = 1_795_500_060_000;
const about = { to: 'virtual-account:1', id: 'line/credit', type: 'Credit', body: '{}', from: 'statement-lines:1', trace: '' } as const;
const report = {
  ...{ installation: 'one', timers: 2, effects: 1, totals: new Map(), followed: [], ambiguous: ['payment:p'] as const },
  actors: new Map([
    ['virtual-account', 2],
    ['payment', 1],
  ]),
  sentAgain: [about, { ...about, to: 'virtual-account:2' }] as const,
  ahead: [{ id: 'line/2/credit', from: 'statement-lines:1', entry: '5-0', actor: 'virtual-account:2' }] as const,
  horizons: [{ role: 'wallet', newest: NOW - 10_000, complete: NOW - 41_000 }],
  uncarried: new Map([['SAR', 1234n]]),
};

test('a restore says what it did and, per role, from when on something may be missing', (t) => {
  const lines = restoredLines(report, { dryRun: false, now: NOW });
  t.is(lines[0], 'Installation one is restored.');
  t.deepEqual(lines.slice(2, 5), ['kind             actors', 'payment               1', 'virtual-account       2']);
  t.true(lines.includes('messages that were in transit, delivered again: 2'));
  t.true(lines.includes('  Credit to virtual-account  2'));
  t.true(lines.some((line) => line.startsWith('  wallet') && line.includes('(41s ago)') && line.includes('(10s ago)')));
  t.true(lines.includes('    line/2/credit: from statement-lines:1 to virtual-account:2'));
  t.true(lines.some((line) => line.includes('12.34 SAR')));
  t.true(lines.some((line) => line.includes('two snapshots of payment:p')));
  t.true(lines.some((line) => line.includes('npx ironwallet proof')));
});

test('a dry run says that nothing was written, and gives no orders', (t) => {
  const lines = restoredLines(report, { dryRun: true, now: NOW });
  t.is(lines[0], 'Installation one would be restored (nothing was written).');
  t.false(lines.some((line) => line.startsWith('What to do next')));
});
