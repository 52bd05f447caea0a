/** The one map from refusals (an actor's "no", part of the API) to HTTP, and the sentence that a client's developer reads. */
import type { BankAccountRefusal } from '../actors/bank-account/state.ts';
import type { BreakRefusal } from '../actors/break/state.ts';
import type { NumberRangeRefusal } from '../actors/number-range/state.ts';
import type { OwnerRefusal } from '../actors/owner/state.ts';
import type { VirtualAccountRefusal } from '../actors/virtual-account/state.ts';

/** What the engine itself refuses, for any kind of actor. */
type EngineRefusal = 'idempotency_key_reused' | 'too_many_recent_commands' | 'actor_full';

type Refusal = EngineRefusal | OwnerRefusal | NumberRangeRefusal | BankAccountRefusal | BreakRefusal | VirtualAccountRefusal;

const STATUS = {
  idempotency_key_reused: 422,
  too_many_recent_commands: 429,
  actor_full: 503,
  wallet_limit_reached: 409,
  wallet_not_found: 404,
  account_retired: 409,
  account_frozen: 409,
  currency_mismatch: 422,
  amount_out_of_range: 422,
  reference_already_used: 409,
  too_many_open_top_ups: 409,
  too_many_open_outgoings: 409,
  insufficient_balance: 422,
  balance_not_zero: 409,
  number_range_exhausted: 503,
  bank_account_not_open: 409,
  currency_is_fixed: 409,
  break_not_found: 404,
  break_already_resolved: 409,
  resolution_not_offered: 422,
  wallet_required: 422,
  nothing_to_assign: 409,
  money_waits: 409,
} as const satisfies Record<Refusal, number>;

const DETAIL: Record<Refusal, string> = {
  idempotency_key_reused: 'This Idempotency-Key was used for another request before.',
  too_many_recent_commands: 'Too many commands were given here within a day; try again later.',
  actor_full: 'This account has grown to its limit; an operator must look at it.',
  wallet_limit_reached: 'A client may have at most 100 wallets.',
  wallet_not_found: 'There is no wallet of this id.',
  account_retired: 'This wallet is retired: it takes and gives no more money.',
  account_frozen: 'This wallet is frozen; an operator can say why.',
  currency_mismatch: 'This wallet is kept in another currency.',
  amount_out_of_range: 'The amount is below the smallest or above the largest that is taken.',
  reference_already_used: 'This reference was used for another debit of the wallet.',
  too_many_open_top_ups: 'This wallet has as many unpaid top-ups as it may have; let some be paid or expire.',
  too_many_open_outgoings: 'The bank has not debited enough of what left this wallet; try again later.',
  insufficient_balance: 'The wallet has less available than that.',
  balance_not_zero: 'Only an empty wallet can be retired: pay out what it holds, let pending money arrive and debits be settled.',
  number_range_exhausted: 'All wallet numbers of the configured range are given out; an operator has to add a range.',
  bank_account_not_open: 'The omnibus account has not been opened yet.',
  currency_is_fixed: 'The books are kept in the currency they began with.',
  break_not_found: 'There is no break of this id.',
  break_already_resolved: 'This break was resolved before; its history says how.',
  resolution_not_offered: 'This break cannot be resolved in that way.',
  wallet_required: 'This resolution needs the wallet that the money goes to.',
  nothing_to_assign: 'This break holds no money that could be given to anybody.',
  money_waits: 'This break holds money: it is resolved by giving the money to somebody, not by closing.',
};

/** The refusal as HTTP says it; one that the map does not know yet is a 422. */
export function statusOf(refusal: string): number {
  return isKnown(refusal) ? STATUS[refusal] : 422;
}

export function detailOf(refusal: string): string {
  return isKnown(refusal) ? DETAIL[refusal] : 'The request was refused; the code says why.';
}

function isKnown(refusal: string): refusal is Refusal {
  return Object.hasOwn(STATUS, refusal);
}
