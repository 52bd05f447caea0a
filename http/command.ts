/** A command from the edge: sent into the actor's mailbox, answered with the actor's own decision. */
import type { MessageSchemas } from '../engine/actor.ts';
import type { ActorId, Addressed, EntryId } from '../engine/message.ts';
import { toJson } from '../engine/message.ts';
import type { z } from 'zod';
import { problem } from './problem.ts';
import { detailOf, statusOf } from './refusals.ts';

/** The engine's `ask`, as the edges need it. */
export type Ask = (command: Addressed) => Promise<Answer>;

/** The engine's `tell`: in the mailboxes when it resolves. */
export type Tell = (messages: readonly Addressed[]) => Promise<unknown>;

export type Answer =
  | { readonly ok: true; readonly answer: unknown; readonly asOf: EntryId }
  | { readonly ok: false; readonly refusal: string; readonly detail: unknown; readonly asOf: EntryId };

export interface Command<T extends MessageSchemas, K extends keyof T & string, A> {
  readonly schemas: T;
  readonly to: ActorId;
  readonly type: K;
  readonly body: z.output<T[K]>;
  /** Names the command for ever; a repeated one gets the first answer. */
  readonly id: string;
  /** `client:<role>` for commands whose key and body the engine remembers, `edge:<role>` where the actor itself does. */
  readonly from: `client:${string}` | `edge:${string}`;
  readonly trace: string;
  readonly answer: z.ZodType<A>;
}

/** Sends the command and waits for the decision; a refusal becomes its problem. */
export async function decide<T extends MessageSchemas, K extends keyof T & string, A>(
  ask: Ask,
  command: Command<T, K, A>,
): Promise<{ readonly answer: A; readonly asOf: EntryId }> {
  const { to, type, id, from, trace } = command;
  const result = await ask({ to, type, body: toJson(command.body), id, from, trace });
  if (!result.ok) throw problem(statusOf(result.refusal), result.refusal, detailOf(result.refusal));
  return { answer: command.answer.parse(JSON.parse(toJson(result.answer))), asOf: result.asOf };
}

/** A typed message of an edge, with its body as it travels. */
export function message<T extends MessageSchemas, K extends keyof T & string>(
  _schemas: T,
  to: ActorId,
  facts: { readonly type: K; readonly body: z.output<T[K]>; readonly id: string; readonly from: string; readonly trace: string },
): Addressed {
  return { ...facts, to, body: toJson(facts.body) };
}
