/** What may be said to a provider's settlement document. Id: `<provider>:<document id>`. */
import { z } from 'zod';
import { effectExhausted, timerDue } from '../../engine/actor.ts';
import { currencyCode, isoDate, minor, signedMinor } from '../money.ts';
import { settlementRow, settlementTerms } from '../payment/messages.ts';

export const settlementMessages = {
  /** A webhook, a poll or an operator: only a hint to fetch. `account`: the omnibus account its money goes to. */
  AnnounceDocument: z.object({ account: z.string(), eventId: z.string() }),
  /** Result of `moyasar.fetch_settlement`; null: the provider does not know it (404, or of the other mode). */
  DocumentFetched: z.object({
    effect: z.string(),
    document: z
      .object({ amount: signedMinor, fee: minor, tax: minor, currency: currencyCode, count: z.number().int(), date: isoDate })
      .nullable(),
    terms: settlementTerms,
  }),
  /** Result of `moyasar.fetch_settlement_page`. `next`: the next page's number, null after the last. */
  DocumentPageFetched: z.object({
    effect: z.string(),
    page: z.number().int(),
    next: z.number().int().nullable(),
    rows: z.array(settlementRow).max(500),
  }),
  /** From `clearing`: the bank credit came; carries it. `carried`: what was carried in and is cleared with it. */
  DocumentFunded: z.object({ amount: minor, carried: signedMinor, currency: currencyCode, source: z.string() }),
  /** From `clearing`: nothing will be paid for this document; its net is carried on. Carries nothing. */
  DocumentCarried: z.object({ carried: signedMinor }),
  /** From `settlement-page`: its rows are kept. `gross`: signed sum of payment, refund, void and chargeback rows; `net`: sum of all. */
  PageStored: z.object({
    page: z.number().int(),
    count: z.number().int(),
    gross: signedMinor,
    net: signedMinor,
    foreign: z.number().int(),
  }),
  /** From `settlement-page`: every row was answered. */
  PageDone: z.object({ page: z.number().int(), credited: z.number().int(), broken: z.number().int() }),
  TimerDue: timerDue,
  EffectExhausted: effectExhausted,
};
