import test from 'ava';
import { depositsOf, eachOf, expectedOf, judge, rounds } from './tally.ts';
import type { LoadWallet } from './tally.ts';

function wallets(count: number, deposits: number): LoadWallet[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ owner: 'o', id: String(index), each: eachOf(index) },
    deposits: depositsOf(index, { wallets: count, deposits }),
  }));
}

test('every deposit belongs to one wallet, also when they do not divide evenly', (t) => {
  const shares = wallets(7, 100).map(({ deposits }) => deposits);
  t.deepEqual(shares, [15, 15, 14, 14, 14, 14, 14]);
});

test('the rounds make exactly the deposits of each wallet, never more than so many in a row', (t) => {
  const all = wallets(3, 74);
  const made = rounds(all, 10);
  t.true(made.every(({ count }) => count <= 10));
  for (const wallet of all) {
    const sum = made.filter((one) => one.wallet === wallet).reduce((total, { count }) => total + count, 0);
    t.is(sum, wallet.deposits);
  }
  t.deepEqual(
    made.slice(0, 3).map(({ wallet }) => wallet.id),
    ['0', '1', '2'],
  );
});

test('a wallet without deposits gets none', (t) => {
  t.deepEqual(
    rounds(wallets(3, 2), 10).map(({ wallet, count }) => [wallet.id, count]),
    [
      ['0', 1],
      ['1', 1],
    ],
  );
});

test('nothing is lost or doubled when every wallet has what it must have', (t) => {
  t.deepEqual(judge(wallets(5, 50).map((one) => [one, expectedOf(one)])), { lost: 0, doubled: 0 });
});

test('missing and surplus deposits are counted one by one, and never cancel each other out', (t) => {
  const [first, second] = wallets(2, 20);
  if (first === undefined || second === undefined) throw new Error('two wallets');
  const seen = [
    [first, expectedOf(first) - 2n * first.each],
    [second, expectedOf(second) + second.each],
  ] as const;
  t.deepEqual(judge(seen), { lost: 2, doubled: 1 });
});

test('a single halala too few is a lost deposit', (t) => {
  t.deepEqual(judge(wallets(1, 10).map((one) => [one, expectedOf(one) - 1n])), { lost: 1, doubled: 0 });
});
