/** The entries of a virtual account by the type of their message. */
import type { Entry, MessagesOf } from '../../engine/actor.ts';
import type { virtualAccountMessages } from './messages.ts';

export type Message = MessagesOf<typeof virtualAccountMessages>;
export type Of<T extends Message['type']> = Entry<Extract<Message, { type: T }>>;
