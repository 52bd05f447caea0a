/**
 * A break: a difference that a person may have to look at, and the money that waits for it.
 *
 * K1  `held` is what this break keeps in suspense: it leaves only to a wallet, to the sender, or back to the bank that recalled it.
 * K2  A break that holds money is never closed.
 * K3  What `comments` and `history` no longer hold is in the notes of the ledger.
 */
import { z } from 'zod';
import { currencyCode, minor } from '../money.ts';
import { breakReason } from './messages.ts';

export const COMMENTS_KEPT = 50;
/** Of all kept comments together, so that the longest ones stay within the limit of a state. */
export const COMMENT_CHARACTERS_KEPT = 40_000;
export const HISTORY_KEPT = 50;
export const EVIDENCE_KEPT = 40;
export const EVIDENCE_CHARACTERS = 500;

export const breakState = z.object({
  reason: breakReason.nullable(),
  subject: z.string(),
  /** `none`: nobody opened it. `returning`: an outgoing transfer takes the money back to its sender. */
  status: z.enum(['none', 'open', 'returning', 'resolved']),
  severity: z.enum(['low', 'medium', 'high']),
  /** Money that came here in all, or the amount in question where none did. */
  amount: minor,
  received: minor,
  currency: currencyCode.nullable(),
  /** In suspense now. */
  held: minor,
  /** Booked as owed by the company: unknown debits, bank fees of returns. */
  due: minor,
  /** Milliseconds since 1970; 0 before it was opened. */
  openedAt: z.number(),
  resolvedAt: z.number().nullable(),
  assignee: z.string().nullable(),
  evidence: z.record(z.string(), z.string()),
  /** Sequence number of the outgoing transfer of a return. */
  reference: z.string().nullable(),
  /** How it ended; `by` is null where it closed by itself. */
  resolution: z.object({ resolution: z.string(), reason: z.string(), by: z.string().nullable() }).nullable(),
  /** Newest last. */
  comments: z.array(z.object({ at: z.number(), by: z.string(), text: z.string() })),
  commentCount: z.number().int(),
  history: z.array(z.object({ at: z.number(), what: z.string(), by: z.string().nullable() })),
  historyCount: z.number().int(),
});
export type Break = z.output<typeof breakState>;

export type BreakRefusal =
  'break_not_found' | 'break_already_resolved' | 'resolution_not_offered' | 'wallet_required' | 'nothing_to_assign' | 'money_waits';

export function initialBreak(id: string): Break {
  const colon = id.indexOf(':');
  return {
    reason: breakReason.safeParse(id.slice(0, colon)).data ?? null,
    subject: id.slice(colon + 1),
    status: 'none',
    severity: 'low',
    amount: 0n,
    received: 0n,
    currency: null,
    held: 0n,
    due: 0n,
    openedAt: 0,
    resolvedAt: null,
    assignee: null,
    evidence: {},
    reference: null,
    resolution: null,
    comments: [],
    commentCount: 0,
    history: [],
    historyCount: 0,
  };
}
