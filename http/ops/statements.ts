/** The bank's statement as we know it: its proven days, and a way to have it read now. */
import { z } from 'zod';
import { bankAccountMessages } from '../../actors/bank-account/messages.ts';
import type { BankAccount, Day } from '../../actors/bank-account/state.ts';
import { isoDate } from '../../actors/money.ts';
import { endpoint } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { wireAmount } from '../money.ts';
import { pageQuery, slice } from '../paging.ts';
import { problem } from '../problem.ts';
import type { View } from '../reading.ts';
import { order } from './command.ts';
import type { OpsParts } from './parts.ts';

const dayText = isoDate.refine((date) => !Number.isNaN(Date.parse(`${date}T00:00:00Z`)), 'is not a day of the calendar');

const dayFacts = {
  date: z.string(),
  opening: z.string().describe('Balance before its first proven line.'),
  closing: z.string().describe('Balance after its last proven line.'),
  lines: z.number(),
};

const statementsSchema = z.object({
  account: z.string(),
  currency: z.string(),
  today: z.string().nullable().describe('Today at the bank, when it last answered.'),
  reading: z.boolean().describe('A pull is under way.'),
  lastPageAt: z.string().nullable(),
  nextPullAt: z.string().nullable(),
  lastError: z.string().nullable(),
  flaw: z
    .object({ reason: z.string(), date: z.string(), expected: z.string(), found: z.string() })
    .nullable()
    .describe('Why lines behind it are not applied; heals when the missing lines come.'),
  asOf: z.string(),
  items: z.array(z.object(dayFacts)),
  next: z.string().nullable(),
});

const statementSchema = z.object({
  account: z.string(),
  currency: z.string(),
  ...dayFacts,
  status: z.enum(['open', 'closed']),
  pages: z.number(),
  asOf: z.string(),
});

const pullBody = z.strictObject({ date: dayText.optional().describe('That day again from its start.') });
const pulled = z.object({ account: z.string(), pull: z.enum(['started', 'remembered']) });

export function statementEndpoints(parts: OpsParts): Endpoint[] {
  return [listStatements(parts), pullStatement(parts), getStatement(parts)];
}

function listStatements(parts: OpsParts) {
  return endpoint({
    method: 'get',
    path: '/ops/v1/statements',
    tag: 'statements',
    summary: 'The proven days of the omnibus account, newest first (the last 40)',
    access: 'operator',
    query: pageQuery,
    replies: { 200: { description: 'A page of days, and how the reading stands', schema: statementsSchema } },
    handle: async ({ query }) => {
      const view = await parts.bankAccount(parts.account);
      if (view === null || view.state.config === null) throw notOpen();
      const days = slice([...view.state.days].reverse(), query, ({ date }) => [date, '']);
      const currency = currencyOf(parts, view.state);
      return { status: 200, body: { ...reading(parts, view), items: days.items.map((day) => wireDay(day, currency)), next: days.next } };
    },
  });
}

function notOpen(): Error {
  return problem(409, 'bank_account_not_open', 'The omnibus account has not been opened yet.');
}

function currencyOf({ currency }: OpsParts, state: BankAccount): string {
  return state.config?.currency ?? currency;
}

function reading(parts: OpsParts, { state, asOf }: View<BankAccount>) {
  const currency = currencyOf(parts, state);
  const { account, today, pass, lastPageAt, nextPullAt, lastError, flaw } = state;
  return {
    account,
    currency,
    today,
    reading: (pass?.effect ?? null) !== null,
    lastPageAt: timeOf(lastPageAt),
    nextPullAt: timeOf(nextPullAt),
    lastError,
    flaw: flaw === null ? null : { ...flaw, expected: wireAmount(flaw.expected, currency), found: wireAmount(flaw.found, currency) },
    asOf,
  };
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function wireDay({ date, opening, closing, lines }: Pick<Day, 'date' | 'opening' | 'closing' | 'lines'>, currency: string) {
  return { date, opening: wireAmount(opening, currency), closing: wireAmount(closing, currency), lines };
}

function pullStatement(parts: OpsParts) {
  return endpoint({
    method: 'post',
    path: '/ops/v1/statements/pull',
    tag: 'statements',
    summary: 'Read the statement now',
    access: 'operator',
    keyed: true,
    body: pullBody,
    replies: { 202: { description: '`started`, or `remembered` while another pull is under way', schema: pulled } },
    handle: async ({ caller, body, key, trace }) => {
      const { answer } = await order(
        parts,
        { caller, key, trace },
        {
          schemas: bankAccountMessages,
          to: `bank-account:${parts.account}`,
          type: 'PullStatement',
          body: { why: `operator:${caller.subject}`, date: body.date ?? null },
          answer: pulled,
        },
      );
      return { status: 202, body: answer };
    },
  });
}

function getStatement(parts: OpsParts) {
  return endpoint({
    method: 'get',
    path: '/ops/v1/statements/:date',
    tag: 'statements',
    summary: 'One day of the statement, however old',
    access: 'operator',
    params: z.object({ date: dayText }),
    replies: { 200: { description: 'The day', schema: statementSchema } },
    handle: async ({ params }) => {
      const view = await parts.statementDay(`${parts.account}:${params.date}`);
      if (view?.state.known === undefined || view.state.known === null)
        throw problem(404, 'statement_not_found', 'No statement of this day is known.');
      const { known, status, pages } = view.state;
      const { account, currency } = parts;
      const body = { account, currency, ...wireDay({ ...known, date: params.date }, currency), status, pages, asOf: view.asOf };
      return { status: 200, body };
    },
  });
}
