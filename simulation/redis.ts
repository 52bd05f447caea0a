/**
 * The simulated Redis and MongoDB: the in-memory ports, with what servers do on their own.
 *
 * R1  A restart loses nothing (fsync always) but ends every lease: tokens of another run of the server are void.
 * R2  A failover takes the server back to an earlier moment, everything of it together.
 */
import { createMemoryPorts } from '../mocks/memory/ports.ts';
import type { MemoryPorts } from '../mocks/memory/ports.ts';
import type { ShardStore } from '../mocks/memory/store.ts';
import type { Layout } from '../engine/layout.ts';
import type { Shard } from '../engine/ports.ts';
import { EPOCH_MS } from './life.ts';
import type { Server } from './wires.ts';
import type { World } from './world.ts';

export interface Servers {
  readonly ports: MemoryPorts;
  readonly redis: Server;
  readonly mongo: Server;
  /** Milliseconds that the clock of Redis is ahead. */
  stepClock(ms: number): void;
  restart(): void;
  checkpoint(): () => void;
}

export function createServers(world: World, layout: Layout, cluster: boolean): Servers {
  const clock = { aheadMs: 0 };
  const system = {
    monotonicMs: () => world.nowMs(),
    wallMs: () => EPOCH_MS + world.nowMs() + clock.aheadMs,
    sleep: () => Promise.reject(new Error('a server does not sleep')),
    alarm: () => {
      throw new Error('a server has no alarms');
    },
    yield: () => Promise.resolve(),
    random: () => world.random.next(),
    uuid: () => world.random.uuid(),
  };
  const ports = createMemoryPorts({ layout, system, cluster });
  const { shards, heartbeats } = ports.store;
  const restart = (): void => {
    for (const shard of shards.values()) if (shard.lease !== null) shard.lease = { owner: '', token: 'void', expiresAt: 0 };
  };
  return {
    ports,
    redis: serverOf('redis'),
    mongo: serverOf('mongo'),
    stepClock: (ms) => (clock.aheadMs += ms),
    restart,
    checkpoint() {
      const kept = structuredClone<[Shard, ShardStore][]>([...shards]);
      return () => {
        shards.clear();
        for (const [name, shard] of kept) shards.set(name, shard);
        heartbeats.clear();
        restart();
      };
    },
  };
}

function serverOf(name: string): Server {
  return { name, awayUntilMs: 0, slowUntilMs: 0, errorsAfterWork: 0 };
}
