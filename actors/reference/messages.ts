/** What may be said to a foreign id. Ids: `moyasar:payment:<id>`, `moyasar:invoice:<id>`, `anb:outgoing:<sequence number>`. */
import { z } from 'zod';
import { effectExhausted, timerDue } from '../../engine/actor.ts';
import { actorId, currencyCode, signedMinor } from '../money.ts';
import { invoiceFound } from '../payment/messages.ts';

export const referenceMessages = {
  /** Whoever made or verified the foreign id says whose it is. A second, different owner is a bug at the sender and changes nothing. */
  Bind: z.object({ to: actorId }),
  /** A message for whoever this id belongs to: passed on at once when known, kept (money as suspense) until it is. */
  Forward: z.object({
    /** The message to pass on, unchanged. */
    type: z.string(),
    /** JSON text of its body. */
    body: z.string(),
    /** Natural key of the forwarded message, or null when it carries no money. */
    key: z.string().nullable(),
    /** Money it carries (credit-normal in-transit), 0 for hints. */
    amount: signedMinor,
    currency: currencyCode.nullable(),
    /** How long money may wait here before it becomes a break. */
    graceMs: z.number().int().min(0),
    /** The break that is opened then: its reason, subject and evidence. */
    orElse: z.object({ reason: z.string(), subject: z.string(), evidence: z.record(z.string(), z.string()) }),
    /** The settlement page and row that wait for an answer, told `RowAnswered` when the row goes to a break from here. */
    answer: z.object({ page: actorId, index: z.number().int() }).nullable(),
  }),
  /** Result of `moyasar.find_owner`: the top-up that we named in the invoice when we made it; null when there is none. */
  OwnerFound: z.object({ effect: z.string(), owner: z.object({ topUpId: z.string().min(1), invoice: invoiceFound }).nullable() }),
  TimerDue: timerDue,
  EffectExhausted: effectExhausted,
};
