/** One of the two that must agree, and the small world that both know: two shards of one role, one of another, seven actors. */
import type { ActorId } from '../../../engine/message.ts';
import type { Operations } from '../../../engine/operations.ts';
import type { Effects, Leases, Mailboxes, Outbox, Shard } from '../../../engine/ports.ts';
import type { Restoration } from '../../../engine/restoration.ts';
import { layout } from '../fixture.ts';
import type { Look } from './look.ts';
import type { Names } from './names.ts';

export interface SidePorts {
  readonly mailboxes: Mailboxes;
  readonly leases: Leases;
  readonly effects: Effects;
  readonly operations: Operations;
  readonly restoration: Restoration;
  /** In the form of a cluster only. */
  readonly outbox?: Outbox;
}

export interface Side {
  readonly name: 'memory' | 'Redis';
  readonly ports: SidePorts;
  readonly names: Names;
  look(): Promise<Look>;
  /** Makes leases, heartbeats, claims and timers older: time passes without waiting. */
  age(ms: number): Promise<void>;
}

/** What both sides are when a sequence begins. */
export interface Form {
  /** Each write reaches one shard only, the rest goes through outboxes. */
  readonly cluster: boolean;
  /** Everything is lost: there is not even an installation. */
  readonly empty: boolean;
}

const ACTORS_OF_SHARD: Readonly<Record<Shard, number>> = { t0: 3, t1: 2, o0: 2 };
export const SHARDS: readonly Shard[] = Object.keys(ACTORS_OF_SHARD);
export const ACTORS: readonly ActorId[] = SHARDS.flatMap(actorsOf);

function actorsOf(shard: Shard): ActorId[] {
  const kind = shard.startsWith('t') ? 'toy' : 'other';
  const found: ActorId[] = [];
  for (let id = 1; found.length < (ACTORS_OF_SHARD[shard] ?? 0); id += 1) {
    const actor: ActorId = `${kind}:${String(id)}`;
    if (layout.shardOf(actor) === shard) found.push(actor);
  }
  return found;
}
