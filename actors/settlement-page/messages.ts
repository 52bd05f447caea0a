/** What may be said to a page of at most 500 settlement rows. Id: `<provider>:<document id>:<page>`. */
import { z } from 'zod';
import { actorId, currencyCode, signedMinor } from '../money.ts';
import { settlementRow, settlementTerms } from '../payment/messages.ts';

export const settlementPageMessages = {
  /** From `settlement`. */
  StorePage: z.object({
    settlement: actorId,
    provider: z.string(),
    document: z.string(),
    page: z.number().int(),
    currency: currencyCode,
    rows: z.array(settlementRow).max(500),
    terms: settlementTerms,
  }),
  /** From `settlement` when the money is there; carries the page's signed gross, which its rows carry on. */
  ReleasePage: z.object({ amount: signedMinor, currency: currencyCode }),
  /** From `payment`, or from `reference` or `break` on its behalf. */
  RowAnswered: z.object({ index: z.number().int(), outcome: z.enum(['credited', 'broken']) }),
};
