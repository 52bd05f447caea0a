/** What a restore asks of a Redis that lost everything. */
import type { ActorId, Addressed } from './message.ts';
import type { EffectRecord, Shard, Tip } from './ports.ts';

/** An actor as its snapshot says it stood. */
export interface RestoredActor {
  readonly actor: ActorId;
  readonly tip: Tip;
  /** The actor's own totals: its share of the shard's. */
  readonly sums: Readonly<Record<string, bigint>>;
  readonly timers: readonly { readonly key: string; readonly at: number }[];
  readonly effects: readonly EffectRecord[];
}

/** Fills a Redis that lost everything. Each call may be repeated, also by another process after a stop. */
export interface Restoration {
  /** Marks an empty Redis, or goes on where a restore of this installation stopped. Throws `redis_not_empty`; `restore_needs_one_server` in a cluster. */
  begin(installation: string): Promise<void>;
  /** Actors of one shard, before any message to them; those that are there already stay as they are. How many were new. Throws `not_restoring`. */
  put(shard: Shard, actors: readonly RestoredActor[]): Promise<number>;
  /** Each message is delivered once, by receiver and `key`, however often it is asked for. How many were new. Throws `not_restoring`. */
  deliver(messages: readonly { readonly key: string; readonly message: Addressed }[]): Promise<number>;
  /** From here on workers may start: the installation is there, every lease is free. */
  finish(installation: string): Promise<void>;
}
