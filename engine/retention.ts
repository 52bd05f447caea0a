/**
 * Deletes snapshots that are no longer needed, long after they were superseded.
 *
 * N1  Deleted is only what lies below the one before the snapshot that a tip names now, read directly before. Never anything newer.
 * N2  One an hour stays for the whole retention, the others for a shorter time: a Redis that failed over may name an older one again.
 * N3  What a stop, a full queue or a long rest forgets stays in the database: space, never truth.
 */
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Limits } from './limits.ts';
import { compareEntries, msOf } from './message.ts';
import type { ActorId, EntryId } from './message.ts';
import { createPackedQueue } from './packed-queue.ts';
import type { PackedQueue } from './packed-queue.ts';
import type { Mailboxes, Snapshots, System } from './ports.ts';
import { actorId, entryId, parseSnapshotName, snapshotId } from './snapshot-codec.ts';

export interface Superseded {
  readonly actor: ActorId;
  /** Name of the snapshot that is no longer the newest. */
  readonly former: string;
  /** Last entry of the one that took its place. */
  readonly by: EntryId;
}

/** With the time when it is due, milliseconds since 1970. */
const retired = z.object({ actor: actorId, former: z.string(), by: entryId, dueMs: z.number() });
type Retired = z.infer<typeof retired>;

export interface Retention {
  superseded(one: Superseded): void;
  /** Deletes a batch of what is due; whether there may be more of it. */
  sweep(): Promise<boolean>;
}

export interface RetentionOptions {
  readonly snapshots: Pick<Snapshots, 'remove'>;
  readonly mailboxes: Pick<Mailboxes, 'read'>;
  readonly system: System;
  readonly limits: Limits;
}

const HOUR_MS = 3_600_000;
const SWEEP_MAX = 500;
/** After every real entry: the read is for the tip alone. */
const END: EntryId = '999999999999999-0';

export function createRetention({ snapshots, mailboxes, system, limits }: RetentionOptions): Retention {
  // Two queues, each in the order of its due times, because what is pushed on one always waits equally long.
  const thinned = createPackedQueue(retired, SWEEP_MAX);
  const kept = createPackedQueue(retired, SWEEP_MAX);
  const keptHour = new LRUCache<ActorId, number>({ max: limits.hotActors });
  /** Due, but the one before the snapshot that is named: of actors that may never move on, so they take no place in a queue. */
  const resting = new LRUCache<ActorId, Superseded>({ max: limits.hotActors });
  const push = (queue: PackedQueue<Retired>, { actor, former, by }: Superseded, delayMs: number): void => {
    if (queue.length < limits.retiredSnapshots) queue.push({ actor, former, by, dueMs: system.wallMs() + delayMs }); // N3
  };
  const superseded = (one: Superseded): void => {
    const rested = resting.get(one.actor);
    resting.delete(one.actor);
    if (rested !== undefined && rested.former !== one.former) push(thinned, rested, limits.snapshotThinAfterMs);
    const hour = Math.floor(msOf(parseSnapshotName(one.former).last) / HOUR_MS);
    if (keptHour.get(one.actor) === hour) return push(thinned, one, limits.snapshotThinAfterMs);
    keptHour.set(one.actor, hour);
    push(kept, one, limits.snapshotRetentionMs);
  };
  const sweepBatch = async (queue: PackedQueue<Retired>): Promise<boolean> => {
    const now = system.wallMs();
    const batch = queue.oldest();
    const firstLater = batch.findIndex((one) => one.dueMs > now);
    const due = firstLater === -1 ? batch : batch.slice(0, firstLater);
    if (due.length === 0) return false;
    const looks = await mailboxes.read(due.map(({ actor }) => ({ actor, after: END })));
    const isBelow = (one: Retired, index: number): boolean => {
      const named = looks[index]?.tip?.snapshot ?? null;
      return named !== null && compareEntries(parseSnapshotName(named).last, one.by) > 0; // N1
    };
    const ids = due.filter(isBelow).map(({ actor, former }) => snapshotId(actor, former));
    if (ids.length > 0) await snapshots.remove(ids);
    queue.drop(due.length);
    due.forEach((one, index) => {
      if (!isBelow(one, index)) resting.set(one.actor, one);
    });
    return firstLater === -1 && queue.length > 0;
  };
  const sweep = async (): Promise<boolean> => {
    const isMoreThinned = await sweepBatch(thinned);
    return (await sweepBatch(kept)) || isMoreThinned;
  };
  return { superseded, sweep };
}
