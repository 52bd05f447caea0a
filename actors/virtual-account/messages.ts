/** What may be said to a virtual account. Id: its 15-digit number, as the bank carries it. */
import { z } from 'zod';
import { currencyCode, minor } from '../money.ts';

export const topUpStatus = z.enum(['awaiting_payment', 'processing', 'paid', 'failed', 'expired', 'canceled', 'refunded', 'charged_back']);
export type TopUpStatus = z.output<typeof topUpStatus>;

export const virtualAccountMessages = {
  /** From `owner`. */
  OpenAccount: z.object({ owner: z.string(), iban: z.string(), currency: currencyCode, name: z.string().nullable() }),
  /** Gateway. `owner` is the asking client: another one's account is `wallet_not_found`. */
  RequestTopUp: z.object({
    topUpId: z.string(),
    owner: z.string(),
    amount: minor,
    currency: currencyCode,
    description: z.string().max(200).nullable(),
    fingerprint: z.string(),
  }),
  /** From `payment`: the provider took the money; carries the gross amount. */
  TopUpPending: z.object({ topUpId: z.string(), amount: minor, currency: currencyCode }),
  /** From `payment`: the top-up ended (or came back to `awaiting_payment`) without money. */
  TopUpStatusChanged: z.object({ topUpId: z.string(), status: topUpStatus }),
  /** From `payment`: its settlement row came; pending becomes available, less the fee under the customer policy. Carries nothing. */
  TopUpSettled: z.object({ topUpId: z.string(), gross: minor, fee: minor, currency: currencyCode, document: z.string(), row: z.string() }),
  /** From `payment`: the provider took money back; carries minus the amount. `settled`: the top-up had been credited before. */
  TopUpReversed: z.object({
    topUpId: z.string(),
    amount: minor,
    currency: currencyCode,
    cause: z.enum(['refund', 'void', 'failure', 'chargeback']),
    status: topUpStatus,
  }),
  /** From `statement-lines` or `break`: money for this account; carries it. `source` names the line: `<account>/<line key>`. */
  Credit: z.object({
    source: z.string(),
    amount: minor,
    currency: currencyCode,
    sender: z.string().nullable(),
    narrative: z.string(),
    valueDate: z.string(),
    /** `transfer` as attributed; `suspense` given by an operator through a break. */
    via: z.enum(['transfer', 'suspense']),
  }),
  /** From `statement-lines`: the bank took a credit back (RC); carries minus the amount. */
  RecallCredit: z.object({ source: z.string(), amount: minor, currency: currencyCode, narrative: z.string() }),
  /** Operator: the wallet spends or invests. `reference` is the 16-digit sequence number its bank debit will carry. */
  Debit: z.object({
    amount: minor,
    currency: currencyCode,
    reference: z.string().regex(/^\d{1,16}$/),
    purpose: z.string().max(200),
    by: z.string(),
  }),
  /** From `reference`: the bank debit of an outgoing, fee included; carries minus the amount. */
  OutgoingSettled: z.object({ reference: z.string(), amount: minor, currency: currencyCode, source: z.string() }),
  /** Operator. */
  SetStatus: z.object({ status: z.enum(['active', 'frozen', 'retired']), reason: z.string().max(500), by: z.string() }),
};
