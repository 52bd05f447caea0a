/**
 * An operator moves a parked actor over the entry that stopped it.
 *
 * Q1  The skip is a commit of its own: the outcome `skipped:<who>:<why>` is in the chain, in place of a decision.
 * Q2  The snapshot behind the entry is inserted first and named in the same step that moves the tip, so that no fold crosses the skip.
 * Q3  Money that the entry carried is not lost: the product's hook says whom to tell, in the same step.
 */
import type { Carried, Kind, Send } from './actor.ts';
import { freshEnvelope, nextChain, snapshotName } from './envelope.ts';
import type { Envelope } from './envelope.ts';
import { Fault } from './fault.ts';
import type { Traffic } from './commits.ts';
import { foldActor } from './fold.ts';
import type { FoldPorts } from './fold.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { journalOf, spansOf, writeJournal } from './journal.ts';
import type { Layout } from './layout.ts';
import { toJson } from './message.ts';
import type { ActorId, Addressed, EntryId, StoredEntry } from './message.ts';
import type { Operations } from './operations.ts';
import type { Head, Hints, Journal, Ledger, Mailboxes, ParkedActor, Snapshots, System, Tip } from './ports.ts';
import { encodeEnvelope, snapshotId } from './snapshot-codec.ts';

/** Tells the product about an entry that will never be decided; `carried` is null when it held no money, or cannot be read. */
export type OnSkipped = (actor: ActorId, entry: StoredEntry, carried: Carried | null) => readonly Send[];

export interface SkipPorts extends FoldPorts {
  readonly layout: Pick<Layout, 'shardOf'>;
  readonly mailboxes: Pick<Mailboxes, 'read'>;
  readonly snapshots: Pick<Snapshots, 'find' | 'insert'>;
  readonly ledger: Pick<Ledger, 'insert'>;
  readonly journal: Pick<Journal, 'insert'>;
  readonly system: Pick<System, 'wallMs' | 'uuid'>;
  readonly operations: Pick<Operations, 'parked' | 'skip'>;
  readonly hints: Pick<Hints, 'work'>;
  readonly onSkipped?: OnSkipped;
}

export interface SkipRequest {
  readonly actor: ActorId;
  readonly entry: EntryId;
  /** The operator. */
  readonly by: string;
  readonly why: string;
}

/** Throws `entry_not_parked` when it is not this entry that stops the actor (or somebody else was faster), and the faults of a fold. */
export async function skipEntry(request: SkipRequest, ports: SkipPorts): Promise<Head> {
  const { actor, entry, by, why } = request;
  const parked = await parkedAt(actor, ports);
  if (parked?.entry !== entry) throw notParked(request);
  const { envelope, tip, stored, kind, from, traffic } = await before(request, ports);
  const next = over(envelope.head, stored, { by, why });
  const deliveries = deliveriesOf(request, { kind, stored, chain: envelope.head.chain, onSkipped: ports.onSkipped });
  const heard = [{ id: stored.id, from: stored.from, entry }];
  const unsaved = { from, traffic: [...traffic, { to: next, sent: deliveries, heard }] };
  await save({ ...envelope, head: next, rules: kind.rules }, unsaved, ports);
  const { last, n, chain } = tip ?? envelope.head;
  const skipped = await ports.operations.skip({ actor, entry, expected: { last, n, chain }, next, rules: kind.rules, by, why, deliveries });
  if (!skipped) throw notParked(request);
  ports.hints.work([...new Set([actor, ...deliveries.map(({ to }) => to)].map((to) => ports.layout.shardOf(to)))]);
  return next;
}

export async function parkedAt(
  actor: ActorId,
  { layout, operations }: Pick<SkipPorts, 'layout'> & { readonly operations: Pick<Operations, 'parked'> },
): Promise<ParkedActor | null> {
  return (await operations.parked([layout.shardOf(actor)])).find((one) => one.actor === actor) ?? null;
}

function notParked({ actor, entry }: SkipRequest): Fault {
  return new Fault({ code: 'entry_not_parked', retry: 'never', message: `${actor} is not parked at ${entry}` });
}

interface Before {
  readonly envelope: Envelope;
  readonly tip: Tip | null;
  readonly stored: StoredEntry;
  readonly kind: Kind;
  readonly from: Head;
  readonly traffic: readonly Traffic[];
}

/** The actor as it stands before the entry. Pages that filled on the way go into the ledger: the new snapshot lacks their rows. */
async function before(request: SkipRequest, ports: SkipPorts): Promise<Before> {
  const { actor, entry } = request;
  const folded = await foldActor({ actor, known: null }, ports);
  const kind = ports.registry.kindOf(actor, folded?.tip.rules);
  const start = folded ?? (await freshStart(request, kind, ports));
  const [stored] = start.waiting;
  if (stored?.entry !== entry) throw notParked(request);
  if (start.filled.length > 0) conflictFree((await ports.ledger.insert(start.filled)).conflicts);
  const { envelope, from, traffic } = start;
  return { envelope, tip: folded?.tip ?? null, stored, kind, from, traffic };
}

/** The very first entry may be the one that stops the actor. */
async function freshStart({ actor }: SkipRequest, kind: Kind, ports: SkipPorts) {
  const [read] = await ports.mailboxes.read([{ actor, after: null }]);
  const envelope = freshEnvelope(kind, actor);
  return { envelope, waiting: read?.entries ?? [], filled: [], from: envelope.head, traffic: [] };
}

/** Q1 */
function over({ chain, n }: Head, stored: StoredEntry, { by, why }: { readonly by: string; readonly why: string }): Head {
  return { last: stored.entry, n: n + 1, chain: nextChain(chain, stored, toJson([`skipped:${by}:${why}`])) };
}

/** The span first: a snapshot never stands without it. */
async function save(
  envelope: Envelope,
  unsaved: { readonly from: Head; readonly traffic: readonly Traffic[] },
  { snapshots, journal, system }: SkipPorts,
): Promise<void> {
  const charsMax = DEFAULT_LIMITS.journalChars;
  const spans = spansOf(envelope.actor, { ...unsaved, to: envelope.head }, charsMax);
  await writeJournal(journal, journalOf(spans, { writer: 'skip', lagMs: null, system, charsMax }));
  const id = snapshotId(envelope.actor, snapshotName(envelope.head));
  conflictFree((await snapshots.insert([{ id, bytes: encodeEnvelope(envelope) }])).conflicts);
}

function conflictFree(conflicts: readonly string[]): void {
  if (conflicts.length === 0) return;
  throw new Fault({ code: 'snapshot_conflict', retry: 'never', message: `other bytes exist for ${conflicts.join(', ')}` });
}

interface SkippedEntry {
  readonly kind: Kind;
  readonly stored: StoredEntry;
  readonly chain: string;
  readonly onSkipped: OnSkipped | undefined;
}

function deliveriesOf({ actor, by }: SkipRequest, { kind, stored, chain, onSkipped }: SkippedEntry): Addressed[] {
  const sends = onSkipped?.(actor, stored, carriedBy(kind, stored)) ?? [];
  return sends.map(({ to, type, body, id }, index) => ({
    to,
    type,
    body: toJson(body),
    id: id ?? `${actor}/${stored.entry}~${chain}/skip/${index}`,
    from: `operator:${by}`,
    trace: stored.trace,
  }));
}

/** A poison entry may be one that cannot even be parsed. */
function carriedBy(kind: Kind, { type, body }: StoredEntry): Carried | null {
  try {
    return kind.carries?.({ type, body: kind.messages[type]?.parse(JSON.parse(body)) }) ?? null;
  } catch {
    return null;
  }
}
