import test from 'ava';
import { difference, emptyLedger, expectedOf, halalasOf, isPromised, textOf } from './ledger.ts';
import type { Command, Wallet } from './ledger.ts';

const WALLET: Wallet = { id: '123170000000000', owner: 'alice', iban: 'SA00' };
const OTHER: Wallet = { ...WALLET, id: '123170000000001' };

function command(kind: Command['kind'], amount: bigint, status: number | null): Command {
  const answer = status === null ? null : { status, id: 'x', body: null };
  return { ...{ kind, amount, answer, key: 'k', as: 'alice', path: '/', body: {}, wallet: WALLET, tries: 1 }, ids: new Set() };
}

test('what is missing is lost, what there is too much of is doubled, whatever the order', (t) => {
  t.deepEqual(difference([1n, 2n, 2n], [2n, 1n, 2n]), { lost: 0, doubled: 0 });
  t.deepEqual(difference([1n, 2n, 2n], [2n, 1n]), { lost: 1, doubled: 0 });
  t.deepEqual(difference([1n, 2n], [2n, 2n, 1n, 1n]), { lost: 0, doubled: 2 });
  t.deepEqual(difference([100n], [99n]), { lost: 1, doubled: 1 }, 'another amount is both');
});

test('a wallet has its transfers and its paid top-ups, less the debits that were answered 2xx', (t) => {
  const ledger = emptyLedger();
  ledger.deposits.push({ wallet: WALLET, amount: 500n }, { wallet: OTHER, amount: 900n });
  const paid = command('top_up', 300n, 201);
  ledger.commands.push(
    paid,
    command('top_up', 700n, 201),
    command('debit', 50n, 201),
    command('debit', 60n, 422),
    command('debit', 70n, null),
  );
  ledger.paid.push({ command: paid, topUp: 'x', reaches: 'wallet' });
  const expected = expectedOf(ledger, WALLET);
  t.is(expected.available, 750n);
  t.deepEqual(expected.amounts, { transfer: [500n], top_up: [300n], debit: [-50n] });
});

test('only a 2xx is a promise', (t) => {
  t.true(isPromised(command('debit', 1n, 201)));
  t.false(isPromised(command('debit', 1n, 409)));
  t.false(isPromised(command('debit', 1n, null)));
});

test('halalas and decimal text are the same amount', (t) => {
  for (const [halalas, text] of [
    [0n, '0.00'],
    [5n, '0.05'],
    [-2n, '-0.02'],
    [-12345n, '-123.45'],
  ] as const) {
    t.is(textOf(halalas), text);
    t.is(halalasOf(text), halalas);
  }
});
