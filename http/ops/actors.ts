/** Actors as operators see them: one by one, those that stopped, and the entries that were left out. */
import { z } from 'zod';
import type { ActorFacts } from '../../engine/inspect.ts';
import { entryId } from '../../engine/snapshot-codec.ts';
import { toJson } from '../../engine/message.ts';
import type { ActorId, EntryId } from '../../engine/message.ts';
import type { DeadEntry } from '../../engine/operations.ts';
import type { ParkedActor } from '../../engine/ports.ts';
import { endpoint } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { problem } from '../problem.ts';
import type { OpsParts } from './parts.ts';

/** Of one answer; there is no paging, because many stopped actors are one fault and not many. */
const SHOWN_MAX = 500;
const ID_CHARS_MAX = 600;

const actorText = z.templateLiteral([z.string().min(1), ':', z.string().min(1)]);
const actorParams = z.object({ actorId: z.string().max(ID_CHARS_MAX).pipe(actorText).describe('`<kind>:<id>`, percent-encoded.') });

const parkedSchema = z.object({
  actor: z.string(),
  entry: z.string(),
  error: z.string(),
  attempts: z.number(),
  since: z.string(),
});
const deadSchema = z.object({
  actor: z.string(),
  entry: z.string(),
  type: z.string(),
  id: z.string(),
  body: z.string(),
  by: z.string(),
  why: z.string(),
  at: z.string(),
});
const shownOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), total: z.number().describe('Shown are 500 at most.') });

const skipBody = z.strictObject({
  entry: entryId.optional().describe('The entry it is parked at; given, another one is never left out.'),
  why: z.string().trim().min(1).max(500),
});

const doneSchema = z.object({ actor: z.string(), done: z.enum(['resumed', 'skipped']) });

export function actorEndpoints(parts: OpsParts): Endpoint[] {
  return [parked(parts), inspect(parts), resume(parts), skip(parts), deadLetters(parts)];
}

function inspect(parts: OpsParts) {
  return endpoint({
    method: 'get',
    path: '/ops/v1/actors/:actorId',
    tag: 'actors',
    summary: 'Tip, snapshot, lag, state and last entries of an actor',
    access: 'operator',
    params: actorParams,
    replies: { 200: { description: 'Facts for people; their shape may change' } },
    handle: async ({ params }) => {
      const facts = await parts.actors.inspect(params.actorId);
      if (isUnknown(facts)) throw problem(404, 'actor_not_found', 'Nobody ever wrote to an actor of this id.');
      return { status: 200, body: JSON.parse(toJson(wireFacts(facts))) as unknown };
    },
  });
}

function isUnknown({ tip, waiting, fault }: ActorFacts): boolean {
  return tip === null && waiting.length === 0 && fault === null;
}

function wireFacts({ envelope, fault, parked: stopped, ...facts }: ActorFacts) {
  return {
    ...facts,
    ...wireEnvelope(envelope),
    fault: fault === null ? null : { code: fault.code, message: fault.message },
    parked: stopped === null ? null : wireParked(stopped),
  };
}

/** Everything but what the entries show anyway. */
function wireEnvelope(envelope: ActorFacts['envelope']) {
  if (envelope === null) return { rules: null, state: null, sums: {}, postings: 0, keysRemembered: 0 };
  const { rules, state, sums, posted, recent } = envelope;
  return { rules, state, sums, postings: posted, keysRemembered: recent.length };
}

function parked(parts: OpsParts) {
  return endpoint({
    method: 'get',
    path: '/ops/v1/actors/parked',
    tag: 'actors',
    summary: 'Actors that stopped and wait for an operator, longest first',
    access: 'operator',
    replies: { 200: { description: 'Parked actors', schema: shownOf(parkedSchema) } },
    handle: async () => {
      const all = [...(await parts.actors.parked())].sort((a, b) => a.since - b.since);
      return { status: 200, body: { items: all.slice(0, SHOWN_MAX).map(wireParked), total: all.length } };
    },
  });
}

function wireParked({ actor, entry, error, attempts, since }: ParkedActor): z.output<typeof parkedSchema> {
  return { actor, entry, error, attempts, since: new Date(since).toISOString() };
}

function resume(parts: OpsParts) {
  return endpoint({
    method: 'post',
    path: '/ops/v1/actors/:actorId/resume',
    tag: 'actors',
    summary: 'Let a parked actor try again',
    access: 'operator',
    keyed: true,
    params: actorParams,
    replies: { 200: { description: 'It tries again', schema: doneSchema } },
    handle: async ({ params }) => {
      if (!(await parts.actors.resume(params.actorId))) throw notParked();
      return done(params.actorId, 'resumed');
    },
  });
}

function notParked(): Error {
  return problem(409, 'actor_not_parked', 'This actor is not parked.');
}

function done(actor: ActorId, what: z.output<typeof doneSchema>['done']) {
  return { status: 200, body: { actor, done: what } };
}

function skip(parts: OpsParts) {
  return endpoint({
    method: 'post',
    path: '/ops/v1/actors/:actorId/skip',
    tag: 'actors',
    summary: 'Leave out the entry that an actor is parked at; money it carried goes to a break',
    access: 'operator',
    keyed: true,
    params: actorParams,
    body: skipBody,
    replies: { 200: { description: 'It was left out and kept among the dead letters', schema: doneSchema } },
    handle: async ({ caller, params, body }) => {
      const actor = params.actorId;
      const entry = body.entry ?? (await entryStopping(parts, actor));
      await parts.actors.skip({ actor, entry, by: caller.subject, why: body.why });
      return done(actor, 'skipped');
    },
  });
}

/** An actor that could not even be loaded is parked at no entry: leaving one out would not help it. */
async function entryStopping({ actors }: OpsParts, actor: ActorId): Promise<EntryId> {
  const { parked: stopped } = await actors.inspect(actor);
  if (stopped === null) throw notParked();
  const entry = entryId.safeParse(stopped.entry);
  if (!entry.success) throw problem(409, 'entry_not_parked', `This actor is parked at no entry: ${stopped.error}.`);
  return entry.data;
}

function deadLetters(parts: OpsParts) {
  return endpoint({
    method: 'get',
    path: '/ops/v1/dead-letters',
    tag: 'actors',
    summary: 'Entries that operators left out, newest first',
    access: 'operator',
    replies: { 200: { description: 'Dead letters', schema: shownOf(deadSchema) } },
    handle: async () => {
      const all = [...(await parts.actors.dead())].sort((a, b) => b.at - a.at);
      return { status: 200, body: { items: all.slice(0, SHOWN_MAX).map(wireDead), total: all.length } };
    },
  });
}

function wireDead({ actor, entry, type, id, body, by, why, at }: DeadEntry): z.output<typeof deadSchema> {
  return { actor, entry, type, id, body, by, why, at: new Date(at).toISOString() };
}
