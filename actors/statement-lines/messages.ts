/** What may be said to a bucket of a day's lines. Id: `<account>:<date>:<bucket>`. */
import { z } from 'zod';
import { currencyCode } from '../money.ts';
import { attribution, statementLine } from '../statement-line.ts';

export const statementLinesMessages = {
  /** From `bank-account`, or `statement-day` when they were read again: lines of this bucket, known ones among them. */
  PostLines: z.object({ account: z.string(), date: z.string(), currency: currencyCode, lines: z.array(statementLine), attribution }),
};
