/** Whose wallet it is: another owner's is not found, as if it did not exist. */
import { z } from 'zod';
import type { OwnedWallet } from '../../actors/owner/state.ts';
import type { VirtualAccountState } from '../../actors/virtual-account/state.ts';
import type { Caller } from '../endpoint.ts';
import { Problem, problem } from '../problem.ts';
import type { View } from '../reading.ts';
import { moved } from './moved.ts';
import type { GatewayParts } from './parts.ts';

export const walletParams = z.object({ walletId: z.string().max(64) });

/** An actor id of the token's subject; any character is allowed there. */
export function ownerIdOf(caller: Caller): string {
  return encodeURIComponent(caller.subject);
}

export interface OwnWallet {
  readonly owned: OwnedWallet;
  /** Null while the wallet's own actor has decided nothing yet. */
  readonly view: View<VirtualAccountState> | null;
}

/** The caller's own wallet, or 404. */
export async function ownWallet(parts: GatewayParts, caller: Caller, walletId: string): Promise<OwnWallet> {
  if (!/^\d{15}$/.test(walletId)) throw walletNotFound();
  const [owner, view] = await Promise.all([parts.owner(ownerIdOf(caller)), parts.wallet(walletId)]);
  const owned = owner?.state.wallets.find((wallet) => wallet.number === walletId);
  if (owned === undefined) throw walletNotFound();
  return { owned, view: view?.state.status === 'unopened' ? null : view };
}

const OPENING_MS_MAX = 2000;
const OPENING_LOOK_MS = 100;

/**
 * The wallet as its own actor opened it. Until then nobody is promised anything: in a cluster the owner's word reaches that actor through the outbox,
 * and money or a command that overtook it would meet an account that does not exist.
 */
export async function untilOpened(
  parts: Pick<GatewayParts, 'wallet' | 'watch' | 'system'>,
  number: string,
): Promise<View<VirtualAccountState>> {
  const { system } = parts;
  const deadline = system.monotonicMs() + OPENING_MS_MAX;
  for (;;) {
    const view = await parts.wallet(number);
    if (view !== null && view.state.status !== 'unopened') return view;
    if (system.monotonicMs() > deadline) throw walletOpening();
    await moved(parts, `virtual-account:${number}`, OPENING_LOOK_MS);
  }
}

export function walletOpening(): Error {
  const detail = 'This wallet is being opened; repeat the request with the same Idempotency-Key.';
  return new Problem({ status: 503, code: 'wallet_opening', detail, headers: { 'Retry-After': '1' } });
}

function walletNotFound(): Error {
  return problem(404, 'wallet_not_found', 'You have no wallet of this id.');
}
