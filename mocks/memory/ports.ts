/** All ports of the engine in memory, with the semantics of the Redis scripts: for tests, and for trying an actor without servers. */
import type { ActorId } from '../../engine/message.ts';
import type { Hints, Shard, System } from '../../engine/ports.ts';
import { createMemoryEffects } from './effects.ts';
import { createMemoryLeases } from './leases.ts';
import { createMemoryDirectory, createMemoryJournal, createMemoryLedger, createMemoryMongo, createMemorySnapshots } from './long-memory.ts';
import type { MemoryMongo } from './long-memory.ts';
import { createMemoryMailboxes } from './mailboxes.ts';
import { createMemoryOperations } from './operations.ts';
import { createMemoryOutbox } from './outbox.ts';
import { createMemoryRestoration } from './restoration.ts';
import { createStore } from './store.ts';
import { createMemorySystem } from './system.ts';

export interface MemoryPortsOptions {
  readonly layout: { shardOf(actor: ActorId): Shard };
  readonly system?: System;
  /** A long memory that outlived its Redis. */
  readonly mongo?: MemoryMongo;
  /** A commit reaches its own shard only, as in a cluster: the rest goes through the outbox. */
  readonly cluster?: boolean;
}

export type MemoryPorts = ReturnType<typeof createMemoryPorts>;

/** Beside the ports: `mongo` (contents, and `away` to fail its ports) and `store` (what Redis would hold). */
export function createMemoryPorts({
  layout,
  system = createMemorySystem(),
  mongo = createMemoryMongo(),
  cluster = false,
}: MemoryPortsOptions) {
  const store = createStore((actor) => layout.shardOf(actor), system, cluster);
  return {
    mailboxes: createMemoryMailboxes(store),
    leases: createMemoryLeases(store),
    effects: createMemoryEffects(store),
    operations: createMemoryOperations(store),
    hints: createMemoryHints(),
    snapshots: createMemorySnapshots(mongo),
    ledger: createMemoryLedger(mongo),
    journal: createMemoryJournal(mongo),
    directory: createMemoryDirectory(mongo),
    ...(cluster ? { outbox: createMemoryOutbox(store) } : {}),
    restoration: createMemoryRestoration(store),
    system,
    mongo,
    store,
  };
}

export function createMemoryHints(): Hints {
  const committed = new Set<(actors: readonly ActorId[]) => void>();
  const work = new Set<(shards: readonly Shard[]) => void>();
  return {
    committed: (actors) => {
      for (const listener of committed) setImmediate(listener, actors);
    },
    work: (shards) => {
      for (const listener of work) setImmediate(listener, shards);
    },
    onCommitted: (listener) => subscribe(committed, listener),
    onWork: (listener) => subscribe(work, listener),
  };
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
