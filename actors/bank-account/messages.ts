/** What may be said to the omnibus account at the bank. Id: its account number. */
import { z } from 'zod';
import { effectExhausted, timerDue } from '../../engine/actor.ts';
import { currencyCode, isoDate, signedMinor } from '../money.ts';
import { attribution, statementLine } from '../statement-line.ts';

export const bankAccountMessages = {
  /** Omnibus role at start; repeated with other settings it changes them. */
  OpenBankAccount: z.object({
    currency: currencyCode,
    /** First day that is pulled. */
    from: isoDate,
    pullEveryMs: z.number().int().min(100),
    /** Lines asked for per page. */
    pageSize: z.number().int().min(1).max(1000),
    /** Buckets of `statement-lines` per day, fixed when the account is opened first: a line is for ever in the bucket of its key. */
    buckets: z.number().int().min(1).max(256),
    /** Days before today that are read again. */
    lookbackDays: z.number().int().min(0).max(30),
    attribution,
  }),
  /** A bank webhook, an operator or the schedule. `date`: that day again from its start. */
  PullStatement: z.object({ why: z.string(), date: isoDate.nullable() }),
  /** Result of `anb.fetch_statement`. */
  StatementPageFetched: z.object({
    effect: z.string(),
    /** Today at the bank when the page was read. */
    today: isoDate,
    opening: signedMinor,
    /** Balance after the last line of this page. */
    closing: signedMinor,
    /** The cursor of the next page, opaque; null when this was the last (also when there were no lines). */
    next: z.string().nullable(),
    lines: z.array(statementLine),
  }),
  TimerDue: timerDue,
  EffectExhausted: effectExhausted,
};

/** Body of the effect `anb.fetch_statement`. */
export interface FetchStatement {
  readonly account: string;
  readonly from: string;
  /** null: until today, as the bank sees it. */
  readonly to: string | null;
  readonly offset: string | null;
  readonly pageSize: number;
}
