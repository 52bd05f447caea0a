import test from 'ava';
import { age, amount, columns, reasonOf } from './text.ts';

test('columns are as wide as their longest cell, and figures stand to the right', (t) => {
  const rows = [
    ['account', 'sum'],
    ['bank', '1,387.24'],
    ['va-pending', '-'],
  ];
  t.deepEqual(columns(rows, new Set([1])), ['account          sum', 'bank        1,387.24', 'va-pending         -']);
});

test('no line of a table ends in spaces', (t) => {
  t.deepEqual(
    columns([
      ['a', 'long text'],
      ['b', ''],
    ]),
    ['a  long text', 'b'],
  );
});

test('an age is told in its two largest units', (t) => {
  t.deepEqual(
    [-5, 41_000, 192_000, 7_500_000, 273_600_000].map((ms) => age(ms)),
    ['0s', '41s', '3m 12s', '2h 5m', '3d 4h'],
  );
});

test('an amount has the decimals of its currency and groups of three', (t) => {
  t.is(amount(123_450n, 'SAR'), '1,234.50');
  t.is(amount(-9_000n, 'SAR'), '-90.00');
  t.is(amount(0n, 'SAR'), '0.00');
  t.is(amount(1_234_567_890n, 'SAR'), '12,345,678.90');
});

test('a reason is one line and names what lies behind a failed fetch', (t) => {
  t.is(
    reasonOf(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:9') })),
    'fetch failed: connect ECONNREFUSED 127.0.0.1:9',
  );
  t.is(
    reasonOf(new TypeError('fetch failed', { cause: Object.assign(new Error(''), { code: 'ECONNREFUSED' }) })),
    'fetch failed: ECONNREFUSED',
  );
  t.is(reasonOf(new Error('first\n  second')), 'first second');
  t.is(reasonOf('text'), 'text');
});
