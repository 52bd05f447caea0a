/** Settlement documents of the provider: which are known, how far each is, and a way to fetch one by hand. */
import { z } from 'zod';
import { settlementMessages } from '../../actors/settlement/messages.ts';
import { settlementStatus } from '../../actors/settlement/state.ts';
import type { Settlement } from '../../actors/settlement/state.ts';
import { endpoint } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { wireAmount } from '../money.ts';
import { pageQuery } from '../paging.ts';
import { problem } from '../problem.ts';
import type { View } from '../reading.ts';
import { order } from './command.ts';
import { list, listOf } from './listing.ts';
import type { Listed } from './listing.ts';
import type { OpsParts } from './parts.ts';

const PROVIDER = 'moyasar';

const documentParams = z.object({ document: z.string().regex(/^[\w-]{1,64}$/, 'is not an id that the provider gives') });

const listedSchema = z.object({
  document: z.string(),
  provider: z.string(),
  status: settlementStatus,
  net: z.string().nullable().describe('What the bank is expected to show, before what was carried in; null until the document was read.'),
  currency: z.string().nullable(),
  date: z.string().nullable(),
  rows: z.number().nullable(),
  bankLine: z.string().nullable(),
  asOf: z.string(),
});

const settlementSchema = z.object({
  document: z.string(),
  provider: z.string(),
  status: settlementStatus,
  account: z.string(),
  currency: z.string().nullable(),
  date: z.string().nullable(),
  amount: z.string().nullable().describe('Sum of the rows, the transfer fee still in it.'),
  transferFee: z.string().nullable(),
  carried: z.string().nullable().describe('What earlier documents left over and this one took along.'),
  rows: z.number().nullable(),
  pages: z.array(z.object({ page: z.number(), rows: z.number(), gross: z.string(), net: z.string(), done: z.boolean() })),
  bankLine: z.string().nullable(),
  breaks: z.array(z.string()).describe('Reasons of the breaks that it opened.'),
  asOf: z.string(),
});

const listed = z.object({
  provider: z.string(),
  document: z.string(),
  status: settlementStatus,
  net: z.string().nullable(),
  currency: z.string().nullable(),
  date: z.string().nullable(),
  rows: z.number().nullable(),
  source: z.string().nullable(),
});

const announced = z.object({ status: settlementStatus });

export function settlementEndpoints(parts: OpsParts): Endpoint[] {
  return [listSettlements(parts), getSettlement(parts), fetchSettlement(parts)];
}

function listSettlements(parts: OpsParts) {
  return endpoint({
    method: 'get',
    path: '/ops/v1/settlements',
    tag: 'settlements',
    summary: 'Settlement documents, last changed first',
    access: 'operator',
    query: pageQuery.extend({ status: settlementStatus.optional() }),
    replies: { 200: { description: 'A page', schema: listOf(listedSchema) } },
    handle: async ({ query: { status, limit, cursor } }) => ({
      status: 200,
      body: await list(parts, { kind: 'settlement', where: { status }, limit, cursor }, wireListed),
    }),
  });
}

function wireListed({ listing, asOf }: Listed): z.output<typeof listedSchema> {
  const { net, source, ...facts } = listed.parse(listing);
  const { currency } = facts;
  return { ...facts, net: net === null || currency === null ? null : wireAmount(BigInt(net), currency), bankLine: source, asOf };
}

function getSettlement(parts: OpsParts) {
  return endpoint({
    method: 'get',
    path: '/ops/v1/settlements/:document',
    tag: 'settlements',
    summary: 'One settlement document, exact',
    access: 'operator',
    params: documentParams,
    replies: { 200: { description: 'The document', schema: settlementSchema } },
    handle: async ({ params }) => {
      const view = await parts.settlement(`${PROVIDER}:${params.document}`);
      if (view === null || view.state.status === 'unknown')
        throw problem(404, 'settlement_not_found', 'No settlement document of this id is known.');
      return { status: 200, body: wireSettlement(view) };
    },
  });
}

function wireSettlement({ state, asOf }: View<Settlement>): z.output<typeof settlementSchema> {
  const { document, provider, status, account, facts, source, reported } = state;
  const currency = facts?.currency ?? null;
  const amount = (minor: bigint | undefined): string | null =>
    minor === undefined || currency === null ? null : wireAmount(minor, currency);
  return {
    document,
    provider,
    status,
    account,
    currency,
    date: facts?.date ?? null,
    amount: amount(facts?.amount),
    transferFee: amount(facts?.fee),
    carried: amount(state.carried),
    rows: facts?.count ?? null,
    pages: state.pages.map(({ page, count, gross, net, done }) => ({
      page,
      rows: count,
      gross: amount(gross) ?? '',
      net: amount(net) ?? '',
      done,
    })),
    bankLine: source,
    breaks: [...reported],
    asOf,
  };
}

function fetchSettlement(parts: OpsParts) {
  return endpoint({
    method: 'post',
    path: '/ops/v1/settlements/:document/fetch',
    tag: 'settlements',
    summary: 'Fetch a document whose webhook never came, or once more after giving up',
    access: 'operator',
    keyed: true,
    params: documentParams,
    replies: { 202: { description: 'How far it is', schema: announced } },
    handle: async ({ caller, params, key, trace }) => {
      const { answer } = await order(
        parts,
        { caller, key, trace },
        {
          schemas: settlementMessages,
          to: `settlement:${PROVIDER}:${params.document}`,
          type: 'AnnounceDocument',
          body: { account: parts.account, eventId: `operator/${caller.subject}` },
          answer: announced,
        },
      );
      return { status: 202, body: answer };
    },
  });
}
