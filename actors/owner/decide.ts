/** The rules of an owner: a key opens one wallet, once and for ever. */
import { accept, defineKind, refuse, send } from '../../engine/actor.ts';
import type { Decision, Entry, MessagesOf } from '../../engine/actor.ts';
import { idOf } from '../../engine/message.ts';
import { virtualAccountMessages } from '../virtual-account/messages.ts';
import { ownerMessages } from './messages.ts';
import { initialOwner, ownerState, WALLETS_MAX, withWallet } from './state.ts';
import type { OwnedWallet, OwnerRefusal, OwnerState } from './state.ts';

/** Answer to `OpenWallet`; `createdAt` in milliseconds since 1970. */
export interface OpenedWallet {
  readonly id: string;
  readonly iban: string;
  readonly currency: string;
  readonly name: string | null;
  readonly status: 'active';
  readonly createdAt: number;
}

function openWallet(state: OwnerState, entry: Entry<MessagesOf<typeof ownerMessages>>): Decision<OwnerState, OwnerRefusal> {
  const { key, fingerprint, number, iban, currency, name } = entry.body;
  const first = state.wallets.find((one) => one.key === key);
  if (first !== undefined && first.fingerprint !== fingerprint) return refuse('idempotency_key_reused');
  if (first !== undefined) return accept(state, { answer: answerOf(first) });
  if (state.wallets.length >= WALLETS_MAX) return refuse('wallet_limit_reached');
  // From here on the wallet opens: its number came from a block that is handed out once.
  const opened = { number, iban, currency, name, createdAt: entry.at, key, fingerprint };
  const body = { owner: idOf(entry.self), iban, currency, name };
  return accept(withWallet(state, opened), {
    sends: [send(virtualAccountMessages, `virtual-account:${number}`, { type: 'OpenAccount', body })],
    answer: answerOf(opened),
  });
}

function answerOf({ number, iban, currency, name, createdAt }: OwnedWallet): OpenedWallet {
  return { id: number, iban, currency, name, status: 'active', createdAt };
}

export const owner = defineKind({
  name: 'owner',
  role: 'wallet',
  rules: 1,
  messages: ownerMessages,
  state: ownerState,
  initial: initialOwner,
  decide: openWallet,
});
