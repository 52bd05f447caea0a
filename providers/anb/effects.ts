/** What actors ask of the bank: one page of the statement at a time. Reading a page again is harmless. */
import { z } from 'zod';
import type { bankAccountMessages, FetchStatement } from '../../actors/bank-account/messages.ts';
import { json, malformed, read } from '../calls.ts';
import type { EffectHandler } from '../../engine/effect-call.ts';
import { lineOf, minorOf } from './canonical.ts';
import { createAnbClient } from './client.ts';
import type { AnbClientOptions } from './client.ts';
import { statementPage } from './wire.ts';
import type { WirePage } from './wire.ts';

type Result = Omit<z.input<typeof bankAccountMessages.StatementPageFetched>, 'effect'>;

const fetchStatement: z.ZodType<FetchStatement> = z.object({
  account: z.string(),
  from: z.string(),
  to: z.string().nullable(),
  offset: z.string().nullable(),
  pageSize: z.int().min(1),
});

export interface AnbEffectsOptions extends AnbClientOptions {
  /** Today at the bank, `YYYY-MM-DD`: in Riyadh. */
  today(): string;
}

/** By effect type. */
export function createAnbEffects(options: AnbEffectsOptions): Map<string, EffectHandler> {
  const client = createAnbClient(options);
  const handler: EffectHandler = {
    provider: 'anb',
    run: async ({ id, body }, signal) => {
      const wanted = fetchStatement.parse(body);
      const today = options.today();
      const page = pageOf(await client.get(pathOf(wanted, today), signal));
      return { type: 'StatementPageFetched', body: { effect: id, today, ...resultOf(page, wanted.offset) } };
    },
  };
  return new Map([['anb.fetch_statement', handler]]);
}

function pathOf({ account, from, to, offset, pageSize }: FetchStatement, today: string): string {
  const end = to ?? (from > today ? from : today);
  const query: [string, string][] = [
    ['accountNumber', account],
    ['fromDate', from],
    ['toDate', end],
    ['max', pageSize.toString()],
    ['type', 'JSON'],
    ...(offset === null ? [] : [['offset', offset] satisfies [string, string]]),
  ];
  // The cursor holds runs of spaces that must arrive as they are: %20, not +.
  return `/v2/report/account/statement?${query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`;
}

function pageOf(text: string): WirePage {
  return read('anb', statementPage, json('anb', text));
}

function resultOf(page: WirePage, asked: string | null): Omit<Result, 'today'> {
  const rows = page.statement?.transactions ?? [];
  if (Number(page.numberOfRecords) !== rows.length) {
    throw malformed('anb', `${page.numberOfRecords} records announced, ${rows.length} in the page`);
  }
  return {
    opening: minorOf(page.pageOpenBalance).toString(),
    closing: minorOf(page.closingBalance).toString(),
    next: nextOf(page, rows.length, asked),
    lines: rows.map(lineOf),
  };
}

/** No rows are the end too: an empty account never says `completed`. Rows without a way on are not the end. */
function nextOf(page: WirePage, rows: number, asked: string | null): string | null {
  if (page.completed || rows === 0) return null;
  const offset = page.offset ?? null;
  if (offset === null || offset === asked) throw malformed('anb', 'a page that is not the last one names no next page');
  return offset;
}
