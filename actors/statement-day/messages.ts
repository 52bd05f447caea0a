/** What may be said to one day of an account's statement. Id: `<account>:<date>`. */
import { z } from 'zod';
import { currencyCode, signedMinor } from '../money.ts';
import { attribution, statementLine } from '../statement-line.ts';

export const statementDayMessages = {
  /** From `bank-account`: consecutive lines of this day, proven from `opening` to `closing`, that went to their buckets; by their keys. `hash`: `hashOfLines`. */
  CoverLines: z.object({
    buckets: z.number().int(),
    opening: signedMinor,
    closing: signedMinor,
    keys: z.array(z.string()),
    hash: z.string(),
  }),
  /** From `bank-account`: consecutive lines that were read again, proven likewise; what of them is not known as a page goes to the buckets. */
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
