/**
 * The rules of a settlement document: fetched until it adds up, then paid by its bank credit or carried, then its rows are released.
 *
 * S1  Nothing of it is believed before every page is stored and the rows sum to the document, in number, net and currency.
 * S2  What is announced, fetched or stored twice changes nothing; an answer counts only for the call that is under way.
 * S3  Rows are released once, with the money: net + costs + carried in = signed gross of the rows.
 */
import { accept, defineKind, send } from '../../engine/actor.ts';
import type { Accepted, Entry, MessagesOf, Row, Send } from '../../engine/actor.ts';
import type { ActorId } from '../../engine/message.ts';
import { breakActor, breakMessages } from '../break/messages.ts';
import { clearingMessages } from '../clearing/messages.ts';
import { carrying, post } from '../postings.ts';
import { settlementPageMessages } from '../settlement-page/messages.ts';
import { settlementMessages } from './messages.ts';
import { evolve, initial, settlementState } from './state.ts';
import type { DocumentFacts, Reported, Settlement } from './state.ts';

type Said = Entry<MessagesOf<typeof settlementMessages>>;
type On<K extends Said['type']> = Extract<Said, { type: K }>;
type Outcome = Accepted<Settlement>;

/** Pages of one document: a line each in the state, and all released in one commit. */
export const PAGES_MAX = 1_000;
/** Times a document is read again before it waits for a new announcement: about three days. */
export const RETRIES_MAX = 20;
export const RETRY_FIRST_MS = 60_000;
export const RETRY_LONGEST_MS = 6 * 60 * 60_000;

function decide(state: Settlement, entry: Said): Outcome {
  switch (entry.type) {
    case 'AnnounceDocument':
      return announce(state, entry);
    case 'DocumentFetched':
      return readDocument(state, entry);
    case 'DocumentPageFetched':
      return readPage(state, entry);
    case 'PageStored':
      return keepPage(state, entry);
    case 'DocumentFunded':
      return fund(state, entry);
    case 'DocumentCarried':
      return carry(state, entry);
    case 'PageDone':
      return endPage(state, entry);
    case 'TimerDue':
      return retry(state, entry);
    case 'EffectExhausted':
      return planAnother(state, entry);
  }
}

/** A hint to fetch; only the first counts, or one after we gave up. */
function announce(state: Settlement, { body }: On<'AnnounceDocument'>): Outcome {
  const givenUp = state.retry !== null && state.retry.at === null;
  if (state.status !== 'unknown' && !givenUp) return accept(state, { answer: { status: state.status } });
  const account = state.status === 'unknown' ? body.account : state.account;
  const announced = evolve(state, { type: 'DocumentAnnounced', account });
  return accept(evolve(announced, { type: 'CallBegun', page: null }), { answer: { status: 'announced' } });
}

function readDocument(state: Settlement, { body, at }: On<'DocumentFetched'>): Outcome {
  if (state.call?.id !== body.effect) return accept(state);
  if (body.document === null) return reportUnknown(state, at);
  const read = evolve(state, { type: 'DocumentRead', facts: body.document, terms: body.terms });
  return accept(evolve(read, { type: 'CallBegun', page: 1 }));
}

/** Announced, but the provider does not know it: of the other mode (test, live), or not ready yet. One break, however often we ask. */
function reportUnknown(state: Settlement, at: number): Outcome {
  const evidence = { provider: state.provider, document: state.document, status: 'announced, but the provider does not know it' };
  const reported = report(state, 'status_conflict', { amount: 0n, currency: null, evidence });
  return accept(planRetry(reported.state, null, at), { sends: reported.sends });
}

function readPage(state: Settlement, { body }: On<'DocumentPageFetched'>): Outcome {
  const { facts, terms } = state;
  if (state.call?.id !== body.effect || facts === null || terms === null) return accept(state);
  const read = evolve(state, { type: 'PageRead', page: body.page });
  const stored = send(settlementPageMessages, pageActor(state, body.page), {
    type: 'StorePage',
    body: {
      settlement: settlementActor(state),
      provider: state.provider,
      document: state.document,
      page: body.page,
      currency: facts.currency,
      rows: body.rows,
      terms,
    },
  });
  // A provider whose pages go round in circles ends here; the sums then say what is missing.
  const more = body.next !== null && read.pages.length < PAGES_MAX && !read.pages.some((line) => line.page === body.next);
  return accept(more ? evolve(read, { type: 'CallBegun', page: body.next }) : read, { sends: [stored] });
}

function keepPage(state: Settlement, { body, at }: On<'PageStored'>): Outcome {
  if (state.status !== 'fetching') return accept(state);
  const kept = evolve(state, { type: 'PageKept', line: body });
  const complete = kept.call === null && kept.retry === null && kept.pages.every((line) => line.stored);
  return complete && kept.facts !== null ? compare(kept, kept.facts, at) : accept(kept);
}

/** S1: everything is here; does it add up? */
function compare(state: Settlement, facts: DocumentFacts, at: number): Outcome {
  const sums = sumsOf(state);
  const agrees = sums.net === facts.amount && sums.count === facts.count;
  if (agrees && sums.foreign === 0) return expectCredit(state, facts);
  const evidence = {
    provider: state.provider,
    document: state.document,
    documentAmount: facts.amount.toString(),
    rowsAmount: sums.net.toString(),
    documentCount: facts.count.toString(),
    rowsCount: sums.count.toString(),
    foreignRows: sums.foreign.toString(),
  };
  const details = { amount: distance(sums.net, facts.amount), currency: facts.currency, evidence };
  const reported = report(state, sums.foreign > 0 ? 'currency_mismatch' : 'settlement_total_mismatch', details);
  const mismatched = evolve(reported.state, { type: 'DocumentCompared', status: 'mismatched' });
  return accept(planRetry(mismatched, null, at), { sends: reported.sends });
}

function expectCredit(state: Settlement, facts: DocumentFacts): Outcome {
  const ready = send(clearingMessages, `clearing:${state.provider}:${state.account}:${facts.currency}`, {
    type: 'DocumentReady',
    body: {
      settlement: settlementActor(state),
      document: state.document,
      net: facts.amount - facts.fee,
      currency: facts.currency,
      date: facts.date,
      windowDays: state.terms?.windowDays ?? 0,
    },
  });
  const closed = state.reported.includes('settlement_total_mismatch') ? [closeMismatch(state)] : [];
  return accept(evolve(state, { type: 'DocumentCompared', status: 'expected' }), { sends: [ready, ...closed] });
}

/** The bank credit came. Its money leaves for the pages, whose rows carry the signed gross on to their payments (S3). */
function fund(state: Settlement, { body }: On<'DocumentFunded'>): Outcome {
  const { facts, gross, net } = expected(state);
  if (body.amount + body.carried !== net) throw new Error(`${body.source} pays ${body.amount} and ${body.carried} carried of ${net}`);
  const rows = post(facts.currency, {
    debit: [
      { account: 'in-transit', amount: body.amount },
      { account: 'platform-due', amount: gross - net },
      { account: `psp-receivable:${state.provider}`, amount: body.carried },
    ],
    credit: [{ account: 'in-transit', amount: gross }],
  });
  const joined = evolve(state, { type: 'RowsReleased', status: 'funded', source: body.source, carried: body.carried });
  return release(joined, facts, { rows, note: { kind: 'settlement_funded', document: state.document, source: body.source } });
}

/** Nothing will be paid for this one: what the provider is owed stays in its receivable until a later document pays less. */
function carry(state: Settlement, { body }: On<'DocumentCarried'>): Outcome {
  // A clearing that was restored from before it said so says it again, under another id: it carries no money of its own.
  if (state.status === 'carried' && state.carried === body.carried) return accept(state);
  const { facts, gross, net } = expected(state);
  const rows = post(facts.currency, {
    debit: [
      { account: 'platform-due', amount: gross - net },
      { account: 'in-transit', amount: -gross },
    ],
    credit: [{ account: `psp-receivable:${state.provider}`, amount: -net }],
  });
  const carried = evolve(state, { type: 'RowsReleased', status: 'carried', source: null, carried: body.carried });
  return release(carried, facts, { rows, note: { kind: 'settlement_carried', document: state.document } });
}

function release(state: Settlement, facts: DocumentFacts, posting: { rows: readonly Row[]; note: unknown }): Outcome {
  const sends = state.pages.map(({ page, gross }) =>
    send(settlementPageMessages, pageActor(state, page), {
      type: 'ReleasePage',
      body: { amount: gross, currency: facts.currency },
      id: `${state.document}/${page}/release`,
    }),
  );
  return accept(state, { ...posting, sends });
}

function endPage(state: Settlement, { body }: On<'PageDone'>): Outcome {
  const ended = evolve(state, { type: 'PageAnswered', page: body.page });
  const settled = ended.status === 'funded' && ended.pages.every((line) => line.done);
  return accept(settled ? evolve(ended, { type: 'DocumentSettled' }) : ended);
}

function retry(state: Settlement, { at }: On<'TimerDue'>): Outcome {
  const due = state.retry?.at ?? null;
  if (state.retry === null || due === null || at < due) return accept(state);
  return accept(evolve(state, { type: 'CallBegun', page: state.retry.page }));
}

function planAnother(state: Settlement, { body, at }: On<'EffectExhausted'>): Outcome {
  if (state.call?.id !== body.effect) return accept(state);
  const evidence = { provider: state.provider, document: state.document, call: body.type, code: body.code, message: body.message };
  const reported = report(state, 'effect_exhausted', { amount: 0n, currency: null, evidence });
  return accept(planRetry(reported.state, state.call.page, at), { sends: reported.sends });
}

/** Opens a break, once per reason. */
function report(
  state: Settlement,
  reason: Reported,
  details: { amount: bigint; currency: string | null; evidence: Record<string, string> },
): { state: Settlement; sends: Send[] } {
  if (state.reported.includes(reason)) return { state, sends: [] };
  const opened = send(breakMessages, breakActor(reason, state.document), {
    type: 'OpenBreak',
    body: { reason, subject: state.document, severity: 'medium', money: 'none', ...details },
  });
  return { state: evolve(state, { type: 'BreakReported', reason }), sends: [opened] };
}

function closeMismatch(state: Settlement): Send {
  return send(breakMessages, breakActor('settlement_total_mismatch', state.document), {
    type: 'CloseBreak',
    body: { because: 'the document adds up now' },
  });
}

function planRetry(state: Settlement, page: number | null, at: number): Settlement {
  const wait = Math.min(RETRY_FIRST_MS * 2 ** state.tries, RETRY_LONGEST_MS);
  return evolve(state, { type: 'RetryPlanned', page, at: state.tries < RETRIES_MAX ? at + wait : null });
}

/** Only `clearing` speaks here, once, about a document that was handed to it; anything else is a bug, and money must not get lost in it. */
function expected(state: Settlement): { facts: DocumentFacts; gross: bigint; net: bigint } {
  const { status, facts } = state;
  if (status !== 'expected' || facts === null) throw new Error(`${state.document} is ${status} and expects no credit`);
  return { facts, gross: sumsOf(state).gross, net: facts.amount - facts.fee };
}

function sumsOf(state: Settlement): { gross: bigint; net: bigint; count: number; foreign: number } {
  const sums = { gross: 0n, net: 0n, count: 0, foreign: 0 };
  for (const line of state.pages) {
    sums.gross += line.gross;
    sums.net += line.net;
    sums.count += line.count;
    sums.foreign += line.foreign;
  }
  return sums;
}

function distance(a: bigint, b: bigint): bigint {
  return a < b ? b - a : a - b;
}

function settlementActor(state: Settlement): ActorId {
  return `settlement:${state.provider}:${state.document}`;
}

function pageActor(state: Settlement, page: number): ActorId {
  return `settlement-page:${state.provider}:${state.document}:${page}`;
}

export const settlement = defineKind({
  name: 'settlement',
  role: 'omnibus',
  rules: 1,
  messages: settlementMessages,
  state: settlementState,
  initial,
  decide,
  timers: ({ retry }) => {
    const at = retry?.at ?? null;
    return at === null ? [] : [{ key: 'fetch', at }];
  },
  openEffects: ({ provider, document, call }) => {
    if (call === null) return [];
    if (call.page === null) return [{ id: call.id, type: `${provider}.fetch_settlement`, body: { document } }];
    return [{ id: call.id, type: `${provider}.fetch_settlement_page`, body: { document, page: call.page } }];
  },
  carries: (message) => (message.type === 'DocumentFunded' ? carrying(message.body.currency, message.body.amount) : null),
  listing: ({ provider, document, status, facts, source }) => {
    if (status === 'unknown') return null;
    const net = facts === null ? null : (facts.amount - facts.fee).toString();
    return {
      provider,
      document,
      status,
      net,
      currency: facts?.currency ?? null,
      date: facts?.date ?? null,
      rows: facts?.count ?? null,
      source,
    };
  },
});
