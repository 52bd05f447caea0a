/** Breaks: differences that a person may have to look at, and what that person decides. */
import { z } from 'zod';
import { breakMessages, breakReason } from '../../actors/break/messages.ts';
import type { Break } from '../../actors/break/state.ts';
import type { EntryId } from '../../engine/message.ts';
import { endpoint } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { wireAmount } from '../money.ts';
import { pageQuery } from '../paging.ts';
import { problem } from '../problem.ts';
import type { View } from '../reading.ts';
import { detailOf } from '../refusals.ts';
import { order } from './command.ts';
import type { Given } from './command.ts';
import { list, listOf } from './listing.ts';
import type { Listed } from './listing.ts';
import type { OpsParts } from './parts.ts';

const ID_CHARS_MAX = 500;

const status = z.enum(['open', 'returning', 'resolved']);
const severity = z.enum(['low', 'medium', 'high']);
const breakParams = z.object({ breakId: z.string().max(ID_CHARS_MAX).describe('`<reason>:<subject>`, percent-encoded.') });

const shared = {
  id: z.string(),
  href: z.string().describe('Where to look at it.'),
  reason: breakReason,
  subject: z.string(),
  status,
  severity,
  amount: z.string().describe('Money that came to it, or the amount in question; minor units where no currency is known.'),
  currency: z.string().nullable(),
  openedAt: z.string(),
  assignee: z.string().nullable(),
  asOf: z.string(),
};
const listedSchema = z.object(shared);

const breakSchema = z.object({
  ...shared,
  held: z.string().describe('In suspense now.'),
  due: z.string().describe('Booked as owed by the company.'),
  resolvedAt: z.string().nullable(),
  reference: z.string().nullable().describe('Sequence number of the outgoing transfer of a return.'),
  resolution: z.object({ resolution: z.string(), reason: z.string(), by: z.string().nullable() }).nullable(),
  evidence: z.record(z.string(), z.string()),
  comments: z.array(z.object({ at: z.string(), by: z.string(), text: z.string() })),
  history: z.array(z.object({ at: z.string(), what: z.string(), by: z.string().nullable() })),
});

/** What `break` decided. */
const decided = z.object({
  id: z.string(),
  status,
  held: z.string(),
  currency: z.string().nullable(),
  assignee: z.string().nullable(),
});
const decidedSchema = decided.extend({ asOf: z.string() });

const listing = z.object({
  reason: breakReason,
  subject: z.string(),
  status,
  severity,
  amount: z.string(),
  currency: z.string().nullable(),
  openedAt: z.number(),
  assignee: z.string().nullable(),
});

const text = (max: number) => z.string().trim().min(1).max(max);
const assignBody = z.strictObject({ assignee: text(200) });
const commentBody = z.strictObject({ text: text(2000) });
const resolveBody = z.strictObject({
  resolution: z.enum(['assign_to_wallet', 'return_to_sender', 'close']),
  wallet: z
    .string()
    .regex(/^\d{15}$/, 'is not a wallet number')
    .optional()
    .describe('For assign_to_wallet.'),
  reference: z
    .string()
    .regex(/^\d{1,16}$/, 'is not a sequence number')
    .optional()
    .describe('For return_to_sender: the outgoing transfer, when it is known already.'),
  reason: text(500),
});

export function breakEndpoints(parts: OpsParts): Endpoint[] {
  return [listBreaks(parts), getBreak(parts), assign(parts), comment(parts), resolve(parts)];
}

function listBreaks(parts: OpsParts) {
  return endpoint({
    method: 'get',
    path: '/ops/v1/breaks',
    tag: 'breaks',
    summary: 'Breaks, last changed first',
    access: 'operator',
    query: pageQuery.extend({ status: status.optional(), reason: breakReason.optional() }),
    replies: { 200: { description: 'A page', schema: listOf(listedSchema) } },
    handle: async ({ query: { limit, cursor, ...where } }) => ({
      status: 200,
      body: await list(parts, { kind: 'break', where, limit, cursor }, wireListed),
    }),
  });
}

function wireListed({ id, listing: facts, asOf }: Listed): z.output<typeof listedSchema> {
  const { amount, openedAt, ...rest } = listing.parse(facts);
  return {
    id,
    href: hrefOf(id),
    ...rest,
    amount: amountOf(BigInt(amount), rest.currency),
    openedAt: new Date(openedAt).toISOString(),
    asOf,
  };
}

function hrefOf(id: string): string {
  return `/ops/v1/breaks/${encodeURIComponent(id)}`;
}

function amountOf(minor: bigint, currency: string | null): string {
  return currency === null ? minor.toString() : wireAmount(minor, currency);
}

function getBreak(parts: OpsParts) {
  return endpoint({
    method: 'get',
    path: '/ops/v1/breaks/:breakId',
    tag: 'breaks',
    summary: 'One break, exact: evidence, comments, history',
    access: 'operator',
    params: breakParams,
    replies: { 200: { description: 'The break', schema: breakSchema } },
    handle: async ({ params }) => ({ status: 200, body: wireBreak(params.breakId, await found(parts, params.breakId)) }),
  });
}

/** Nobody writes to a break that was never opened: it would begin to exist by that. */
async function found(parts: OpsParts, id: string): Promise<View<Break>> {
  const known = breakReason.safeParse(id.slice(0, Math.max(0, id.indexOf(':')))).success;
  const view = known ? await parts.break(id) : null;
  if (view === null || view.state.status === 'none') throw problem(404, 'break_not_found', detailOf('break_not_found'));
  return view;
}

function wireBreak(id: string, { state, asOf }: View<Break>): z.output<typeof breakSchema> {
  const { currency, resolution, reference, evidence, assignee, subject } = state;
  const amount = (minor: bigint): string => amountOf(minor, currency);
  const time = (ms: number): string => new Date(ms).toISOString();
  return {
    id,
    href: hrefOf(id),
    reason: breakReason.parse(state.reason),
    subject,
    status: status.parse(state.status),
    severity: state.severity,
    amount: amount(state.amount),
    currency,
    openedAt: time(state.openedAt),
    assignee,
    held: amount(state.held),
    due: amount(state.due),
    resolvedAt: state.resolvedAt === null ? null : time(state.resolvedAt),
    reference,
    resolution,
    evidence,
    comments: state.comments.map((one) => ({ ...one, at: time(one.at) })),
    history: state.history.map((one) => ({ ...one, at: time(one.at) })),
    asOf,
  };
}

const replies = { 200: { description: 'What was decided', schema: decidedSchema } };

function assign(parts: OpsParts) {
  return endpoint({
    method: 'post',
    path: '/ops/v1/breaks/:breakId/assign',
    tag: 'breaks',
    summary: 'Say who looks at it',
    access: 'operator',
    keyed: true,
    params: breakParams,
    body: assignBody,
    replies,
    handle: ({ caller, params, body, key, trace }) =>
      decideOn(parts, { caller, key, trace }, { id: params.breakId, type: 'AssignBreak', body: { ...body, by: caller.subject } }),
  });
}

function comment(parts: OpsParts) {
  return endpoint({
    method: 'post',
    path: '/ops/v1/breaks/:breakId/comments',
    tag: 'breaks',
    summary: 'Say something about it',
    access: 'operator',
    keyed: true,
    params: breakParams,
    body: commentBody,
    replies,
    handle: ({ caller, params, body, key, trace }) =>
      decideOn(parts, { caller, key, trace }, { id: params.breakId, type: 'CommentBreak', body: { ...body, by: caller.subject } }),
  });
}

function resolve(parts: OpsParts) {
  return endpoint({
    method: 'post',
    path: '/ops/v1/breaks/:breakId/resolve',
    tag: 'breaks',
    summary: 'Give its money to a wallet, mark it for return, or close it',
    access: 'operator',
    keyed: true,
    params: breakParams,
    body: resolveBody,
    replies,
    handle: async ({ caller, params, body, key, trace }) => {
      const { resolution, reason, wallet = null, reference = null } = body;
      if (wallet !== null) await expectWallet(parts, wallet);
      const command = { resolution, reason, wallet, reference, by: caller.subject };
      return decideOn(parts, { caller, key, trace }, { id: params.breakId, type: 'ResolveBreak', body: command });
    },
  });
}

/** Money sent to a number that nobody was given would only come back as the same break. */
async function expectWallet(parts: OpsParts, wallet: string): Promise<void> {
  const view = await parts.wallet(wallet);
  if (view === null || view.state.status === 'unopened') throw problem(422, 'wallet_not_found', detailOf('wallet_not_found'));
}

type OperatorMessage = 'AssignBreak' | 'CommentBreak' | 'ResolveBreak';

async function decideOn<K extends OperatorMessage>(
  parts: OpsParts,
  given: Given,
  { id, type, body }: { readonly id: string; readonly type: K; readonly body: z.output<(typeof breakMessages)[K]> },
) {
  await found(parts, id);
  const { answer, asOf } = await order(parts, given, { schemas: breakMessages, to: `break:${id}`, type, body, answer: decided });
  return { status: 200, body: wireDecided(answer, asOf) };
}

function wireDecided(answer: z.output<typeof decided>, asOf: EntryId): z.output<typeof decidedSchema> {
  return { ...answer, id: answer.id.replace(/^break:/, ''), held: amountOf(BigInt(answer.held), answer.currency), asOf };
}
