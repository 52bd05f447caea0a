/** The provider's fee against the contract: percent of the gross plus a fixed part, VAT on it, each rounded half up. */
import { BigNumber } from 'bignumber.js';
import type { SettlementRow, SettlementTerms } from './messages.ts';

export interface FeeCheck {
  readonly expectedFee: bigint;
  readonly expectedTax: bigint;
  /** Charged less expected, both components. */
  readonly difference: bigint;
}

/** Null when the contract has no rate for the scheme, or the charge is what was agreed, within the tolerance. */
export function feeVariance(row: SettlementRow, terms: SettlementTerms, scheme: string | null): FeeCheck | null {
  const rate = terms.rates.find((one) => one.scheme === scheme) ?? terms.rates.find((one) => one.scheme === '*');
  if (rate === undefined) return null;
  const expectedFee = percentOf(row.gross, rate.percent) + rate.fixed;
  const expectedTax = percentOf(expectedFee, terms.vatPercent);
  const [feeOff, taxOff] = [row.fee - row.tax - expectedFee, row.tax - expectedTax];
  if (size(feeOff) <= terms.tolerance && size(taxOff) <= terms.tolerance) return null;
  return { expectedFee, expectedTax, difference: feeOff + taxOff };
}

function percentOf(amount: bigint, percent: string): bigint {
  const exact = new BigNumber(amount.toString()).times(percent).div(100);
  return BigInt(exact.integerValue(BigNumber.ROUND_HALF_UP).toFixed());
}

export function size(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
}
