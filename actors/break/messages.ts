/** What may be said to a break: a difference a person may have to look at. Id: `<reason>:<subject>`, so whoever opened it can close it. */
import { z } from 'zod';
import { currencyCode, minor } from '../money.ts';
import type { ActorId } from '../../engine/message.ts';

export const breakReason = z.enum([
  'unattributed_credit',
  'inactive_account_credit',
  'settlement_overdue',
  'payout_without_settlement',
  'settlement_total_mismatch',
  'payout_amount_mismatch',
  'ambiguous_match',
  'unknown_payment',
  'payment_amount_mismatch',
  'payment_settled_twice',
  'fee_variance',
  'currency_mismatch',
  'chargeback',
  'reversal_exceeds_balance',
  'unexpected_debit',
  'statement_gap',
  'statement_balance',
  'line_conflict',
  'closed_day_line',
  'end_of_day_disagrees',
  'payout_returned',
  'effect_exhausted',
  'status_conflict',
  'entry_skipped',
]);
export type BreakReason = z.output<typeof breakReason>;

export const breakMessages = {
  /** Whoever found it. With money, the break holds it: `credit` in suspense (carries +amount), `debit` as platform-due (carries -amount). */
  OpenBreak: z.object({
    reason: breakReason,
    subject: z.string(),
    severity: z.enum(['low', 'medium', 'high']),
    money: z.enum(['credit', 'debit', 'none']),
    /** The money held, or, with `none`, the amount in question. */
    amount: minor,
    currency: currencyCode.nullable(),
    /** What a person needs to see, flat. */
    evidence: z.record(z.string(), z.string()),
    /** Already explained (a configured bank charge): opened and closed in one step, for the history. */
    closed: z.boolean().optional(),
  }),
  /** The missing half came. Closes a break that holds no money of ours; else changes nothing. */
  CloseBreak: z.object({ because: z.string() }),
  /** From `statement-lines`: the bank recalled a credit that still waits here; carries minus the amount. */
  RecallCredit: z.object({ source: z.string(), amount: minor, currency: currencyCode, narrative: z.string() }),
  /** From `reference`: the bank debit of a return to the sender, fee included; carries minus the amount. */
  OutgoingSettled: z.object({ reference: z.string(), amount: minor, currency: currencyCode, source: z.string() }),
  /** Operator. */
  ResolveBreak: z.object({
    resolution: z.enum(['assign_to_wallet', 'return_to_sender', 'close']),
    /** The wallet's number, for `assign_to_wallet`. */
    wallet: z.string().nullable(),
    /** The sequence number of the outgoing transfer, for `return_to_sender`, when it is known already. */
    reference: z
      .string()
      .regex(/^\d{1,16}$/)
      .nullable(),
    reason: z.string().min(1).max(500),
    by: z.string(),
  }),
  AssignBreak: z.object({ assignee: z.string().max(200), by: z.string() }),
  CommentBreak: z.object({ text: z.string().min(1).max(2000), by: z.string() }),
};

export function breakActor(reason: BreakReason, subject: string): ActorId {
  return `break:${reason}:${subject}`;
}
