/**
 * Saves actors behind the turn: journal, ledger pages, snapshots, directory, and only then the name in the tip (I3).
 *
 * S1  Only committed envelopes are saved; each step is repeatable, and a stop between any two is harmless.
 * S2  A snapshot that exists with other bytes parks its actor: two histories claim the same chain.
 * S3  While MongoDB is away nothing is lost and nothing is dropped: it is tried again and again, and the lag is told.
 */
import retry from 'retry';
import { unsavedShare } from './cache.ts';
import type { Cache, HotActor } from './cache.ts';
import { snapshotName } from './envelope.ts';
import type { Limits } from './limits.ts';
import { journalOf, spansOf, writeJournal } from './journal.ts';
import type { Written } from './journal.ts';
import { kindOf } from './message.ts';
import type { ActorId } from './message.ts';
import type { Log, Metrics } from './metrics.ts';
import type {
  Directory,
  DirectoryEntry,
  Head,
  Journal,
  JournalSpan,
  Lease,
  Ledger,
  Mailboxes,
  NameSnapshot,
  Shard,
  Snapshots,
  System,
} from './ports.ts';
import type { Registry } from './registry.ts';
import type { Retention } from './retention.ts';
import { SCORES, scoreOf } from './score.ts';
import { encodeEnvelope, snapshotId } from './snapshot-codec.ts';

export interface SnapshotterOptions {
  readonly registry: Registry;
  readonly cache: Cache;
  readonly mailboxes: Pick<Mailboxes, 'trim' | 'commit'>;
  readonly snapshots: Pick<Snapshots, 'insert'>;
  readonly ledger: Pick<Ledger, 'insert'>;
  readonly journal: Pick<Journal, 'insert'>;
  readonly directory: Pick<Directory, 'put'>;
  /** Names the writer in the journal. */
  readonly worker: string;
  readonly retention: Pick<Retention, 'superseded'>;
  readonly system: System;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly leaseOf: (shard: Shard) => Lease | undefined;
  readonly onFenced: (shard: Shard) => void;
}

export interface SnapshotLag {
  readonly dirtyActors: number;
  /** Age of the oldest entry that no snapshot covers; 0 when there is none. */
  readonly oldestMs: number;
}

export interface Snapshotter {
  /** Saves what is due, oldest first; how many were saved. Never rejects: what failed is tried again later. */
  flush(): Promise<number>;
  /** Saves everything of these shards; false when some could not be saved. */
  flushShards(shards: ReadonlySet<Shard>): Promise<boolean>;
  lag(): SnapshotLag;
}

/** One actor on its way into the database. */
interface Saving {
  readonly hot: HotActor;
  readonly actor: ActorId;
  readonly head: Head;
  readonly lease: Lease;
  readonly takenMs: number;
  readonly bytes: string;
  readonly spans: readonly JournalSpan[];
  /** Items of the traffic that the spans hold. */
  readonly traffic: number;
}

interface State {
  failures: number;
  /** Monotonic; before it nothing is tried. */
  notBeforeMs: number;
  /** One batch at a time: a second one would save the same actors. */
  queue: Promise<unknown>;
}

const BACKOFF = { minTimeout: 100, maxTimeout: 5_000, factor: 2, randomize: false };
const BACKOFF_STEPS = 10;
/** Characters of snapshots, about one millisecond's worth. */
const ENCODED_AT_ONCE_MAX = 64 * 1024;

export function createSnapshotter(options: SnapshotterOptions): Snapshotter {
  const state: State = { failures: 0, notBeforeMs: 0, queue: Promise.resolve() };
  const { cache, system, metrics } = options;
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const result = state.queue.then(work);
    state.queue = result.catch(() => undefined);
    return result;
  };
  const lag = (): SnapshotLag => {
    const oldest = cache.oldestDirty()?.unsaved?.sinceMs;
    return { dirtyActors: cache.dirtySize, oldestMs: oldest === undefined ? 0 : Math.max(0, system.monotonicMs() - oldest) };
  };
  return {
    lag,
    async flush() {
      const saved = await alone(() => {
        const nowMs = system.monotonicMs();
        return flushWhile((hot) => isDue(hot, nowMs, options), state, options);
      });
      const { dirtyActors, oldestMs } = lag();
      metrics.gauge('ironwallet_dirty_actors', dirtyActors);
      metrics.gauge('ironwallet_unsaved_entries', cache.unsaved.entries);
      metrics.gauge('ironwallet_unsaved_chars', cache.unsaved.chars);
      metrics.gauge('ironwallet_snapshot_lag_ms', oldestMs);
      metrics.gauge('ironwallet_hot_actors', cache.size);
      return saved;
    },
    async flushShards(shards) {
      await alone(() => flushWhile((hot) => shards.has(hot.shard), state, options));
      return ![...cache.dirty()].some((hot) => shards.has(hot.shard));
    },
  };
}

/** Listed kinds are what people look at: they are saved at once. New rules wait for the snapshot under the former ones. */
function isDue({ unsaved, envelope }: HotActor, nowMs: number, { registry, limits, cache }: SnapshotterOptions): boolean {
  if (unsaved === null) return false;
  if (unsavedShare(cache, limits) >= 0.5) return true; // before turns must wait for it
  if (unsaved.entries >= limits.flushEntries || isOld(envelope.actor, nowMs - unsaved.sinceMs, limits)) return true;
  const kind = registry.find(envelope.actor);
  return kind?.listing !== undefined || (kind !== undefined && envelope.rules < kind.rules);
}

/** Each at an age of its own: a page that wrote to hundreds at once would have all of them saved at once, again and again, and turns would wait. */
function isOld(actor: ActorId, ageMs: number, { flushAgeMs, flushSpread }: Limits): boolean {
  const youngest = flushAgeMs * (1 - flushSpread);
  return ageMs >= youngest && ageMs >= youngest + (flushAgeMs - youngest) * (scoreOf(actor) / SCORES);
}

async function flushWhile(wanted: (hot: HotActor) => boolean, state: State, options: SnapshotterOptions): Promise<number> {
  let saved = 0;
  // What becomes due meanwhile belongs to the next call: each actor at most once in this one.
  const due = [...options.cache.dirty()].filter(wanted).map((hot) => hot.envelope.actor);
  let next = 0;
  while (next < due.length && options.system.monotonicMs() >= state.notBeforeMs) {
    const batch = await takeBatch(due, next, options);
    next += batch.taken;
    saved += await saveBatch(batch.saving, state, options);
  }
  return saved;
}

/** Turns and requests go on between some and the next: a batch of large states takes tens of milliseconds to encode. */
async function takeBatch(due: readonly ActorId[], from: number, options: SnapshotterOptions): Promise<{ saving: Saving[]; taken: number }> {
  const saving: Saving[] = [];
  let bytes = 0;
  let encoded = 0;
  let taken = 0;
  while (from + taken < due.length && saving.length < options.limits.snapshotsPerInsert && bytes < options.limits.bytesPerInsert) {
    const actor = due[from + taken];
    taken += 1;
    const one = actor === undefined ? null : prepare(actor, options);
    if (one === null) continue;
    saving.push(one);
    bytes += one.bytes.length;
    if (bytes - encoded > ENCODED_AT_ONCE_MAX) {
      encoded = bytes;
      await options.system.yield();
    }
  }
  return { saving, taken };
}

function prepare(actor: ActorId, { cache, system, limits, metrics, log, leaseOf }: SnapshotterOptions): Saving | null {
  const hot = cache.get(actor);
  if (hot === undefined || hot.unsaved === null) return null;
  const lease = leaseOf(hot.shard);
  if (lease === undefined) {
    cache.drop(actor); // its shard has another owner now
    return null;
  }
  const bytes = encodeEnvelope(hot.envelope);
  if (bytes.length > limits.stateBytes) {
    metrics.count('ironwallet_oversized_states_total', 1, { kind: kindOf(actor) });
    log.warn({ actor, bytes: bytes.length, limit: limits.stateBytes }, 'the state of an actor is beyond the limit');
  }
  const { head } = hot.envelope;
  const { from, traffic: items } = hot.unsaved;
  return {
    hot,
    actor,
    head,
    lease,
    takenMs: system.monotonicMs(),
    bytes,
    spans: spansOf(actor, { from, to: head, traffic: items }, limits.journalChars),
    traffic: items.length,
  };
}

async function saveBatch(saving: readonly Saving[], state: State, options: SnapshotterOptions): Promise<number> {
  if (saving.length === 0) return 0;
  const { system, metrics, log } = options;
  const began = system.monotonicMs();
  try {
    const sound = await insertAll(saving, options);
    const saved = await nameAll(sound, options);
    state.failures = 0;
    metrics.count('ironwallet_snapshots_total', saved, { result: 'inserted' });
    metrics.observe('ironwallet_snapshot_batch_ms', system.monotonicMs() - began);
    return saved;
  } catch (error) {
    const waitMs = retry.createTimeout(Math.min(state.failures, BACKOFF_STEPS), BACKOFF);
    state.failures += 1;
    state.notBeforeMs = system.monotonicMs() + waitMs;
    metrics.count('ironwallet_snapshots_total', saving.length, { result: 'failed' });
    log.warn({ waitMs, error: error instanceof Error ? error.message : String(error) }, 'snapshots could not be written: they wait');
    return 0;
  }
}

/** The journal and pages before snapshots, directory before names; the ones in conflict are parked (S2) and left out. */
async function insertAll(saving: readonly Saving[], options: SnapshotterOptions): Promise<readonly Saving[]> {
  const { ledger, snapshots, directory, journal } = options;
  const spans = saving.flatMap((one) => one.spans);
  await writeJournal(journal, journalOf(spans, writtenBy(options)));
  const pages = saving.flatMap(({ hot }) => hot.unsaved?.pages ?? []);
  const badPages = pages.length === 0 ? [] : (await ledger.insert(pages)).conflicts;
  const ledgered = await withoutConflicts(saving, (one) => (one.hot.unsaved?.pages ?? []).some(({ id }) => badPages.includes(id)), options);
  const documents = ledgered.map(({ actor, head, bytes }) => ({ id: snapshotId(actor, snapshotName(head)), bytes }));
  const { conflicts } = await snapshots.insert(documents);
  const sound = await withoutConflicts(ledgered, ({ actor, head }) => conflicts.includes(snapshotId(actor, snapshotName(head))), options);
  const listed = sound.flatMap((one) => listingOf(one, options));
  if (listed.length > 0) await directory.put(listed);
  return sound;
}

function writtenBy({ worker, cache, system, limits }: SnapshotterOptions): Written {
  const oldest = cache.oldestDirty()?.unsaved?.sinceMs ?? system.monotonicMs();
  return { writer: worker, lagMs: Math.max(0, system.monotonicMs() - oldest), system, charsMax: limits.journalChars };
}

function listingOf({ hot, actor, head }: Saving, { registry }: SnapshotterOptions): DirectoryEntry[] {
  const listing = registry.find(actor)?.listing?.(hot.envelope.state) ?? null;
  return listing === null ? [] : [{ actor, last: head.last, listing }];
}

async function withoutConflicts(
  saving: readonly Saving[],
  isBad: (one: Saving) => boolean,
  options: SnapshotterOptions,
): Promise<readonly Saving[]> {
  const bad = saving.filter(isBad);
  if (bad.length === 0) return saving;
  const nothing = { actors: [], deliveries: [], totals: new Map<string, bigint>(), effects: [], timers: [] };
  await options.mailboxes.commit(
    bad.map(({ actor, lease }) => ({ ...nothing, lease, parks: [{ actor, entry: '-', error: 'snapshot_conflict', attempts: 0 }] })),
  );
  for (const { actor } of bad) options.cache.drop(actor);
  options.metrics.count('ironwallet_snapshots_total', bad.length, { result: 'conflict' });
  options.log.error({ actors: bad.map(({ actor }) => actor) }, 'snapshots exist with other bytes: their actors were parked');
  return saving.filter((one) => !isBad(one));
}

/** Of an actor that was loaded anew meanwhile the snapshot may be of a history that Redis has lost: it names no tip and stays harmless. */
async function nameAll(saving: readonly Saving[], options: SnapshotterOptions): Promise<number> {
  const byShard = new Map<Shard, Saving[]>();
  for (const one of saving) {
    if (options.cache.get(one.actor)?.unsaved?.traffic !== one.hot.unsaved?.traffic) continue;
    const group = byShard.get(one.lease.shard);
    if (group === undefined) byShard.set(one.lease.shard, [one]);
    else group.push(one);
  }
  const counts = await Promise.all([...byShard.values()].map((group) => nameShard(group, options)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function nameShard(group: readonly Saving[], options: SnapshotterOptions): Promise<number> {
  const { mailboxes, cache, limits, retention, onFenced } = options;
  const [first] = group;
  if (first === undefined) return 0;
  const names = group.map(({ actor, head }): NameSnapshot => ({ actor, snapshot: head, keep: limits.entriesKept }));
  const named = await mailboxes.trim(first.lease, names);
  if (named === null) {
    onFenced(first.lease.shard);
    return 0;
  }
  if (named < names.length) {
    // Some tip is not where this process believes: all of the group are loaded again, the snapshots stay harmless.
    for (const { actor } of group) cache.drop(actor);
    return named;
  }
  for (const { actor, head, hot, takenMs, traffic } of group) {
    cache.saved(actor, { head, takenMs, pages: hot.unsaved?.pages.length ?? 0, traffic });
    if (hot.named !== null && hot.named !== snapshotName(head)) retention.superseded({ actor, former: hot.named, by: head.last });
  }
  return named;
}
