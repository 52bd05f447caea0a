/** What operators and the platform's own services do with a wallet: spend from it, stop it, look at it. */
import { z } from 'zod';
import { virtualAccountMessages } from '../../actors/virtual-account/messages.ts';
import { pendingOf } from '../../actors/virtual-account/state.ts';
import type { VirtualAccountState } from '../../actors/virtual-account/state.ts';
import { endpoint } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { digitsFrom } from '../hashes.ts';
import { amountText, currencyText, moneySchema, wireAmount, wireMoney, withMinor } from '../money.ts';
import { problem } from '../problem.ts';
import type { View } from '../reading.ts';
import { order } from './command.ts';
import type { OpsParts } from './parts.ts';

const walletParams = z.object({ walletId: z.string().max(64) });
const walletStatus = z.enum(['active', 'frozen', 'retired']);

const walletSchema = z.object({
  id: z.string(),
  owner: z.string().describe('The `sub` of the client whose wallet it is.'),
  iban: z.string(),
  name: z.string().nullable(),
  status: walletStatus,
  available: moneySchema,
  pending: moneySchema,
  owing: moneySchema,
  openTopUps: z.number(),
  outgoings: z
    .array(z.object({ reference: z.string(), amount: z.string(), left: z.string(), purpose: z.string(), by: z.string(), at: z.string() }))
    .describe('Left the wallet, not yet debited by the bank.'),
  createdAt: z.string(),
  asOf: z.string(),
});

const debitBody = z
  .strictObject({
    amount: amountText,
    currency: currencyText,
    purpose: z.string().trim().min(1).max(200),
    reference: z
      .string()
      .regex(/^\d{1,16}$/, 'is not a sequence number')
      .optional()
      .describe('The sequence number that the bank debit will carry; made of the key when absent.'),
  })
  .transform(withMinor);
const debitSchema = z.object({
  walletId: z.string(),
  reference: z.string(),
  amount: z.string(),
  currency: z.string(),
  purpose: z.string(),
  available: z.string().describe('Balance after it.'),
  createdAt: z.string(),
  asOf: z.string(),
});
/** What `virtual-account` decided. */
const debited = z.object({ reference: z.string(), amount: z.string(), currency: z.string(), available: z.string(), createdAt: z.number() });

const statusBody = z.strictObject({ status: walletStatus, reason: z.string().trim().min(1).max(500) });
const statusSchema = z.object({ walletId: z.string(), status: walletStatus, asOf: z.string() });

export function walletOperations(parts: OpsParts): Endpoint[] {
  return [getWallet(parts), debit(parts), setStatus(parts)];
}

/** A wallet that was opened, or 404: nobody writes to numbers that were never given out. */
async function opened(parts: OpsParts, walletId: string): Promise<View<VirtualAccountState>> {
  const view = /^\d{15}$/.test(walletId) ? await parts.wallet(walletId) : null;
  if (view === null || view.state.status === 'unopened') throw problem(404, 'wallet_not_found', 'There is no wallet of this id.');
  return view;
}

function getWallet(parts: OpsParts) {
  return endpoint({
    method: 'get',
    path: '/ops/v1/wallets/:walletId',
    tag: 'wallets (ops)',
    summary: 'Any wallet, with its owner and what is under way',
    access: 'operator',
    params: walletParams,
    replies: { 200: { description: 'The wallet', schema: walletSchema } },
    handle: async ({ params }) => ({ status: 200, body: wireWallet(params.walletId, await opened(parts, params.walletId)) }),
  });
}

function wireWallet(id: string, { state, asOf }: View<VirtualAccountState>): z.output<typeof walletSchema> {
  const { iban, name, currency } = state;
  return {
    id,
    owner: decodeURIComponent(state.owner),
    iban,
    name,
    status: walletStatus.parse(state.status),
    available: wireMoney(state.available, currency),
    pending: wireMoney(pendingOf(state), currency),
    owing: wireMoney(state.owing, currency),
    openTopUps: state.topUps.length,
    outgoings: state.outgoings.map(({ reference, amount, left, purpose, by, at }) => ({
      reference,
      amount: wireAmount(amount, currency),
      left: wireAmount(left, currency),
      purpose,
      by,
      at: new Date(at).toISOString(),
    })),
    createdAt: new Date(state.createdAt).toISOString(),
    asOf,
  };
}

function debit(parts: OpsParts) {
  return endpoint({
    method: 'post',
    path: '/ops/v1/wallets/:walletId/debits',
    tag: 'wallets (ops)',
    summary: 'The wallet spends or invests: its money leaves for the bank',
    access: 'operator',
    keyed: true,
    params: walletParams,
    body: debitBody,
    replies: { 201: { description: 'The debit', schema: debitSchema } },
    handle: async ({ caller, params, body, key, trace }) => {
      await opened(parts, params.walletId);
      const { currency, purpose, minor } = body;
      const reference = body.reference ?? digitsFrom(['debit', caller.subject, params.walletId, key]);
      const { answer, asOf } = await order(
        parts,
        { caller, key, trace },
        {
          schemas: virtualAccountMessages,
          to: `virtual-account:${params.walletId}`,
          type: 'Debit',
          body: { amount: minor, currency, reference, purpose, by: caller.subject },
          answer: debited,
        },
      );
      return { status: 201, body: wireDebit(answer, { walletId: params.walletId, purpose, asOf }) };
    },
  });
}

function wireDebit(
  { reference, amount, currency, available, createdAt }: z.output<typeof debited>,
  facts: Pick<z.output<typeof debitSchema>, 'walletId' | 'purpose' | 'asOf'>,
): z.output<typeof debitSchema> {
  const amounts = { amount: wireAmount(BigInt(amount), currency), available: wireAmount(BigInt(available), currency) };
  return { ...facts, reference, currency, ...amounts, createdAt: new Date(createdAt).toISOString() };
}

function setStatus(parts: OpsParts) {
  return endpoint({
    method: 'post',
    path: '/ops/v1/wallets/:walletId/status',
    tag: 'wallets (ops)',
    summary: 'Freeze, reactivate or retire a wallet',
    access: 'operator',
    keyed: true,
    params: walletParams,
    body: statusBody,
    replies: { 200: { description: 'The status as decided', schema: statusSchema } },
    handle: async ({ caller, params, body, key, trace }) => {
      await opened(parts, params.walletId);
      const { answer, asOf } = await order(
        parts,
        { caller, key, trace },
        {
          schemas: virtualAccountMessages,
          to: `virtual-account:${params.walletId}`,
          type: 'SetStatus',
          body: { ...body, by: caller.subject },
          answer: z.object({ status: walletStatus }),
        },
      );
      return { status: 200, body: { walletId: params.walletId, status: answer.status, asOf } };
    },
  });
}
