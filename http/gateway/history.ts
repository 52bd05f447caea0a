/** What happened to a wallet: fund requests, transactions, events. */
import { z } from 'zod';
import type { Posting } from '../../engine/envelope.ts';
import type { TransactionNote, VirtualAccountState } from '../../actors/virtual-account/state.ts';
import { transactionNote, transferOf } from '../../actors/virtual-account/state.ts';
import { topUpStatus } from '../../actors/virtual-account/messages.ts';
import { endpoint } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { moneySchema, wireAmount, wireMoney } from '../money.ts';
import { newestFirst, pageOf, pageQuery, slice } from '../paging.ts';
import { eventStream } from './events.ts';
import { ownWallet, walletParams } from './own.ts';
import type { GatewayParts } from './parts.ts';

/** Postings of one read while an event stream catches up. */
const READ_MAX = 100;
/** Postings that a reconnecting event stream may have missed; a client further behind reads /transactions. */
const REPLAY_MAX = 1_000;

const transactionSchema = z.object({
  id: z.string().describe('Counts the wallet’s transactions from 1.'),
  kind: transactionNote.shape.kind,
  amount: z.string().describe('Signed, from the customer’s side.'),
  currency: z.string(),
  fee: z.string(),
  available: moneySchema.describe('Balance after it.'),
  pending: moneySchema.describe('Pending after it.'),
  reference: z.string(),
  counterparty: z.string().nullable(),
  description: z.string().nullable(),
  at: z.string(),
});
type WireTransaction = z.output<typeof transactionSchema>;

const fundRequestSchema = z.object({
  id: z.string(),
  kind: z.enum(['top_up', 'transfer']),
  status: z.union([topUpStatus, z.literal('recalled')]),
  amount: z.string(),
  currency: z.string(),
  sender: z.string().nullable(),
  at: z.string(),
});
type WireFundRequest = z.output<typeof fundRequestSchema>;

export function historyEndpoints(parts: GatewayParts): Endpoint[] {
  return [fundRequests(parts), transactions(parts), events(parts)];
}

function fundRequests(parts: GatewayParts) {
  return endpoint({
    method: 'get',
    path: '/v1/wallets/:walletId/fund-requests',
    tag: 'history',
    summary: 'Top-ups and received transfers, newest first: all open ones and the last 50 of each kind; older ones are in the transactions',
    access: 'client',
    params: walletParams,
    query: pageQuery,
    replies: { 200: { description: 'A page', schema: pageOf(fundRequestSchema) } },
    handle: async ({ caller, params, query }) => {
      const { owned, view } = await ownWallet(parts, caller, params.walletId);
      const all = view === null ? [] : requestsOf(view.state, owned.currency);
      return { status: 200, body: slice(all, query, placeOf) };
    },
  });
}

function requestsOf(state: VirtualAccountState, currency: string): WireFundRequest[] {
  const topUps = [...state.topUps, ...state.endedTopUps].map((one) => ({
    id: one.id,
    kind: 'top_up' as const,
    status: one.status,
    amount: wireAmount(one.amount, currency),
    currency,
    sender: null,
    at: new Date(one.createdAt).toISOString(),
  }));
  const transfers = state.transfers.map(transferOf).map((one) => ({
    id: one.source,
    kind: 'transfer' as const,
    status: one.status,
    amount: wireAmount(one.amount, currency),
    currency,
    sender: one.sender,
    at: new Date(one.at).toISOString(),
  }));
  return [...topUps, ...transfers].sort((a, b) => newestFirst(placeOf(a), placeOf(b)));
}

function placeOf({ at, id }: WireFundRequest): [string, string] {
  return [at, id];
}

function transactions(parts: GatewayParts) {
  return endpoint({
    method: 'get',
    path: '/v1/wallets/:walletId/transactions',
    tag: 'history',
    summary: 'Every posting of the wallet, newest first',
    access: 'client',
    params: walletParams,
    query: pageQuery,
    replies: { 200: { description: 'A page', schema: pageOf(transactionSchema) } },
    handle: async ({ caller, params, query }) => {
      const { owned } = await ownWallet(parts, caller, params.walletId);
      const { postings, next } = await parts.postings(`virtual-account:${owned.number}`, {
        before: query.cursor ?? null,
        limit: query.limit,
      });
      return { status: 200, body: { items: postings.flatMap(wireTransaction), next } };
    },
  });
}

/** A posting as its customer sees it; one without a note is nothing for them. */
function wireTransaction(posting: Posting): WireTransaction[] {
  const parsed = transactionNote.safeParse(posting.note);
  return parsed.success ? [fromNote(posting, parsed.data)] : [];
}

function fromNote(posting: Posting, note: TransactionNote): WireTransaction {
  const { kind, currency, reference, counterparty, description } = note;
  return {
    id: String(posting.n),
    kind,
    amount: wireAmount(BigInt(note.amount), currency),
    currency,
    fee: wireAmount(BigInt(note.fee), currency),
    available: wireMoney(BigInt(note.available), currency),
    pending: wireMoney(BigInt(note.pending), currency),
    reference,
    counterparty,
    description,
    at: new Date(Number(posting.entry.slice(0, posting.entry.indexOf('-')))).toISOString(),
  };
}

function events(parts: GatewayParts) {
  return endpoint({
    method: 'get',
    path: '/v1/wallets/:walletId/events',
    tag: 'history',
    summary: 'Server-sent events: every transaction as it is posted, resumable by Last-Event-ID; `missed` when too much was missed',
    access: 'client',
    params: walletParams,
    replies: { 200: { description: 'text/event-stream; event `transaction`, data as in /transactions' } },
    handle: async ({ caller, params, lastEventId, signal }) => {
      const { owned } = await ownWallet(parts, caller, params.walletId);
      const actor = `virtual-account:${owned.number}` as const;
      const newest = async (): Promise<number> => (await parts.postings(actor, { before: null, limit: 1 })).postings[0]?.n ?? 0;
      const after = lastEventId !== null && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : await newest();
      const source = eventStream({
        feed: { after: (n) => postingsAfter(parts, actor, n), watch: (listener) => parts.watch(actor, listener) },
        after,
        signal,
        render: (posting) => ({ event: 'transaction', data: wireTransaction(posting)[0] ?? { id: String(posting.n) } }),
      });
      return { status: 200, stream: { type: 'text/event-stream', source }, headers: { 'Cache-Control': 'no-store' } };
    },
  });
}

async function postingsAfter(parts: GatewayParts, actor: `virtual-account:${string}`, n: number): Promise<Posting[]> {
  const found: Posting[] = [];
  let before: string | null = null;
  while (found.length < REPLAY_MAX) {
    const { postings, next } = await parts.postings(actor, { before, after: n, limit: READ_MAX });
    found.push(...postings);
    if (next === null) break;
    before = next;
  }
  return found.reverse();
}
