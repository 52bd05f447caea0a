/** What a posting of a virtual account says to its customer. */
import { pendingOf } from './state.ts';
import type { TransactionNote, VirtualAccountState } from './state.ts';

export interface Told {
  readonly kind: TransactionNote['kind'];
  /** Signed, from the customer's side. */
  readonly amount: bigint;
  readonly reference: string;
  readonly fee?: bigint;
  readonly counterparty?: string | null;
  readonly description?: string | null;
}

/** `after`: the state that the posting leads to, whose balances the note repeats. */
export function note(after: VirtualAccountState, told: Told): TransactionNote {
  const { kind, amount, reference, fee = 0n, counterparty = null, description = null } = told;
  const balances = { available: after.available.toString(), pending: pendingOf(after).toString(), owing: after.owing.toString() };
  return {
    kind,
    amount: amount.toString(),
    currency: after.currency,
    ...balances,
    fee: fee.toString(),
    reference,
    counterparty,
    description,
  };
}
