import fc from 'fast-check';
import test from 'ava';
import { formatDecimal } from '../../actors/decimal.ts';
import { minorOf } from './canonical.ts';
import { statementPage } from './wire.ts';

const LARGEST = 10n ** 15n - 1n;

/** What the bank's number comes to, from the text of its JSON. */
function read(text: string, currencyCode = 'SAR'): bigint {
  const money = `{"amount":${text},"currencyCode":"${currencyCode}"}`;
  const page = `{"numberOfRecords":0,"completed":true,"pageOpenBalance":${money},"closingBalance":${money}}`;
  return minorOf(statementPage.parse(JSON.parse(page)).closingBalance);
}

test('N1: every amount that we take is read to the halala, however the bank writes its number', (test) => {
  const spellings = (text: string): string[] => [text, `${text}0`, `${text}00`, `${text}e0`, text.replace(/\.?0+$/, '')];
  fc.assert(
    fc.property(fc.bigInt({ min: -LARGEST, max: LARGEST }), (minor) => {
      for (const text of spellings(formatDecimal(minor, 2))) if (read(text === '' ? '0' : text) !== minor) return false;
      return true;
    }),
  );
  test.is(read('-999999999999999', 'JPY'), -LARGEST);
  test.is(read('999999999999.999', 'KWD'), LARGEST);
});

test('N1: an amount of more digits, or more precise than its currency, is refused', (test) => {
  for (const text of ['10000000000000.00', '1234567890123456.78', '1e20', '0.001', '12.345', '99999999999999.994'])
    test.throws(() => read(text), { message: /an amount that SAR does not have/ }, text);
  test.throws(() => read('1.5', 'JPY'), { message: /an amount that JPY does not have/ });
});
