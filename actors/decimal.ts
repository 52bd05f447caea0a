/** Decimal text to minor units and back: the border between the outside's money and ours. */
import { BigNumber } from 'bignumber.js';

const DIGITS_MAX = 15;

const digitsByCurrency = new Map<string, number>();

/** Minor digits of an ISO 4217 currency (SAR 2, KWD 3, JPY 0), from the data of the runtime. Anything but three letters is a RangeError. */
export function digitsOf(currency: string): number {
  const known = digitsByCurrency.get(currency);
  if (known !== undefined) return known;
  const digits = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  digitsByCurrency.set(currency, digits);
  return digits;
}

/** Minor units of an unsigned or signed plain decimal (`"12.05"`, 2 digits -> 1205n); null when it is none, too precise or too large. */
export function parseDecimal(text: string, digits: number): bigint | null {
  if (!/^-?\d{1,15}(?:[.]\d{1,6})?$/.test(text)) return null;
  const minor = new BigNumber(text).shiftedBy(digits);
  const whole = minor.toFixed();
  if (!minor.isInteger() || whole.replace('-', '').length > DIGITS_MAX) return null;
  return BigInt(whole);
}

/** The decimal text of minor units, always with all digits: 1205n, 2 digits -> `"12.05"`. */
export function formatDecimal(minor: bigint, digits: number): string {
  return new BigNumber(minor.toString()).shiftedBy(-digits).toFixed(digits);
}
