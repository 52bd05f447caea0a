import type { Company } from './wire.ts';

/** Contract rates: a share in basis points plus a fixed part in minor units, VAT on top. */
export interface Fees {
  rates: Readonly<Record<Company, { basisPoints: number; fixed: number }>>;
  refundFixed: number;
  vatBasisPoints: number;
}

export interface Charge {
  /** Includes the VAT. */
  fee: number;
  tax: number;
}

export const DEFAULT_FEES: Fees = {
  rates: {
    mada: { basisPoints: 100, fixed: 100 },
    visa: { basisPoints: 275, fixed: 100 },
    master: { basisPoints: 275, fixed: 100 },
    amex: { basisPoints: 275, fixed: 100 },
  },
  refundFixed: 100,
  vatBasisPoints: 1_500,
};

export function paymentFee(fees: Fees, company: Company, amount: number): Charge {
  const { basisPoints, fixed } = fees.rates[company];
  return withVat(fees, share(amount, basisPoints) + fixed);
}

export function refundFee(fees: Fees): Charge {
  return withVat(fees, fees.refundFixed);
}

function withVat({ vatBasisPoints }: Fees, net: number): Charge {
  const tax = share(net, vatBasisPoints);
  return { fee: net + tax, tax };
}

/** Half a minor unit rounds up. */
function share(amount: number, basisPoints: number): number {
  return Number((BigInt(amount) * BigInt(basisPoints) + 5_000n) / 10_000n);
}
