/** What the webhooks are made of; `main.ts` brings it. */
import type { Tell } from '../command.ts';

/** A provider's event as its adapter reads it. Whatever it says is a hint: nobody acts on it before the provider was asked. */
export type MoyasarEvent =
  | {
      readonly kind: 'payment';
      readonly eventId: string;
      readonly eventType: string;
      readonly paymentId: string;
      readonly status: string;
      readonly invoiceId: string | null;
    }
  | { readonly kind: 'settlement'; readonly eventId: string; readonly document: string }
  /** Authentic, and nothing we act on. */
  | { readonly kind: 'other'; readonly eventType: string }
  /** Authentic, of the test system where we are live, or the other way round. */
  | { readonly kind: 'wrong_mode'; readonly eventType: string }
  | { readonly kind: 'wrong_secret' }
  | { readonly kind: 'malformed' };

/** Reads the text of a body; compares its secret in constant time before it looks at anything else. */
export type ReadMoyasarEvent = (rawBody: string) => MoyasarEvent;

interface Edge {
  readonly tell: Tell;
  /** Counts what was authentic and led to nothing: `wrong_mode`, `event_unknown`. */
  ignored(provider: 'moyasar' | 'anb', why: 'wrong_mode' | 'event_unknown'): void;
}

/** The payments role. */
export interface PaymentWebhookParts extends Edge {
  readonly readMoyasar: ReadMoyasarEvent;
}

/** The omnibus role. */
export interface OmnibusWebhookParts extends Edge {
  readonly readMoyasar: ReadMoyasarEvent;
  /** The omnibus account's number. */
  readonly account: string;
  /** The last part of the bank's webhook path: it signs nothing. */
  readonly anbSecret: string;
}
