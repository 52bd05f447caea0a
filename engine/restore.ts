/**
 * Rebuilds a Redis that lost everything from MongoDB alone: tips, totals, timers, effects, and the messages that were in transit.
 *
 * R1  Every actor stands again where its newest snapshot says; what it did after that is lost, and nobody can know it from here.
 * R2  A message that its sender's snapshot covers and its receiver's does not is delivered again, once.
 * R3  A message that its receiver's snapshot covers and its sender's does not is remembered by the receiver: when the sender comes to the
 *     same decision again and sends it under the same id, it changes nothing (E5).
 * R4  Every step may be repeated and goes on where it stopped; workers cannot start before the last one.
 */
import { z } from 'zod';
import type { Kind } from './actor.ts';
import { nextChain, snapshotName } from './envelope.ts';
import type { Envelope } from './envelope.ts';
import { Fault } from './fault.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { journalOf, writeJournal } from './journal.ts';
import type { Layout } from './layout.ts';
import { kindOf, msOf, toJson } from './message.ts';
import type { ActorId, Addressed } from './message.ts';
import { newestSnapshots } from './newest.ts';
import type { Newest } from './newest.ts';
import type { Head, Journal, Shard, Snapshots, System } from './ports.ts';
import type { RestoredActor, Restoration } from './restoration.ts';
import type { Registry } from './registry.ts';
import { decodeEnvelope, encodeEnvelope, snapshotId } from './snapshot-codec.ts';
import { readLinks, readTransit } from './transit.ts';
import type { Ahead, Links, Mark, Taken, Transit } from './transit.ts';

export interface RestoreOptions {
  readonly registry: Registry;
  readonly layout: Pick<Layout, 'shardOf'>;
  readonly snapshots: Pick<Snapshots, 'names' | 'find' | 'insert'>;
  readonly journal: Pick<Journal, 'list' | 'insert'>;
  /** Null: only looks, and says what would be done. */
  readonly restoration: Restoration | null;
  readonly system: Pick<System, 'wallMs' | 'uuid'>;
  /** The uuid that MongoDB holds. */
  readonly installation: string;
  /**
   * What the product says to its actors after a restore, from their states; under ids that are the same in every attempt. What was decided
   * before `completeMs` is here; null: the journal does not tell.
   */
  readonly follow?: (envelope: Envelope, completeMs: number | null) => readonly Addressed[];
}

/** Up to when a role's decisions are surely here. Milliseconds since 1970. */
export interface Horizon {
  readonly role: string;
  /** The newest decision that is here. */
  readonly newest: number;
  /** What was decided before this is here; later commands may be missing. */
  readonly complete: number;
}

export interface Restored {
  readonly actors: ReadonlyMap<string, number>;
  readonly timers: number;
  readonly effects: number;
  /** `<account>:<currency>` -> sum over all actors. */
  readonly totals: ReadonlyMap<string, bigint>;
  /** R2 */
  readonly sentAgain: readonly Addressed[];
  /** R3: the sender may, or may not, say it again. */
  readonly ahead: readonly Ahead[];
  readonly followed: readonly Addressed[];
  readonly horizons: readonly Horizon[];
  /** Two snapshots have an equal claim; one was taken. */
  readonly ambiguous: readonly ActorId[];
}

/** What is counted on the way. */
interface Tally {
  readonly actors: Map<string, number>;
  readonly totals: Map<string, bigint>;
  readonly newest: Map<string, number>;
  readonly ambiguous: ActorId[];
  readonly followed: Addressed[];
  timers: number;
  effects: number;
}

/** Throws `redis_not_empty`, `unknown_kind`, `snapshot_unreadable`, and what the ports throw; begun again, it goes on. */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { restoration, installation } = options;
  await restoration?.begin(installation);
  const links = await readLinks(options.journal, (actor) => options.registry.find(actor)?.role ?? null);
  const transit = await readTransit(options.journal, {
    ...{ links, taken: await takenOf(links, options) },
    isActor: (from) => options.registry.find(from as ActorId) !== undefined,
  });
  const tally: Tally = { actors: new Map(), totals: new Map(), newest: new Map(), ambiguous: [], followed: [], timers: 0, effects: 0 };
  const ahead = byReceiver(transit.ahead);
  const completeMs = [...links.marks.values()].reduce<number | null>(
    (least, { at, lagMs }) => Math.min(least ?? Infinity, at - lagMs),
    null,
  );
  for await (const batch of newestSnapshots(options.snapshots)) await putBack(batch, { ahead, tally, completeMs, options });
  await deliver(transit.sent, options);
  await deliver(tally.followed, options);
  await restoration?.finish(installation);
  return restoredOf(tally, { transit, links });
}

/** The heads of the actors that the journal speaks of. */
async function takenOf({ before }: Links, { snapshots }: RestoreOptions): Promise<Map<ActorId, Taken>> {
  const taken = new Map<ActorId, Taken>();
  for await (const batch of newestSnapshots(snapshots)) {
    for (const { actor, name, last } of batch) if (before.has(actor)) taken.set(actor, { name, last });
  }
  return taken;
}

function byReceiver(ahead: readonly Ahead[]): Map<ActorId, string[]> {
  const ids = new Map<ActorId, string[]>();
  for (const { actor, id } of ahead) ids.set(actor, [...(ids.get(actor) ?? []), id]);
  return ids;
}

// ---- actors --------------------------------------------------------------------------------------------------------------------------

interface Putting {
  readonly ahead: ReadonlyMap<ActorId, readonly string[]>;
  readonly tally: Tally;
  readonly completeMs: number | null;
  readonly options: RestoreOptions;
}

const ACTORS_PER_BATCH = 200;

async function putBack(newest: readonly Newest[], putting: Putting): Promise<void> {
  for (let at = 0; at < newest.length; at += ACTORS_PER_BATCH) {
    const envelopes = await load(newest.slice(at, at + ACTORS_PER_BATCH), putting.options);
    const restored = envelopes.map((one) => remembering(one, putting.ahead.get(one.actor) ?? []));
    await save(
      envelopes.flatMap((before, index) => pairOf(before, restored[index])),
      putting.options,
    );
    await put(restored, putting);
  }
  for (const { actor, ambiguous } of newest) if (ambiguous) putting.tally.ambiguous.push(actor);
}

async function load(newest: readonly Newest[], { snapshots, registry }: RestoreOptions): Promise<Envelope[]> {
  const ids = newest.map(({ actor, name }) => snapshotId(actor, name));
  const found = await snapshots.find(ids);
  return ids.map((id, index) => decoded(id, { bytes: found.get(id), actor: newest[index]?.actor ?? 'none:none', registry }));
}

const ruled = z.object({ rules: z.number().int() });

function decoded(id: string, from: { bytes: string | undefined; actor: ActorId; registry: Registry }): Envelope {
  try {
    const kind = from.registry.kindOf(from.actor, ruled.parse(JSON.parse(from.bytes ?? '')).rules);
    return decodeEnvelope(kind, from.bytes ?? '');
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault({ code: 'snapshot_unreadable', retry: 'never', message: `${id}: ${String(error)}`, cause: error });
  }
}

/** R3. A step of its own in the chain, as a skip is: the snapshot behind it is another one than before. */
function remembering(envelope: Envelope, ids: readonly string[]): Envelope {
  const fresh = ids.filter((id) => !envelope.heard.includes(id));
  if (fresh.length === 0) return envelope;
  const { last, n, chain } = envelope.head;
  const step = { entry: last, id: 'restored', type: '', body: '', from: '', trace: '' };
  const head: Head = { last, n: n + 1, chain: nextChain(chain, step, toJson(['restored', fresh])) };
  return { ...envelope, head, heard: [...envelope.heard, ...fresh] };
}

function pairOf(before: Envelope, after: Envelope | undefined): { before: Envelope; after: Envelope }[] {
  return after === undefined || after === before ? [] : [{ before, after }];
}

async function save(pairs: readonly { before: Envelope; after: Envelope }[], options: RestoreOptions): Promise<void> {
  const { restoration, snapshots, journal, system } = options;
  if (restoration === null || pairs.length === 0) return;
  const spans = pairs.map(({ before, after }) => ({ actor: after.actor, from: before.head, to: after.head, sent: [], heard: [] }));
  const charsMax = DEFAULT_LIMITS.journalChars;
  await writeJournal(journal, journalOf(spans, { writer: 'restore', lagMs: null, system, charsMax }));
  const documents = pairs.map(({ after }) => ({ id: snapshotId(after.actor, snapshotName(after.head)), bytes: encodeEnvelope(after) }));
  const { conflicts } = await snapshots.insert(documents);
  if (conflicts.length > 0)
    throw new Fault({ code: 'snapshot_conflict', retry: 'never', message: `other bytes exist for ${conflicts.join(', ')}` });
}

async function put(envelopes: readonly Envelope[], { tally, completeMs, options }: Putting): Promise<void> {
  const { registry, layout, restoration, follow } = options;
  const byShard = new Map<Shard, RestoredActor[]>();
  for (const envelope of envelopes) {
    const kind = registry.kindOf(envelope.actor, envelope.rules);
    const one = restoredActor(kind, envelope);
    count(tally, { kind, envelope, one });
    if (follow !== undefined) tally.followed.push(...follow(envelope, completeMs));
    const shard = layout.shardOf(envelope.actor);
    byShard.set(shard, [...(byShard.get(shard) ?? []), one]);
  }
  if (restoration === null) return;
  await Promise.all([...byShard].map(([shard, actors]) => restoration.put(shard, actors))); // bounded by ACTORS_PER_BATCH
}

function restoredActor(kind: Kind, { actor, head, rules, state, sums }: Envelope): RestoredActor {
  const timers = (kind.timers?.(state) ?? []).map(({ key, at }) => ({ key, at }));
  const effects = (kind.openEffects?.(state) ?? []).map(({ id, type, body }) => ({ actor, id, type, body: toJson(body), trace: '' }));
  return { actor, tip: { ...head, snapshot: snapshotName(head), rules }, sums, timers, effects };
}

function count(tally: Tally, { kind, envelope, one }: { kind: Kind; envelope: Envelope; one: RestoredActor }): void {
  tally.actors.set(kind.name, (tally.actors.get(kind.name) ?? 0) + 1);
  tally.timers += one.timers.length;
  tally.effects += one.effects.length;
  for (const [account, sum] of Object.entries(envelope.sums)) tally.totals.set(account, (tally.totals.get(account) ?? 0n) + sum);
  tally.newest.set(kind.role, Math.max(tally.newest.get(kind.role) ?? 0, msOf(envelope.head.last)));
}

// ---- messages ------------------------------------------------------------------------------------------------------------------------

const MESSAGES_PER_BATCH = 200;

/** The same message may be in transit twice under one id: its place among its like tells the two apart. */
async function deliver(messages: readonly Addressed[], { restoration }: RestoreOptions): Promise<void> {
  if (restoration === null) return;
  const places = new Map<string, number>();
  const keyed = messages.map((message) => {
    const name = `${message.to} ${message.id}`;
    const place = (places.get(name) ?? 0) + 1;
    places.set(name, place);
    return { key: `${message.id} ${String(place)}`, message };
  });
  for (let at = 0; at < keyed.length; at += MESSAGES_PER_BATCH) await restoration.deliver(keyed.slice(at, at + MESSAGES_PER_BATCH));
}

// ---- what can be known ---------------------------------------------------------------------------------------------------------------

function restoredOf(tally: Tally, { transit, links }: { readonly transit: Transit; readonly links: Links }): Restored {
  const { actors, totals, timers, effects, followed, ambiguous } = tally;
  const horizons = [...tally.newest].map(([role, newest]) => horizonOf(role, newest, links.marks));
  return { actors, timers, effects, totals, sentAgain: transit.sent, ahead: transit.ahead, followed, horizons, ambiguous };
}

/** Workers whose last word is older than this before the role's last were gone or idle by then, and had saved what they had. */
const SILENT_MS = 10 * 60_000;

function horizonOf(role: string, newest: number, marks: ReadonlyMap<string, Mark>): Horizon {
  const own = [...marks].filter(([name]) => name.startsWith(`${role} `)).map(([, mark]) => mark);
  const last = own.reduce((latest, { at }) => Math.max(latest, at), 0);
  const awake = own.filter(({ at }) => at >= last - SILENT_MS);
  const complete = awake.reduce((earliest, { at, lagMs }) => Math.min(earliest, at - lagMs), awake.length === 0 ? newest : Infinity);
  return { role, newest, complete: Math.floor(complete) };
}

/** `<type> to <kind>` -> how many. */
export function messageCounts(messages: readonly Addressed[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { to, type } of messages) counts.set(`${type} to ${kindOf(to)}`, (counts.get(`${type} to ${kindOf(to)}`) ?? 0) + 1);
  return counts;
}
