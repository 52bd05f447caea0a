/** The in-memory ports as one side: time passes by making what is stored older. */
import { createMemoryPorts } from '../../../mocks/memory/ports.ts';
import type { MemoryPorts } from '../../../mocks/memory/ports.ts';
import { createStore, shardStore } from '../../../mocks/memory/store.ts';
import type { ShardStore } from '../../../mocks/memory/store.ts';
import { createMemorySystem } from '../../../mocks/memory/system.ts';
import { layout } from '../fixture.ts';
import type { Look, ShardLook } from './look.ts';
import { createNames } from './names.ts';
import { ACTORS, SHARDS } from './side.ts';
import type { Form, Side } from './side.ts';

/** A clock that the other side sets, so that both agree on what came first. */
export interface Clock {
  ms: number;
}

export function createMemorySide(clock: Clock, { cluster }: Form): Side {
  const system = { ...createMemorySystem(), wallMs: () => clock.ms };
  const ports = createMemoryPorts({ layout, system, cluster });
  return {
    name: 'memory',
    ports,
    names: createNames(),
    look: () => Promise.resolve(lookAt(ports)),
    age: (ms) => {
      age(ports, ms);
      return Promise.resolve();
    },
  };
}

function lookAt({ store }: MemoryPorts): Look {
  const boxes = ACTORS.flatMap((actor) => {
    const mailbox = store.shards.get(layout.shardOf(actor))?.mailboxes.get(actor);
    return mailbox === undefined ? [] : [[actor, { entries: [...mailbox.entries], last: mailbox.last }] as const];
  });
  // Who looks makes nothing: an empty store must stay one.
  const nothing = createStore((actor) => store.shardOf(actor), store.system);
  const shards = SHARDS.map((shard) => [shard, shardLook(store.shards.get(shard) ?? shardStore(nothing, shard))] as const);
  return { shards: new Map(shards), mailboxes: new Map(boxes) };
}

function shardLook(shard: ShardStore): ShardLook {
  return {
    lease: shard.lease === null ? null : { ...shard.lease },
    ready: new Map(shard.ready),
    tips: new Map(shard.tips),
    totals: new Map(shard.totals),
    parked: new Map([...shard.parked].map(([actor, { entry, error, attempts }]) => [actor, { entry, error, attempts }])),
    attempts: new Map(shard.attempts),
    timers: new Map([...shard.timers].map(([name, { at }]) => [name, at])),
    effects: [...shard.effects.values()].map(({ record, claim, attempts, claimedBy }) => ({ ...record, claim, attempts, by: claimedBy })),
    dead: shard.dead.map(({ actor, entry, by }) => ({ actor, entry, by })),
    outbox: [...shard.outbox.entries],
    seen: new Map([...shard.seen].map(([from, epochs]) => [from, epochs.map((one) => ({ ...one }))])),
  };
}

function age({ store }: MemoryPorts, ms: number): void {
  for (const [name, at] of store.heartbeats) store.heartbeats.set(name, at - ms);
  for (const shard of store.shards.values()) {
    if (shard.lease !== null) shard.lease.expiresAt -= ms;
    for (const [name, timer] of shard.timers) shard.timers.set(name, { ...timer, at: timer.at - ms });
    for (const effect of shard.effects.values()) if (effect.claimedAt !== null) effect.claimedAt -= ms;
  }
}
