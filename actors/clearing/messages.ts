/** What may be said to the meeting place of settlement documents and bank credits. Id: `<provider>:<account>:<currency>`. */
import { z } from 'zod';
import { timerDue } from '../../engine/actor.ts';
import { actorId, currencyCode, isoDate, minor, signedMinor } from '../money.ts';

export const clearingMessages = {
  /** From `settlement`: complete, sums right. `net`: amount less transfer fee, before what was carried in; may be negative. */
  DocumentReady: z.object({
    settlement: actorId,
    document: z.string(),
    net: signedMinor,
    currency: currencyCode,
    /** The document's date. */
    date: isoDate,
    windowDays: z.number().int(),
  }),
  /** From `statement-lines`: a credit that looks like the provider's; carries it. `source`: `<account>/<line key>`. */
  CreditSeen: z.object({
    source: z.string(),
    amount: minor,
    currency: currencyCode,
    postDate: isoDate,
    party: z.string().nullable(),
    windowDays: z.number().int(),
  }),
  TimerDue: timerDue,
};
