import test from 'ava';
import type { Position } from '../proof/position.ts';
import { isProven, positionLines } from './proof.ts';

const zero: Position = {
  classes: [
    { account: 'bank', currency: 'SAR', ledger: 38_724n, independent: 38_724n, difference: 0n },
    { account: 'platform-due', currency: 'SAR', ledger: 276n, independent: null, difference: 0n },
    { account: 'va', currency: 'SAR', ledger: -39_000n, independent: -39_000n, difference: 0n },
  ],
  days: [{ account: '0108', date: '2026-11-24', opening: 0n, posted: 38_724n, closing: 38_724n, difference: 0n }],
  identity: new Map([['SAR', 0n]]),
  differences: new Map([['SAR', 0n]]),
  broken: [],
  actors: 3,
  still: true,
};

test('a position is proven when every sum is zero, every actor was read, and nothing moved', (t) => {
  t.true(isProven(zero));
  t.false(isProven({ ...zero, still: false }));
  t.false(isProven({ ...zero, differences: new Map([['SAR', 1n]]) }));
  t.false(isProven({ ...zero, identity: new Map([['SAR', -1n]]) }));
  t.false(isProven({ ...zero, broken: [{ actor: 'virtual-account:1', error: 'snapshot_missing' }] }));
});

test('the position is a table of classes and of days, with the identity and the difference', (t) => {
  t.deepEqual(positionLines(zero), [
    'account       currency  ledger (debit +)  independent  difference',
    'bank          SAR                 387.24       387.24        0.00',
    'platform-due  SAR                   2.76            -        0.00',
    'va            SAR                -390.00      -390.00        0.00',
    '',
    'day         opening  lines posted  closing (bank)  difference',
    '2026-11-24     0.00        387.24          387.24        0.00',
    '',
    'identity of SAR: 0.00',
    'difference of SAR: 0.00',
    '3 actors were read',
  ]);
});

test('what stands against a proof is said', (t) => {
  const lines = positionLines({ ...zero, still: false, broken: [{ actor: 'virtual-account:1', error: 'snapshot_missing' }] });
  t.true(lines.includes('could not be read: virtual-account:1: snapshot_missing'));
  t.true(lines.includes('money moved while it was counted'));
});
