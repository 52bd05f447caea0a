/**
 * Double entry: account classes, and rows that balance by construction.
 *
 * Identity: bank + psp-receivable + platform-due + va-owing = va + va-pending + suspense + outgoing + in-transit.
 * Every actor posts its own half against `in-transit`, which is zero at rest.
 */
import type { Carried, Row } from '../engine/actor.ts';

/** Classes whose balance is a debit: what we have or are owed. */
export const ASSETS = ['bank', 'psp-receivable', 'platform-due', 'va-owing'] as const;
/** Classes whose balance is a credit: what we owe. */
export const LIABILITIES = ['va', 'va-pending', 'suspense', 'outgoing', 'in-transit'] as const;

/** A class, or one with its provider: `psp-receivable:moyasar`. */
export type Account = (typeof ASSETS)[number] | (typeof LIABILITIES)[number] | `psp-receivable:${string}`;

export interface Leg {
  readonly account: Account;
  readonly amount: bigint;
}

/** Rows of one posting; legs of zero are left out. Negative amounts turn a debit into a credit, so that signed money needs no branches. */
export function post(currency: string, legs: { readonly debit: readonly Leg[]; readonly credit: readonly Leg[] }): Row[] {
  const debits = legs.debit.map(({ account, amount }) => ({ account, currency, amount }));
  const credits = legs.credit.map(({ account, amount }) => ({ account, currency, amount: -amount }));
  return [...debits, ...credits].filter((row) => row.amount !== 0n);
}

/** The simplest posting: one debit, one credit. */
export function move(currency: string, amount: bigint, accounts: { readonly debit: Account; readonly credit: Account }): Row[] {
  return post(currency, { debit: [{ account: accounts.debit, amount }], credit: [{ account: accounts.credit, amount }] });
}

/** What a money message carries, or null when it is nothing. */
export function carrying(currency: string | null, amount: bigint): Carried | null {
  return currency === null || amount === 0n ? null : { currency, amount };
}
