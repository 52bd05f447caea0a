/**
 * What the meeting place of documents and bank credits remembers: only what has not met yet.
 *
 * C1  Documents stand in the order of their dates, then of their arrival; what a document leaves over (carry) stands at its place.
 * C2  A carry lowers the next document in that order that waits, and no other: `expected` is net less the carries before it.
 * C3  The money of every credit listed here, and of nothing else, is in this actor's suspense.
 */
import { z } from 'zod';
import { actorId, isoDate, minor, signedMinor } from '../money.ts';

/** Place in the order (C1). */
const place = { date: isoDate, arrival: z.number().int() };
/** `due`: when its window is over, ms since 1970; `overdue`: that moment was seen. */
const window = { windowDays: z.number().int(), due: z.number(), overdue: z.boolean() };

const waitingDocument = z.object({ settlement: actorId, document: z.string(), net: signedMinor, ...place, ...window });
export type WaitingDocument = z.output<typeof waitingDocument>;

/** A credit's `date` is its post date. */
const waitingCredit = z.object({ source: z.string(), amount: minor, party: z.string().nullable(), ...place, ...window });
export type WaitingCredit = z.output<typeof waitingCredit>;

const carry = z.object({ amount: minor, ...place });
export type Carry = z.output<typeof carry>;

const openBreak = z.object({
  reason: z.enum(['settlement_overdue', 'payout_without_settlement', 'payout_amount_mismatch', 'ambiguous_match']),
  subject: z.string(),
});
export type OpenBreak = z.output<typeof openBreak>;

export const clearingState = z.object({
  provider: z.string(),
  account: z.string(),
  currency: z.string(),
  documents: z.array(waitingDocument).readonly(),
  credits: z.array(waitingCredit).readonly(),
  carries: z.array(carry).readonly(),
  /** Informational breaks that are open: each is closed by the change that ends its cause. */
  breaks: z.array(openBreak).readonly(),
  /** Names of the last documents and credits that left, so that a repeated one is known. */
  left: z.array(z.string()).readonly(),
  /** Items ever taken in: the order of arrival. */
  arrivals: z.number().int(),
});
export type Clearing = z.output<typeof clearingState>;

export const LEFT_MAX = 100; // names: more than any provider repeats; who sends them knows for ever what it sent

export type ClearingEvent =
  | { readonly type: 'DocumentWaits'; readonly document: Omit<WaitingDocument, 'arrival' | 'overdue'> }
  | { readonly type: 'CreditWaits'; readonly credit: Omit<WaitingCredit, 'arrival' | 'overdue'> }
  | { readonly type: 'TimePassed'; readonly at: number }
  | { readonly type: 'DocumentLeft'; readonly document: string; readonly consumed: readonly Carry[] }
  | { readonly type: 'CreditLeft'; readonly source: string }
  | { readonly type: 'NetCarried'; readonly carry: Carry }
  | { readonly type: 'BreaksChanged'; readonly breaks: readonly OpenBreak[] };

export function initial(id: string): Clearing {
  const [provider = '', account = '', currency = ''] = id.split(':');
  return { provider, account, currency, documents: [], credits: [], carries: [], breaks: [], left: [], arrivals: 0 };
}

export function evolve(state: Clearing, event: ClearingEvent): Clearing {
  switch (event.type) {
    case 'DocumentWaits': {
      const document = { ...event.document, arrival: state.arrivals + 1, overdue: false };
      return { ...state, arrivals: document.arrival, documents: [...state.documents, document].sort(byPlace) };
    }
    case 'CreditWaits': {
      const credit = { ...event.credit, arrival: state.arrivals + 1, overdue: false };
      return { ...state, arrivals: credit.arrival, credits: [...state.credits, credit].sort(byPlace) };
    }
    case 'TimePassed':
      return { ...state, documents: aged(state.documents, event.at), credits: aged(state.credits, event.at) };
    case 'DocumentLeft':
      return {
        ...state,
        documents: state.documents.filter((one) => one.document !== event.document),
        carries: state.carries.filter((one) => !event.consumed.includes(one)),
        left: withLeft(state, documentName(event.document)),
      };
    case 'CreditLeft':
      return {
        ...state,
        credits: state.credits.filter((one) => one.source !== event.source),
        left: withLeft(state, creditName(event.source)),
      };
    case 'NetCarried':
      return { ...state, carries: [...state.carries, event.carry].sort(byPlace) };
    case 'BreaksChanged':
      return { ...state, breaks: event.breaks };
  }
}

/** A document or credit that waits, or left not long ago. */
export function isKnown(state: Clearing, item: { readonly document: string } | { readonly source: string }): boolean {
  if ('source' in item) return state.left.includes(creditName(item.source)) || state.credits.some((one) => one.source === item.source);
  return state.left.includes(documentName(item.document)) || state.documents.some((one) => one.document === item.document);
}

/** The order of C1. */
export function byPlace(a: Pick<Carry, 'date' | 'arrival'>, b: Pick<Carry, 'date' | 'arrival'>): number {
  if (a.date !== b.date) return a.date < b.date ? -1 : 1;
  return a.arrival - b.arrival;
}

function aged<T extends { readonly due: number; readonly overdue: boolean }>(items: readonly T[], at: number): readonly T[] {
  if (!items.some((one) => !one.overdue && one.due <= at)) return items;
  return items.map((one) => (one.due <= at ? { ...one, overdue: true } : one));
}

function documentName(document: string): string {
  return `document ${document}`;
}

function creditName(source: string): string {
  return `credit ${source}`;
}

function withLeft(state: Clearing, name: string): string[] {
  return [...state.left, name].slice(-LEFT_MAX);
}
