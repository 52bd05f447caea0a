/** Workers on in-memory ports and a clock that the test moves. */
import { createMemoryPorts } from '../../mocks/memory/ports.ts';
import { createMemorySystem } from '../../mocks/memory/system.ts';
import { foldActor } from '../fold.ts';
import { createLayout } from '../layout.ts';
import type { Limits } from '../limits.ts';
import { toJson } from '../message.ts';
import type { ActorId, Addressed } from '../message.ts';
import type { Log } from '../metrics.ts';
import { createRegistry } from '../registry.ts';
import type { AnyKind } from '../registry.ts';
import { createWorker } from '../worker.ts';
import type { Worker, WorkerPorts } from '../worker.ts';
import { createPurse, notice } from './toy.ts';
import type { Purse } from './toy.ts';

export interface RigOptions {
  readonly kinds?: readonly AnyKind[];
  readonly shards?: number;
  /** Messages to other shards go through the outbox. */
  readonly cluster?: boolean;
}

export interface Mortal {
  readonly ports: WorkerPorts;
  /** From now on nothing is answered, as if the process were gone. */
  kill(): void;
}

/** Ports that stop answering when their process dies. */
export function mortal(ports: WorkerPorts): Mortal {
  const life = { dead: false };
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name, receiver): unknown {
        const member: unknown = Reflect.get(target, name, receiver);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => (life.dead ? new Promise(() => undefined) : Reflect.apply(member, target, args));
      },
    });
  const { mailboxes, leases, operations, hints, snapshots, ledger, journal, directory, outbox } = ports;
  const wrapped: WorkerPorts = {
    mailboxes: wrap(mailboxes),
    leases: wrap(leases),
    operations: wrap(operations),
    snapshots: wrap(snapshots),
    ledger: wrap(ledger),
    journal: wrap(journal),
    directory: wrap(directory),
    hints,
    ...(outbox === undefined ? {} : { outbox: wrap(outbox) }),
  };
  return { ports: wrapped, kill: () => (life.dead = true) };
}

export function createRig({ kinds = [createPurse(), notice], shards = 4, cluster = false }: RigOptions = {}) {
  const system = createMemorySystem();
  const registry = createRegistry(kinds);
  const layout = createLayout({ roles: { toy: { letter: 't', shards } } }, registry.kindRoles);
  const ports = createMemoryPorts({ layout, system, cluster });
  const lines: string[] = [];
  const write = (_facts: object, message: string): void => void lines.push(message);
  const log: Log = { info: write, warn: write, error: write };
  let sent = 0;
  const message = (to: ActorId, type: string, body: unknown): Addressed => ({
    to,
    type,
    body: toJson(body),
    id: `m${(sent += 1)}`,
    from: 'test:rig',
    trace: '',
  });
  return {
    system,
    registry,
    layout,
    ports,
    lines,
    message,
    worker(limits: Partial<Limits> = {}, given: WorkerPorts = ports, code = registry): Worker {
      return createWorker({ roles: ['toy'], registry: code, layout, ports: given, system, limits, log });
    },
    /** A worker of a place: it replaces those that were there before. */
    workerAt(name: string, given: WorkerPorts = ports): Worker {
      return createWorker({ roles: ['toy'], registry, layout, ports: given, system, log, name, replaces: true });
    },
    send: (to: ActorId, type: string, body: unknown) => ports.mailboxes.send([message(to, type, body)], null),
    /** The committed state, as any reader would fold it. */
    async purse(actor: ActorId): Promise<Purse> {
      const folded = await foldActor({ actor, known: null }, { registry, mailboxes: ports.mailboxes, snapshots: ports.snapshots });
      return (folded?.envelope.state ?? { balance: 0n, reminders: [], calls: [], fired: 0 }) as Purse;
    },
    shard: (actor: ActorId) => {
      const store = ports.store.shards.get(layout.shardOf(actor));
      if (store === undefined) throw new Error(`nothing was ever sent to ${actor}`);
      return store;
    },
  };
}
