/** The entries of a payment by the type of their message. */
import type { Entry, MessagesOf } from '../../engine/actor.ts';
import type { paymentMessages } from './messages.ts';

export type Message = MessagesOf<typeof paymentMessages>;
export type Of<T extends Message['type']> = Entry<Extract<Message, { type: T }>>;
