/** What an owner knows: its wallets, and which idempotency key opened each of them, for ever. */
import { z } from 'zod';
import { currencyCode } from '../money.ts';

/** Wallets of one client: more would let one mailbox and one state grow for ever. */
export const WALLETS_MAX = 100;

const wallet = z.object({
  /** The 15-digit number: the wallet's id. */
  number: z.string(),
  iban: z.string(),
  currency: currencyCode,
  name: z.string().nullable(),
  /** Milliseconds since 1970. */
  createdAt: z.number(),
  /** Hash of the idempotency key that opened it, and fingerprint of that request's body. */
  key: z.string(),
  fingerprint: z.string(),
});
export type OwnedWallet = z.output<typeof wallet>;

export const ownerState = z.object({ wallets: z.array(wallet).max(WALLETS_MAX) });
export type OwnerState = Readonly<z.output<typeof ownerState>>;

export type OwnerRefusal = 'idempotency_key_reused' | 'wallet_limit_reached';

export function initialOwner(): OwnerState {
  return { wallets: [] };
}

export function withWallet(state: OwnerState, opened: OwnedWallet): OwnerState {
  return { ...state, wallets: [...state.wallets, opened] };
}
