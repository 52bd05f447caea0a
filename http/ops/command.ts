/** Commands of operators: named by who gave them, what for, and the key, so that a repeated one gets the first answer. */
import type { MessageSchemas } from '../../engine/actor.ts';
import type { ActorId, EntryId } from '../../engine/message.ts';
import type { z } from 'zod';
import { decide } from '../command.ts';
import type { Caller } from '../endpoint.ts';
import { nameOf } from '../hashes.ts';
import type { OpsParts } from './parts.ts';

export interface Given {
  readonly caller: Caller;
  readonly key: string;
  readonly trace: string;
}

export interface Order<T extends MessageSchemas, K extends keyof T & string, A> {
  readonly schemas: T;
  readonly to: ActorId;
  readonly type: K;
  readonly body: z.output<T[K]>;
  readonly answer: z.ZodType<A>;
}

/** Sends an operator's command and waits for the decision. */
export function order<T extends MessageSchemas, K extends keyof T & string, A>(
  parts: Pick<OpsParts, 'ask'>,
  { caller, key, trace }: Given,
  facts: Order<T, K, A>,
): Promise<{ readonly answer: A; readonly asOf: EntryId }> {
  const id = nameOf(['ops', caller.subject, facts.to, facts.type, key]);
  return decide(parts.ask, { ...facts, id, from: 'client:ops', trace });
}
