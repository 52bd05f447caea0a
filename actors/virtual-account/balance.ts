/** How money enters and leaves a balance: debts are paid first, and what is not there is owed. */
import type { Leg } from '../postings.ts';
import type { VirtualAccountState } from './state.ts';

export interface Moved extends Pick<VirtualAccountState, 'available' | 'owing'> {
  readonly legs: readonly Leg[];
  /** Of the amount, what paid or made a debt. */
  readonly owed: bigint;
}

/** Money in: `va-owing` first, `va` the rest. The legs are credits. */
export function paidIn(state: VirtualAccountState, amount: bigint): Moved {
  const owed = smaller(amount, state.owing);
  const rest = amount - owed;
  return { available: state.available + rest, owing: state.owing - owed, legs: legs(rest, owed).reverse(), owed };
}

/** Money taken back: `va` what is there, `va-owing` the rest. The legs are debits. */
export function takenBack(state: VirtualAccountState, amount: bigint): Moved {
  const rest = smaller(amount, state.available);
  const owed = amount - rest;
  return { available: state.available - rest, owing: state.owing + owed, legs: legs(rest, owed), owed };
}

/** The account after it. */
export function moved(state: VirtualAccountState, { available, owing }: Moved): VirtualAccountState {
  return { ...state, available, owing };
}

function legs(va: bigint, owed: bigint): Leg[] {
  return [
    { account: 'va', amount: va },
    { account: 'va-owing', amount: owed },
  ];
}

export function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
