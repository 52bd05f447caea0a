/** What a virtual account has to say to breaks. */
import { send } from '../../engine/actor.ts';
import type { MessagesOf, Send } from '../../engine/actor.ts';
import { breakActor, breakMessages } from '../break/messages.ts';
import type { BreakReason } from '../break/messages.ts';

type OpenBreak = Extract<MessagesOf<typeof breakMessages>, { type: 'OpenBreak' }>;

/** A money message that this account cannot book: it is sent on whole, named after the message that brought it. */
export function toBreak(
  entry: { readonly id: string; readonly body: { readonly amount: bigint; readonly currency: string } },
  what: { reason: BreakReason; subject: string; money: 'credit' | 'debit'; evidence: Record<string, string> },
): Send {
  const { amount, currency } = entry.body;
  const body = { ...what, severity: 'medium' as const, amount, currency };
  return send(breakMessages, breakActor(what.reason, what.subject), { type: 'OpenBreak', id: `${entry.id}/refused`, body });
}

/** The customer spent what was taken back: no money for the break, but somebody has to collect. */
export function exceeds(short: { subject: string; amount: bigint; currency: string; evidence: Record<string, string> }): OpenBreak {
  return { type: 'OpenBreak', body: { ...short, reason: 'reversal_exceeds_balance', severity: 'high', money: 'none' } };
}
