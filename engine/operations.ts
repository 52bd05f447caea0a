/** What operators and the worker's own housekeeping may ask of the shards: gauges, parked actors, dead letters, totals. One of the ports. */
import type { ActorId, Addressed, EntryId, StoredEntry } from './message.ts';
import type { Head, Lease, ParkedActor, Shard, Tip } from './ports.ts';

export interface WaitingActor {
  readonly actor: ActorId;
  readonly shard: Shard;
  /** Milliseconds since 1970 of its oldest uncommitted entry. */
  readonly since: number;
}

export interface DeadEntry extends StoredEntry {
  readonly actor: ActorId;
  readonly by: string;
  readonly why: string;
  readonly at: number;
}

export interface ShardGauges {
  /** Actors with uncommitted entries; parked ones are not among them. */
  readonly ready: number;
  /** Age of the oldest uncommitted entry by the store's clock; null when nothing waits. */
  readonly oldestReadyMs: number | null;
  readonly parked: number;
  /** Entries that operators skipped. */
  readonly dead: number;
}

export interface Gauges extends ShardGauges {
  readonly memoryUsed: number;
  /** 0: no limit is set. */
  readonly memoryMax: number;
  readonly byShard: ReadonlyMap<Shard, ShardGauges>;
}

export interface Operations {
  parked(shards: readonly Shard[]): Promise<ParkedActor[]>;
  resume(actor: ActorId): Promise<boolean>;
  /**
   * Moves tip and named snapshot over the parked entry, copies it to `dead`, unparks, delivers what follows. True also when that was done
   * before, false when entry or tip moved meanwhile.
   */
  skip(skip: {
    readonly actor: ActorId;
    readonly entry: EntryId;
    readonly expected: Head;
    readonly next: Head;
    readonly rules: number;
    readonly by: string;
    readonly why: string;
    readonly deliveries: readonly Addressed[];
  }): Promise<boolean>;
  /** Of each shard, the newest first. */
  dead(shards: readonly Shard[]): Promise<DeadEntry[]>;
  waiting(shards: readonly Shard[], limit: number): Promise<WaitingActor[]>;
  /** All actors of a shard that ever committed, in pages; the cursor ends as `0`. */
  actors(shard: Shard, cursor: string): Promise<{ readonly cursor: string; readonly actors: ReadonlyMap<ActorId, Tip> }>;
  totals(shards: readonly Shard[]): Promise<Map<string, bigint>>;
  /** Deletes the mailbox of an actor at rest: nothing uncommitted, not parked, its last entry is tip and snapshot. Whether it is gone now. */
  forget(lease: Lease, actor: ActorId): Promise<boolean>;
  /** What waits, is parked and was skipped, and memory: what back-pressure and `/readyz` look at, once a second. */
  gauges(shards: readonly Shard[]): Promise<Gauges>;
}
