/** What may be said to one day of an account's statement. Id: `<account>:<date>`. */
import { z } from 'zod';
import { currencyCode, signedMinor } from '../money.ts';
import { attribution, statementLine } from '../statement-line.ts';

export const statementDayMessages = {
  /** From `bank-account`: consecutive lines of this day whose running balance was proven from `opening` to `closing`. */
  AddLines: z.object({
    account: z.string(),
    date: z.string(),
    currency: currencyCode,
    buckets: z.number().int(),
    opening: signedMinor,
    closing: signedMinor,
    lines: z.array(statementLine),
    attribution,
  }),
};
