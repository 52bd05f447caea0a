/** A shard that this process owns, as the cycle sees it. */
import type { ActorId } from './message.ts';
import type { Lease } from './ports.ts';

export interface OwnedShard {
  readonly lease: Lease;
  readonly role: string;
  /** Monotonic: work on the shard stops here unless the lease was renewed. */
  workUntilMs: number;
  /** Monotonic: the last commit in it, or when it was taken. */
  movedMs: number;
  /** Monotonic: when it last was in a cycle with several ready actors. */
  sharedMs: number;
  /**
   * After a takeover by expiry: the actors that were tried already. An actor that is not among them may be what killed the former owner,
   * so it is decided one entry at a time with its attempts counted. null: no suspicion (any more).
   */
  tried: Set<ActorId> | null;
  /** On its way to another worker: no new work. */
  leaving: boolean;
  /** The lease is no longer held, whoever has the shard now; what was in memory of it is forgotten. */
  lost: boolean;
}
