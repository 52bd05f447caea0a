/**
 * An envelope as the bytes of a snapshot, and back. Canonical: equal envelopes have equal bytes, whoever wrote them, so that a duplicate
 * snapshot can be told from a conflicting one (§5). Amounts are decimal strings of minor units there.
 */
import { z } from 'zod';
import type { Kind } from './actor.ts';
import { postingsText } from './envelope.ts';
import type { Envelope, Posting } from './envelope.ts';
import { toCanonicalJson, toJson } from './message.ts';
import type { ActorId, EntryId } from './message.ts';
import type { Head } from './ports.ts';

const ACTOR = /^[^:]+:./s;
const ENTRY = /^\d+-\d+$/;

export const actorId = z.custom<ActorId>((value) => typeof value === 'string' && ACTOR.test(value), 'not an actor id');
export const entryId = z.custom<EntryId>((value) => typeof value === 'string' && ENTRY.test(value), 'not an entry id');
const minorUnits = z
  .string()
  .regex(/^-?\d+$/)
  .transform((text) => BigInt(text));

const head = z.object({ last: entryId, n: z.number().int(), chain: z.string() });
const row = z.object({ account: z.string(), currency: z.string(), amount: minorUnits });
const posting = z.object({ n: z.number().int(), entry: entryId, type: z.string(), id: z.string(), rows: z.array(row), note: z.unknown() });
const remembered = z.object({ id: z.string(), bodyHash: z.string(), entry: entryId, status: z.string(), answer: z.unknown() });

/** All of an envelope but its state, whose schema the kind owns. */
const surroundings = z.object({
  actor: actorId,
  head,
  rules: z.number().int(),
  recent: z.array(remembered),
  postings: z.array(z.unknown()).transform((all) => all.map(toJson)), // keys are in order there, and stay so
  posted: z.number().int(),
  page: z.string().nullable(),
  sums: z.record(z.string(), minorUnits),
  heard: z.array(z.string()).default([]),
  size: z.number().int(),
  state: z.unknown(),
});

/** The canonical bytes of a snapshot of this envelope. */
export function encodeEnvelope(envelope: Envelope): string {
  const { actor, head: at, rules, state, recent, postings, posted, page, sums, heard, size } = envelope;
  // Only a restored actor has heard anything: the bytes of all others are what they always were.
  const only = heard.length === 0 ? {} : { heard };
  // Postings are canonical already: they go where their key has its place, between `posted` and `recent`.
  const before = toCanonicalJson({ actor, head: at, page, posted, ...only });
  const after = toCanonicalJson({ recent, rules, size, state, sums });
  return `${before.slice(0, -1)},"postings":${postingsText(postings)},${after.slice(1)}`;
}

/** The envelope that was encoded; throws when the bytes are of another kind or do not parse. */
export function decodeEnvelope<S>(kind: Pick<Kind<S>, 'name' | 'state'>, bytes: string): Envelope<S> {
  const { state, ...rest } = surroundings.parse(JSON.parse(bytes));
  if (!rest.actor.startsWith(`${kind.name}:`)) throw new Error(`a snapshot of ${rest.actor} is not one of ${kind.name}`);
  return { ...rest, state: kind.state.parse(state) };
}

/** The document id of the snapshot of this actor at this head: `<kind>:<id>@<last>~<chain>`. */
export function snapshotId(actor: ActorId, name: string): string {
  return `${actor}@${name}`;
}

/** The head that a tip's snapshot name `<last>~<chain>` tells of, without its count. */
export function parseSnapshotName(name: string): Pick<Head, 'last' | 'chain'> {
  const tilde = name.indexOf('~');
  return { last: entryId.parse(name.slice(0, tilde)), chain: name.slice(tilde + 1) };
}

/** The postings of a ledger page. */
export function decodePostings(bytes: string): Posting[] {
  return z.array(posting).parse(JSON.parse(bytes));
}
