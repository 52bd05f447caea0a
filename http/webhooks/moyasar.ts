/**
 * Moyasar's webhooks: answered when the hint is in a mailbox, before anybody asks the provider.
 *
 * W1  A wrong secret is 401 and leaves no trace. W2  What we do not act on is 200: anything else would bring retries.
 */
import { referenceMessages } from '../../actors/reference/messages.ts';
import { settlementMessages } from '../../actors/settlement/messages.ts';
import { toJson } from '../../engine/message.ts';
import type { ActorId, Addressed } from '../../engine/message.ts';
import { message } from '../command.ts';
import { endpoint } from '../endpoint.ts';
import type { Endpoint, Reply } from '../endpoint.ts';
import { problem } from '../problem.ts';
import type { MoyasarEvent, OmnibusWebhookParts, PaymentWebhookParts } from './parts.ts';

type PaymentEvent = Extract<MoyasarEvent, { kind: 'payment' }>;
type Acted = Extract<MoyasarEvent, { kind: 'payment' | 'settlement' }>;

const RECEIVED: Reply = { status: 200, body: { received: true } };
const ID_PATTERN = /^[\w-]{1,64}$/;

export function paymentWebhook(parts: PaymentWebhookParts): Endpoint {
  return endpoint({
    method: 'post',
    path: '/webhooks/moyasar',
    tag: 'webhooks',
    summary: 'Payment events of Moyasar; the secret is in the body',
    access: 'public',
    raw: true,
    replies: { 200: { description: 'Received; also for events of the wrong mode and events we do not act on' } },
    handle: async ({ rawBody, trace }) => {
      const event = authentic(parts, parts.readMoyasar(rawBody));
      if (event?.kind !== 'payment') return ignored(parts, event);
      await parts.tell([hint(event, trace)]);
      return RECEIVED;
    },
  });
}

export function settlementWebhook(parts: OmnibusWebhookParts): Endpoint {
  return endpoint({
    method: 'post',
    path: '/webhooks/moyasar/settlements',
    tag: 'webhooks',
    summary: 'Settlement events of Moyasar; the secret is in the body',
    access: 'public',
    raw: true,
    replies: { 200: { description: 'Received; also for events of the wrong mode and events we do not act on' } },
    handle: async ({ rawBody, trace }) => {
      const event = authentic(parts, parts.readMoyasar(rawBody));
      if (event?.kind !== 'settlement') return ignored(parts, event);
      const { document, eventId } = event;
      if (!ID_PATTERN.test(document)) throw malformed();
      const body = { account: parts.account, eventId };
      const id = `moyasar/event/${eventId}`;
      await parts.tell([
        message(settlementMessages, `settlement:moyasar:${document}`, { type: 'AnnounceDocument', body, id, from: 'edge:omnibus', trace }),
      ]);
      return RECEIVED;
    },
  });
}

/** The event if we may act on it; null when it was counted and is done with. */
function authentic(parts: Pick<PaymentWebhookParts, 'ignored'>, event: MoyasarEvent): Acted | null {
  switch (event.kind) {
    case 'wrong_secret':
      throw problem(401, 'webhook_secret_wrong', 'The secret of this webhook is not ours.');
    case 'malformed':
      throw malformed();
    case 'wrong_mode':
      parts.ignored('moyasar', 'wrong_mode');
      return null;
    case 'other':
      parts.ignored('moyasar', 'event_unknown');
      return null;
    case 'payment':
    case 'settlement':
      return event;
  }
}

/** An event that the other address acts on is none here. */
function ignored(parts: Pick<PaymentWebhookParts, 'ignored'>, event: Acted | null): Reply {
  if (event !== null) parts.ignored('moyasar', 'event_unknown');
  return RECEIVED;
}

function malformed(): Error {
  return problem(400, 'webhook_malformed', 'The body is not an event as the provider documents it.');
}

/** To whoever the invoice belongs to; a payment without an invoice is told to its own reference. */
function hint({ eventId, eventType, paymentId, status, invoiceId }: PaymentEvent, trace: string): Addressed {
  if (!ID_PATTERN.test(paymentId) || (invoiceId !== null && !ID_PATTERN.test(invoiceId))) throw malformed();
  const to: ActorId = invoiceId === null ? `reference:moyasar:payment:${paymentId}` : `reference:moyasar:invoice:${invoiceId}`;
  const body = {
    type: 'ProviderHint',
    body: toJson({ eventId, eventType, paymentId }),
    key: null,
    amount: 0n,
    currency: null,
    graceMs: 0,
    orElse: { reason: 'unknown_payment', subject: `moyasar/${paymentId}`, evidence: {} },
    answer: null,
  };
  return message(referenceMessages, to, { type: 'Forward', body, id: `moyasar/event/${eventId}/${status}`, from: 'edge:payments', trace });
}
