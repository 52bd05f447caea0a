import test from 'ava';
import { lineOf } from './bank-account/testing/statement.ts';
import { bucketOf, contentOf, hash32, hash64, hashOfLines } from './line-hash.ts';

test('hashes are the same for ever: states of ten years ago hold them', (t) => {
  t.is(hash64('2026-11-20/SDC900001/2'), 'b44171db2c2bf78e');
  t.is(hash32('10000 SAR 2026-11-20'), '43cf127b');
});

test('keys that differ in one character have different hashes and spread evenly over the buckets', (t) => {
  const keys = Array.from({ length: 100_000 }, (_, n) => `2026-11-20/SDC${n}/2`);
  t.is(new Set(keys.map(hash64)).size, keys.length);
  const counts = new Map<number, number>();
  for (const key of keys) counts.set(bucketOf(key, 16), (counts.get(bucketOf(key, 16)) ?? 0) + 1);
  t.is(counts.size, 16);
  for (const count of counts.values()) t.true(Math.abs(count - 6250) < 625, `a bucket holds ${count}`);
});

test('the content of a line is its amount, currency, value date and sign, not its narratives or mark', (t) => {
  const line = lineOf({ reference: 'R1' });
  t.is(contentOf(line), contentOf({ ...line, narratives: ['?????'], mark: 'RD' }));
  for (const change of [{ amount: 1n }, { currency: 'USD' }, { valueDate: '2026-11-21' }, { mark: 'D' as const }]) {
    t.not(contentOf(line), contentOf({ ...line, ...change }));
  }
});

test('the hash of a stretch of lines tells their order', (t) => {
  const [one, two] = [lineOf({ reference: 'R1' }), lineOf({ reference: 'R2' })];
  t.not(hashOfLines([one, two]), hashOfLines([two, one]));
});
