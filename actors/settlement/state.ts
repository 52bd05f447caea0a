/** What a provider's settlement document remembers: its facts, one line per page, and what it waits for. */
import { z } from 'zod';
import { currencyCode, isoDate, minor, signedMinor } from '../money.ts';
import { settlementTerms } from '../payment/messages.ts';
import type { SettlementTerms } from '../payment/messages.ts';

/**
 * `announced`: its facts are asked for. `fetching`: its pages are. `mismatched`: complete, but it does not add up; read again later.
 * `expected`: waits for its bank credit. `funded`: paid, rows under way. `settled`: paid, every row answered.
 * `carried`: nothing will be paid for it; its net is carried into the next document.
 */
export const settlementStatus = z.enum(['unknown', 'announced', 'fetching', 'mismatched', 'expected', 'funded', 'settled', 'carried']);

const documentFacts = z.object({
  /** Sum of the rows' nets; the bank transfer fee is still in it. */
  amount: signedMinor,
  /** Bank transfer fee, VAT included. */
  fee: minor,
  tax: minor,
  currency: currencyCode,
  /** Rows, as the document says. */
  count: z.number().int(),
  date: isoDate,
});
export type DocumentFacts = z.output<typeof documentFacts>;

/** `stored`: its `settlement-page` has it and said its sums. `done`: every row was answered. */
const pageLine = z.object({
  page: z.number().int(),
  stored: z.boolean(),
  count: z.number().int(),
  gross: signedMinor,
  net: signedMinor,
  /** Rows of another currency. */
  foreign: z.number().int(),
  done: z.boolean(),
});
export type PageLine = z.output<typeof pageLine>;

export const settlementState = z.object({
  provider: z.string(),
  document: z.string(),
  /** The omnibus account its money goes to. */
  account: z.string(),
  status: settlementStatus,
  facts: documentFacts.nullable(),
  terms: settlementTerms.nullable(),
  pages: z.array(pageLine).readonly(),
  /** Provider calls ever begun: names them. */
  calls: z.number().int(),
  /** The call under way; `page` null asks for the document itself. */
  call: z.object({ id: z.string(), page: z.number().int().nullable() }).nullable(),
  /** What is asked again, and when; `at` null: given up until it is announced again. */
  retry: z.object({ page: z.number().int().nullable(), at: z.number().nullable() }).nullable(),
  tries: z.number().int(),
  /** Reasons of the breaks it opened, so that none is opened twice. */
  reported: z.array(z.enum(['settlement_total_mismatch', 'currency_mismatch', 'effect_exhausted', 'status_conflict'])).readonly(),
  /** The bank line that paid it. */
  source: z.string().nullable(),
  /** What earlier documents left over and this one took along. */
  carried: signedMinor,
});
export type Settlement = z.output<typeof settlementState>;
export type Reported = Settlement['reported'][number];

export type SettlementEvent =
  | { readonly type: 'DocumentAnnounced'; readonly account: string }
  | { readonly type: 'CallBegun'; readonly page: number | null }
  | { readonly type: 'DocumentRead'; readonly facts: DocumentFacts; readonly terms: SettlementTerms }
  | { readonly type: 'PageRead'; readonly page: number }
  | { readonly type: 'PageKept'; readonly line: Pick<PageLine, 'page' | 'count' | 'gross' | 'net' | 'foreign'> }
  | { readonly type: 'RetryPlanned'; readonly page: number | null; readonly at: number | null }
  | { readonly type: 'BreakReported'; readonly reason: Reported }
  | { readonly type: 'DocumentCompared'; readonly status: 'expected' | 'mismatched' }
  | { readonly type: 'RowsReleased'; readonly status: 'funded' | 'carried'; readonly source: string | null; readonly carried: bigint }
  | { readonly type: 'PageAnswered'; readonly page: number }
  | { readonly type: 'DocumentSettled' };

export function initial(id: string): Settlement {
  const colon = id.indexOf(':');
  return {
    provider: id.slice(0, colon),
    document: id.slice(colon + 1),
    account: '',
    status: 'unknown',
    facts: null,
    terms: null,
    pages: [],
    calls: 0,
    call: null,
    retry: null,
    tries: 0,
    reported: [],
    source: null,
    carried: 0n,
  };
}

export function evolve(state: Settlement, event: SettlementEvent): Settlement {
  switch (event.type) {
    case 'DocumentAnnounced':
      return { ...state, account: event.account, status: 'announced', tries: 0 };
    case 'CallBegun':
      return { ...state, calls: state.calls + 1, call: { id: callName(event.page, state.calls + 1), page: event.page }, retry: null };
    case 'DocumentRead':
      return { ...state, status: 'fetching', facts: event.facts, terms: event.terms, pages: [], call: null };
    case 'PageRead':
      return { ...state, pages: [...state.pages, unread(event.page)], call: null };
    case 'PageKept':
      return { ...state, pages: withPage(state, event.line.page, { ...event.line, stored: true }) };
    case 'RetryPlanned':
      return { ...state, call: null, retry: { page: event.page, at: event.at }, tries: state.tries + 1 };
    case 'BreakReported':
      return { ...state, reported: [...state.reported, event.reason] };
    case 'DocumentCompared':
      return { ...state, status: event.status };
    case 'RowsReleased':
      return { ...state, status: event.status, source: event.source, carried: event.carried };
    case 'PageAnswered':
      return { ...state, pages: withPage(state, event.page, { done: true }) };
    case 'DocumentSettled':
      return { ...state, status: 'settled' };
  }
}

function callName(page: number | null, call: number): string {
  return page === null ? `document/${call}` : `page-${page}/${call}`;
}

function unread(page: number): PageLine {
  return { page, stored: false, count: 0, gross: 0n, net: 0n, foreign: 0, done: false };
}

function withPage(state: Settlement, page: number, change: Partial<PageLine>): PageLine[] {
  return state.pages.map((line) => (line.page === page ? { ...line, ...change } : line));
}
