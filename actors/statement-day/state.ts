/**
 * One day of an account's statement: which pages of it were seen, and its balances. Its lines are kept by `statement-lines`.
 *
 * D1  A page that was wholly seen before is no work.
 * D2  The number of buckets is fixed by the first page: a line is for ever in the bucket of its key.
 */
import { z } from 'zod';
import { isoDate, signedMinor } from '../money.ts';

/** Pages remembered; an older one is sent to the buckets again, which know its lines. */
export const SPANS_KEPT = 200;

const span = z.object({ first: z.string(), last: z.string(), closing: signedMinor, hash: z.string() });
export type Span = z.output<typeof span>;

/** A stretch of the day in list order. `last`: the key of its last line. */
const stretch = z.object({ opening: signedMinor, closing: signedMinor, lines: z.number().int(), first: z.string(), last: z.string() });
export type Stretch = z.output<typeof stretch>;

export const statementDayState = z.object({
  account: z.string(),
  date: isoDate,
  /** The end-of-day statement closes a day. */
  status: z.enum(['open', 'closed']),
  /** 0: no page came yet. */
  buckets: z.number().int(),
  /** The day as far as it is known, or null. */
  known: stretch.nullable(),
  /** The day as far as it was read again from its start, or null. */
  reread: stretch.nullable(),
  /** Newest last. */
  spans: z.array(span),
  /** Pages ever seen for the first time. */
  pages: z.number().int(),
});
export type StatementDay = z.output<typeof statementDayState>;

export function initialStatementDay(id: string): StatementDay {
  const [account = '', date = ''] = id.split(':');
  return { account, date, status: 'open', buckets: 0, known: null, reread: null, spans: [], pages: 0 };
}
