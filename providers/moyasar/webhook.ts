/**
 * Moyasar's webhook envelope. It is not signed: the shared secret stands in the body, and whatever else it says is only a hint to look.
 *
 * W1  The secret is compared in constant time, over hashes, before anything else is believed.
 * W2  An event of the other mode (test, live) is told apart and must lead to nothing.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

export type MoyasarWebhook =
  | {
      readonly kind: 'payment';
      readonly eventId: string;
      readonly eventType: string;
      readonly paymentId: string;
      readonly status: string;
      readonly invoiceId: string | null;
    }
  | { readonly kind: 'settlement'; readonly eventId: string; readonly document: string }
  | { readonly kind: 'other'; readonly eventType: string }
  | { readonly kind: 'wrong_mode'; readonly eventType: string }
  | { readonly kind: 'wrong_secret' }
  | { readonly kind: 'malformed' };

const envelope = z.object({
  id: z.string().min(1).max(100),
  type: z.string().min(1).max(100),
  /** Missing in `webhook_verification`. */
  live: z.boolean().optional(),
  data: z.unknown(),
});
const paymentData = z.object({ id: z.string().min(1), status: z.string().nullish(), invoice_id: z.string().nullish() });
const settlementData = z.object({ id: z.string().min(1) });

/** The provider's own table misspells this event. */
const SPELLED: ReadonlyMap<string, string> = new Map([['payment_faild', 'payment_failed']]);

export function parseMoyasarWebhook(raw: string, expected: { readonly secret: string; readonly mode: 'test' | 'live' }): MoyasarWebhook {
  const value = parsed(raw);
  if (value === null) return { kind: 'malformed' };
  if (!sameSecret(value['secret_token'], expected.secret)) return { kind: 'wrong_secret' };
  const event = envelope.safeParse(value);
  if (!event.success) return { kind: 'malformed' };
  const { id: eventId, type, live, data } = event.data;
  const eventType = SPELLED.get(type) ?? type;
  if (live !== undefined && live !== (expected.mode === 'live')) return { kind: 'wrong_mode', eventType };
  if (eventType === 'balance_transferred') return settlementEvent(eventId, data);
  return eventType.startsWith('payment_') ? paymentEvent(eventId, eventType, data) : { kind: 'other', eventType };
}

function parsed(raw: string): Record<string, unknown> | null {
  try {
    return z.record(z.string(), z.unknown()).safeParse(JSON.parse(raw)).data ?? null;
  } catch {
    return null;
  }
}

function sameSecret(given: unknown, secret: string): boolean {
  if (typeof given !== 'string' || secret === '') return false;
  return timingSafeEqual(digest(given), digest(secret));
}

function digest(text: string): Buffer {
  return Buffer.from(hash('sha256', text), 'hex');
}

function settlementEvent(eventId: string, data: unknown): MoyasarWebhook {
  const settlement = settlementData.safeParse(data);
  return settlement.success ? { kind: 'settlement', eventId, document: settlement.data.id } : { kind: 'malformed' };
}

function paymentEvent(eventId: string, eventType: string, data: unknown): MoyasarWebhook {
  const payment = paymentData.safeParse(data);
  if (!payment.success) return { kind: 'malformed' };
  const { id: paymentId, status, invoice_id } = payment.data;
  return {
    kind: 'payment',
    eventId,
    eventType,
    paymentId,
    status: status ?? eventType.slice('payment_'.length),
    invoiceId: invoice_id ?? null,
  };
}
