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
  // Keys in the order of canonical JSON: so nothing has to be sorted.
  return {
    amount: amount.toString(),
    available: after.available.toString(),
    counterparty,
    currency: after.currency,
    description,
    fee: fee.toString(),
    kind,
    owing: after.owing.toString(),
    pending: pendingOf(after).toString(),
    reference,
  };
}
