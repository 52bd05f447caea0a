/** The bank's notifications: it signs nothing and its events carry no id, so all they do is make us read the statement now. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { bankAccountMessages } from '../../actors/bank-account/messages.ts';
import { message } from '../command.ts';
import { endpoint } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { nameOf } from '../hashes.ts';
import { problem } from '../problem.ts';
import type { OmnibusWebhookParts } from './parts.ts';

/** Of the bank's list; its page shows one with a space in it. */
const KNOWN = new Set(['statement.created', 'payment.received', 'payment.completed', 'payment.status.updated']);

const notification = z.object({ type: z.string().min(1).max(100), payload: z.unknown() });

export function anbWebhook(parts: OmnibusWebhookParts): Endpoint {
  return endpoint({
    method: 'post',
    path: '/webhooks/anb/:secret',
    tag: 'webhooks',
    summary: 'Notifications of the bank; the secret is in the path',
    access: 'public',
    raw: true,
    params: z.object({ secret: z.string() }),
    replies: { 200: { description: 'Received; also for events we do not act on' } },
    handle: async ({ params, rawBody, trace }) => {
      if (!isSame(params.secret, parts.anbSecret)) throw problem(401, 'webhook_secret_wrong', 'The secret of this webhook is not ours.');
      const type = typeOf(rawBody);
      if (!KNOWN.has(type)) {
        parts.ignored('anb', 'event_unknown');
        return { status: 200, body: { received: true } };
      }
      const body = { why: `webhook:${type}`, date: null };
      const id = `anb/event/${nameOf([rawBody])}`;
      await parts.tell([
        message(bankAccountMessages, `bank-account:${parts.account}`, { type: 'PullStatement', body, id, from: 'edge:omnibus', trace }),
      ]);
      return { status: 200, body: { received: true } };
    },
  });
}

/** Both sides are hashed, so neither content nor length shows in the time it takes. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function typeOf(rawBody: string): string {
  try {
    return notification.parse(JSON.parse(rawBody)).type.replaceAll(/\s/g, '');
  } catch {
    throw problem(400, 'webhook_malformed', 'The body is not a notification as the bank documents it.');
  }
}
