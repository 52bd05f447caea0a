/**
 * An actor's state for those who may not act on it: the snapshot that its tip names, and the entries after it.
 *
 * F1  What is returned stands exactly at the tip, and its chain equals the tip's: it *is* what the owner decided (I6).
 * F2  What the caller has is only a shortcut; when it does not lead to the tip, the fold begins again at the named snapshot.
 * F3  A snapshot that is missing, and a chain that differs, are faults of that actor; they never become a fresh start.
 * F4  However long the way is, it is folded read by read: a hot actor whose owner died while MongoDB was away has hundreds of thousands of
 *     entries after its snapshot, and they must neither fill the memory nor hold up whoever folds.
 */
import type { Kind } from './actor.ts';
import { trafficOfOne } from './commits.ts';
import type { Traffic } from './commits.ts';
import { decideEntry, freshEnvelope } from './envelope.ts';
import type { Envelope, Outcome } from './envelope.ts';
import { Fault } from './fault.ts';
import { beginning, compareEntries } from './message.ts';
import type { ActorId, EntryId, StoredEntry } from './message.ts';
import type { Head, LedgerPage, Mailboxes, ReadRequest, Snapshots, Tip } from './ports.ts';
import type { Registry } from './registry.ts';
import { decodeEnvelope, parseSnapshotName, snapshotId } from './snapshot-codec.ts';

export interface FoldRequest {
  readonly actor: ActorId;
  /** An envelope of this actor that was at its tip once: only what came after is read (F2). */
  readonly known: Envelope | null;
  /** Entries of which the outcome is wanted. */
  readonly watch?: ReadonlySet<EntryId>;
}

export interface Folded<S = unknown> {
  /** At the tip (F1). */
  readonly envelope: Envelope<S>;
  readonly tip: Tip;
  readonly parked: boolean;
  /** The uncommitted entries that were seen: no decisions yet, so nothing is folded over them. */
  readonly waiting: readonly StoredEntry[];
  /** Ledger pages that filled on the way from where the fold began: their owner may not have inserted them yet. */
  readonly filled: readonly LedgerPage[];
  /** Where the fold began, and the messages on the way from there: their owner may not have journalled them yet. */
  readonly from: Head;
  readonly traffic: readonly Traffic[];
  /** Of the watched entries that lay on the way, each with the message that lies there. */
  readonly outcomes: ReadonlyMap<EntryId, { readonly id: string; readonly outcome: Outcome }>;
}

/** Null: the actor has committed nothing yet. */
export type FoldResult =
  { readonly ok: true; readonly folded: Folded | null; readonly parked: boolean } | { readonly ok: false; readonly fault: Fault };

export interface FoldPorts {
  readonly registry: Registry;
  readonly mailboxes: Pick<Mailboxes, 'read'>;
  readonly snapshots: Pick<Snapshots, 'find'>;
  /** Lets others of this process go on, between two actors (F4). */
  readonly pause?: () => Promise<void>;
}

const ENTRIES_PER_PAUSE = 500;

/** What one actor's mailbox told. */
interface Look {
  readonly request: FoldRequest;
  readonly tip: Tip | null;
  readonly entries: readonly StoredEntry[];
  readonly parked: boolean;
}

/** Folds many actors with one read and one find; results in the order of the requests. Rejects only when the mailboxes cannot be read. */
export async function foldActors(requests: readonly FoldRequest[], ports: FoldPorts): Promise<FoldResult[]> {
  if (requests.length === 0) return [];
  const looks = await lookAt(requests, ports);
  const shortcuts = looks.map((look) => fromKnown(look, ports.registry));
  const ways = looks.map((look, index) => {
    if (shortcuts[index] !== null) return 'known';
    if (look.request.known !== null) return 'stale';
    return reachesTip(look) ? 'short' : 'long';
  });
  const of = (way: (typeof ways)[number]): Look[] => looks.filter((_look, index) => ways[index] === way);
  const anew = of('stale').map(({ request }) => ({ ...request, known: null }));
  const results = {
    known: shortcuts.filter((result) => result !== null),
    stale: await foldActors(anew, ports), // F2
    short: await foldFromSnapshots(of('short'), ports),
    long: await Promise.all(of('long').map((look) => foldOn(look, ports))),
  };
  return ways.map((way) => results[way].shift() ?? lost());
}

/** Folds one actor; throws its fault. */
export async function foldActor(request: FoldRequest, ports: FoldPorts): Promise<Folded | null> {
  const [result] = await foldActors([request], ports);
  if (result === undefined) throw new Error('a fold without a result');
  if (!result.ok) throw result.fault;
  return result.folded;
}

function lost(): never {
  throw new Error('a fold lost a result');
}

async function lookAt(requests: readonly FoldRequest[], ports: FoldPorts): Promise<Look[]> {
  const results = await ports.mailboxes.read(requests.map(({ actor, known }): ReadRequest => ({ actor, after: known?.head.last ?? null })));
  return requests.map((request, index) => ({ request, ...(results[index] ?? lost()) }));
}

/** F2: the short way, or null when it does not lead to the tip. A lucky chain is impossible: it hashes all that came before. */
function fromKnown(look: Look, registry: Registry): FoldResult | null {
  const { request, tip, parked } = look;
  if (tip === null) return { ok: true, folded: null, parked };
  const { known } = request;
  if (known === null || compareEntries(known.head.last, tip.last) > 0) return null;
  const committed = committedOf(look, known.head.last);
  if (committed.length !== tip.n - known.head.n) return null;
  try {
    const result = foldOver(look, { from: known, kind: registry.kindOf(request.actor, tip.rules) });
    return result.ok ? result : null;
  } catch {
    return null; // the long way will tell why
  }
}

function committedOf({ entries, tip }: Pick<Look, 'entries' | 'tip'>, after: EntryId): StoredEntry[] {
  const last = tip?.last ?? beginning();
  return entries.filter(({ entry }) => compareEntries(entry, after) > 0 && compareEntries(entry, last) <= 0);
}

function reachesTip({ tip, entries }: Look): boolean {
  const last = entries.at(-1);
  if (tip === null) return true;
  const needed = tip.snapshot === null ? beginning() : parseSnapshotName(tip.snapshot).last;
  if (compareEntries(needed, tip.last) >= 0) return true;
  return last !== undefined && compareEntries(last.entry, tip.last) >= 0;
}

/** F4. Where the named snapshot has moved on meanwhile, entries may have been trimmed under the reader: it begins again. */
async function foldOn(first: Look, ports: FoldPorts): Promise<FoldResult> {
  const { request, tip, parked } = first;
  if (tip === null) return { ok: true, folded: null, parked };
  const start = await findStart(request.actor, tip, ports);
  if (start instanceof Fault) return { ok: false, fault: start };
  const fold = createFold(request, start);
  let last = first;
  for (let look: Look | null = first; look !== null; look = reachesTip(look) ? null : await nextLook(look, ports)) {
    try {
      fold.over(look);
    } catch (error) {
      return { ok: false, fault: asFault(error, request.actor) };
    }
    last = look;
  }
  if (last.tip?.snapshot === tip.snapshot) return fold.at(last);
  return (await foldActors([request], ports))[0] ?? lost();
}

/** Null: nothing more is there. */
async function nextLook({ request, entries }: Look, { mailboxes }: FoldPorts): Promise<Look | null> {
  const [more] = await mailboxes.read([{ actor: request.actor, after: entries.at(-1)?.entry ?? null }]);
  return more === undefined || more.entries.length === 0 ? null : { request, ...more };
}

async function foldFromSnapshots(looks: readonly Look[], ports: FoldPorts): Promise<FoldResult[]> {
  const ids = looks.flatMap(({ request, tip }) => (isSaved(tip) ? [snapshotId(request.actor, tip.snapshot)] : []));
  const found = await findAll(ids, ports.snapshots);
  const results: FoldResult[] = [];
  let folded = 0;
  for (const look of looks) {
    results.push(fromSnapshot(look, found, ports.registry));
    folded += look.entries.length;
    if (folded < ENTRIES_PER_PAUSE) continue;
    folded = 0;
    await ports.pause?.();
  }
  return results;
}

function isSaved(tip: Tip | null): tip is Tip & { readonly snapshot: string } {
  return tip !== null && tip.snapshot !== null;
}

/** MongoDB away is no reason to fail the actors that do not need it. */
async function findAll(ids: readonly string[], snapshots: FoldPorts['snapshots']): Promise<Map<string, string> | Fault> {
  if (ids.length === 0) return new Map();
  try {
    return await snapshots.find([...new Set(ids)]);
  } catch (error) {
    return error instanceof Fault ? error : new Fault({ code: 'mongo_away', retry: 'later', message: String(error), cause: error });
  }
}

function fromSnapshot(look: Look, found: ReadonlyMap<string, string> | Fault, registry: Registry): FoldResult {
  const { request, tip, parked } = look;
  if (tip === null) return { ok: true, folded: null, parked };
  if (found instanceof Fault && isSaved(tip)) return { ok: false, fault: found };
  try {
    return foldOver(look, startOf(request.actor, tip, { registry, found: found instanceof Fault ? new Map() : found }));
  } catch (error) {
    return { ok: false, fault: asFault(error, request.actor) };
  }
}

/** Where a fold begins: the named snapshot, or the fresh start. */
interface Start {
  readonly kind: Kind;
  readonly from: Envelope;
}

async function findStart(actor: ActorId, tip: Tip, { registry, snapshots }: FoldPorts): Promise<Start | Fault> {
  const found = await findAll(isSaved(tip) ? [snapshotId(actor, tip.snapshot)] : [], snapshots);
  if (found instanceof Fault) return found;
  try {
    return startOf(actor, tip, { registry, found });
  } catch (error) {
    return asFault(error, actor);
  }
}

/** F3 */
function startOf(
  actor: ActorId,
  tip: Tip,
  { registry, found }: { readonly registry: Registry; readonly found: ReadonlyMap<string, string> },
): Start {
  const kind = registry.kindOf(actor, tip.rules);
  if (tip.snapshot === null) return { kind, from: freshEnvelope(kind, actor) };
  const id = snapshotId(actor, tip.snapshot);
  const bytes = found.get(id);
  if (bytes === undefined) throw new Fault({ code: 'snapshot_missing', retry: 'never', message: `no snapshot ${id}` });
  return { kind, from: decodeEnvelope(kind, bytes) };
}

/** An actor before it is folded: for whoever wants to see every step. */
export interface Unfolded extends Start {
  /** Null: nothing is committed. */
  readonly tip: Tip | null;
  /** Entries from there on, in order; those after the tip are uncommitted. */
  readonly entries: readonly StoredEntry[];
  readonly parked: boolean;
}

/** Throws `snapshot_missing`, and what the ports throw. */
export async function unfolded(actor: ActorId, ports: FoldPorts): Promise<Unfolded> {
  const entries: StoredEntry[] = [];
  let [look = null] = await lookAt([{ actor, known: null }], ports);
  let last = look ?? lost();
  for (; look !== null; look = reachesTip(look) ? null : await nextLook(look, ports)) {
    entries.push(...look.entries);
    last = look;
  }
  const { tip, parked } = last;
  if (tip === null) {
    const kind = ports.registry.kindOf(actor);
    return { kind, from: freshEnvelope(kind, actor), tip, entries, parked };
  }
  const start = await findStart(actor, tip, ports);
  if (start instanceof Fault) throw start;
  return { ...start, tip, parked, entries: entries.filter(({ entry }) => compareEntries(entry, start.from.head.last) > 0) };
}

function foldOver(look: Look, start: Start): FoldResult {
  const fold = createFold(look.request, start);
  fold.over(look);
  return fold.at(look);
}

interface Fold {
  /** Over the committed entries of a look that come next. */
  over(look: Look): void;
  /** What came of it; it must be at the tip of this look (F1). */
  at(look: Look): FoldResult;
}

function createFold({ actor, watch }: FoldRequest, { kind, from }: Start): Fold {
  const outcomes = new Map<EntryId, { id: string; outcome: Outcome }>();
  const filled: LedgerPage[] = [];
  const traffic: Traffic[] = [];
  let envelope = from;
  return {
    over(look) {
      for (const stored of committedOf(look, envelope.head.last)) {
        const outcome = decideEntry(kind, envelope, stored);
        if (watch?.has(stored.entry) === true) outcomes.set(stored.entry, { id: stored.id, outcome });
        if (outcome.filled !== null) filled.push(outcome.filled);
        if (outcome.heard !== null || outcome.sends.length > 0) traffic.push(trafficOfOne(outcome));
        envelope = outcome.envelope;
      }
    },
    at({ tip, entries, parked }) {
      if (tip === null) return { ok: true, folded: null, parked };
      const { head } = envelope;
      if (head.last !== tip.last || head.chain !== tip.chain) return { ok: false, fault: diverged(actor, tip, envelope) };
      const waiting = entries.filter(({ entry }) => compareEntries(entry, tip.last) > 0);
      return { ok: true, parked, folded: { envelope, tip, parked, waiting, filled, from: from.head, traffic, outcomes } };
    },
  };
}

function diverged(actor: ActorId, tip: Tip, { head }: Envelope): Fault {
  const found = `${head.last} ${String(head.n)} ${head.chain}`;
  const message = `${actor}: tip ${tip.last} ${String(tip.n)} ${tip.chain}, folded ${found}`;
  return new Fault({ code: 'replay_diverged', retry: 'never', message });
}

function asFault(error: unknown, actor: ActorId): Fault {
  if (error instanceof Fault) return error;
  const message = `${actor}: ${error instanceof Error ? error.message : String(error)}`;
  return new Fault({ code: 'replay_diverged', retry: 'never', message, cause: error });
}
