/** Wallets of a client: open, list, look at, how to fund by transfer. */
import { z } from 'zod';
import type { VirtualAccountState } from '../../actors/virtual-account/state.ts';
import { pendingOf } from '../../actors/virtual-account/state.ts';
import type { OwnedWallet } from '../../actors/owner/state.ts';
import { ownerMessages } from '../../actors/owner/messages.ts';
import { electronicFormatIBAN, friendlyFormatIBAN } from 'ibantools';
import { decide } from '../command.ts';
import { endpoint } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { nameOf } from '../hashes.ts';
import { currencyText, moneySchema, wireMoney } from '../money.ts';
import { problem } from '../problem.ts';
import type { View } from '../reading.ts';
import type { GatewayParts } from './parts.ts';
import { ibanOf } from './numbers.ts';
import { ownWallet, ownerIdOf, untilOpened, walletParams } from './own.ts';

export const walletSchema = z.object({
  id: z.string().describe('The wallet number, 15 digits.'),
  iban: z.string(),
  name: z.string().nullable(),
  currency: z.string(),
  status: z.enum(['active', 'frozen', 'retired']),
  available: moneySchema,
  pending: moneySchema.describe('Paid by card, not yet paid out by the provider.'),
  owing: moneySchema.describe('Taken back by a bank or provider after it was spent; the next money in pays it first.'),
  createdAt: z.string(),
  asOf: z.string().nullable().describe('The mailbox entry up to which this is decided.'),
});
type WireWallet = z.output<typeof walletSchema>;

const openBody = z.strictObject({
  name: z.string().trim().min(1).max(100).optional(),
  currency: currencyText.optional(),
});

const opened = z.object({ id: z.string(), iban: z.string(), currency: z.string(), name: z.string().nullable(), createdAt: z.number() });

export function walletEndpoints(parts: GatewayParts): Endpoint[] {
  return [openWallet(parts), listWallets(parts), getWallet(parts), fundingInstructions(parts)];
}

function openWallet(parts: GatewayParts) {
  return endpoint({
    method: 'post',
    path: '/v1/wallets',
    tag: 'wallets',
    summary: 'Open a wallet with a virtual IBAN of its own',
    access: 'client',
    keyed: true,
    body: openBody,
    replies: { 201: { description: 'The wallet', schema: walletSchema } },
    handle: async ({ caller, body, key, trace }) => {
      const currency = body.currency ?? parts.currency;
      if (currency !== parts.currency) throw problem(422, 'currency_mismatch', `Wallets are kept in ${parts.currency}.`);
      const number = await parts.nextNumber();
      const name = body.name ?? null;
      const { answer } = await decide(parts.ask, {
        schemas: ownerMessages,
        to: `owner:${ownerIdOf(caller)}`,
        type: 'OpenWallet',
        // The number differs at every try, so the owner, not the engine, remembers the key.
        body: { key: nameOf([key]), fingerprint: nameOf([currency, name ?? '']), number, iban: ibanOf(number, parts.bank), currency, name },
        id: nameOf(['OpenWallet', caller.subject, key, number]),
        from: 'edge:gateway',
        trace,
        answer: opened,
      });
      const view = await untilOpened(parts, answer.id);
      return { status: 201, body: wireWallet({ ...answer, number: answer.id }, view), headers: { Location: `/v1/wallets/${answer.id}` } };
    },
  });
}

/** A wallet whose own actor has decided nothing yet is answered from the owner that accepted it. */
function freshWallet(wallet: z.output<typeof opened>): WireWallet {
  const zero = wireMoney(0n, wallet.currency);
  const { id, iban, name, currency, createdAt } = wallet;
  const balances = { available: zero, pending: zero, owing: zero };
  return { id, iban, name, currency, status: 'active', ...balances, createdAt: new Date(createdAt).toISOString(), asOf: null };
}

function wireWallet(wallet: Omit<OwnedWallet, 'key' | 'fingerprint'>, view: View<VirtualAccountState> | null): WireWallet {
  if (view === null || view.state.status === 'unopened') return freshWallet({ ...wallet, id: wallet.number });
  const { state, asOf } = view;
  return {
    ...freshWallet({ ...wallet, id: wallet.number }),
    status: state.status === 'unopened' ? 'active' : state.status,
    available: wireMoney(state.available, wallet.currency),
    pending: wireMoney(pendingOf(state), wallet.currency),
    owing: wireMoney(state.owing, wallet.currency),
    asOf,
  };
}

function listWallets(parts: GatewayParts) {
  return endpoint({
    method: 'get',
    path: '/v1/wallets',
    tag: 'wallets',
    summary: 'All wallets of the client, oldest first',
    access: 'client',
    replies: { 200: { description: 'At most 100', schema: z.object({ items: z.array(walletSchema) }) } },
    handle: async ({ caller }) => {
      const owner = await parts.owner(ownerIdOf(caller));
      const wallets = owner?.state.wallets ?? [];
      const views = await parts.wallets(wallets.map((wallet) => wallet.number));
      return { status: 200, body: { items: wallets.map((wallet, index) => wireWallet(wallet, views[index] ?? null)) } };
    },
  });
}

function getWallet(parts: GatewayParts) {
  return endpoint({
    method: 'get',
    path: '/v1/wallets/:walletId',
    tag: 'wallets',
    summary: 'Balances, status and IBAN of a wallet',
    access: 'client',
    params: walletParams,
    replies: { 200: { description: 'The wallet', schema: walletSchema } },
    handle: async ({ caller, params }) => {
      const { owned, view } = await ownWallet(parts, caller, params.walletId);
      return { status: 200, body: wireWallet(owned, view) };
    },
  });
}

const instructionsSchema = z.object({
  iban: z.string(),
  ibanFormatted: z.string(),
  currency: z.string(),
  bank: z.string(),
  bic: z.string(),
  beneficiary: z.string(),
  note: z.string(),
});

function fundingInstructions(parts: GatewayParts) {
  return endpoint({
    method: 'get',
    path: '/v1/wallets/:walletId/funding-instructions',
    tag: 'wallets',
    summary: 'Where a bank transfer to this wallet must go',
    access: 'client',
    params: walletParams,
    replies: { 200: { description: 'What to tell the bank', schema: instructionsSchema } },
    handle: async ({ caller, params }) => {
      const { owned } = await ownWallet(parts, caller, params.walletId);
      const iban = electronicFormatIBAN(owned.iban) ?? owned.iban;
      const note = 'Every transfer to this IBAN is credited to this wallet; no reference is needed.';
      const { name, bic, beneficiary } = parts.bank;
      const body = { iban, ibanFormatted: friendlyFormatIBAN(iban) ?? iban, currency: owned.currency, bank: name, bic, beneficiary, note };
      return { status: 200, body };
    },
  });
}
