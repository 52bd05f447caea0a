/**
 * A process that owns actors: keeps shards, runs cycles over them, fires timers, saves snapshots, cleans up.
 * Each of these is a loop that may fail and go on; nothing here knows a product.
 */
import { createCache } from './cache.ts';
import { carefulPass } from './careful.ts';
import type { Layout } from './layout.ts';
import { createShardKeeper } from './leases.ts';
import type { ShardKeeper } from './leases.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { Limits } from './limits.ts';
import { createLoader } from './load.ts';
import { startLoop, within } from './loop.ts';
import type { Loop } from './loop.ts';
import { msOf } from './message.ts';
import type { ActorId } from './message.ts';
import { silentLog, silentMetrics } from './metrics.ts';
import type { Log, Metrics } from './metrics.ts';
import type { OwnedShard } from './ownership.ts';
import type { Operations } from './operations.ts';
import type { Directory, Hints, Journal, Leases, Ledger, Mailboxes, Outbox, Shard, Snapshots, System, Tip } from './ports.ts';
import type { Registry } from './registry.ts';
import { createGuesses } from './receive.ts';
import { createRelay } from './relay.ts';
import type { Relay } from './relay.ts';
import { createRetention } from './retention.ts';
import { createSnapshotter } from './snapshotter.ts';
import type { SnapshotLag } from './snapshotter.ts';
import { cycle } from './turn.ts';
import type { TurnDeps } from './turn.ts';
import { startWatchdog } from './watchdog.ts';
import type { Watchdog } from './watchdog.ts';

export interface WorkerPorts {
  readonly mailboxes: Mailboxes;
  readonly leases: Leases;
  readonly operations: Pick<Operations, 'actors' | 'forget'>;
  readonly hints: Hints;
  readonly snapshots: Snapshots;
  readonly ledger: Pick<Ledger, 'insert'>;
  readonly journal: Pick<Journal, 'insert' | 'removeBefore'>;
  readonly directory: Pick<Directory, 'put'>;
  /** Where a commit cannot write into other shards. */
  readonly outbox?: Outbox;
}

export interface WorkerOptions {
  /** Roles whose actors this process may own. */
  readonly roles: readonly string[];
  readonly registry: Registry;
  readonly layout: Layout;
  readonly ports: WorkerPorts;
  readonly system: System;
  /** Told of shards of this worker to which a commit has just written effects. */
  readonly onEffects?: (shards: readonly Shard[]) => void;
  /** Others than the default ones. */
  readonly limits?: Partial<Limits>;
  readonly log?: Log;
  readonly metrics?: Metrics;
  /** Begins the worker's name, for people: host and process, say. */
  readonly name?: string;
  /** A former worker of this name is dead: its shards are taken at once. */
  readonly replaces?: boolean;
  /** Ends the process when its event loop stands still for two TTLs; off by default, because it is for whole processes. */
  readonly watchdog?: boolean;
}

export interface WorkerStatus {
  readonly worker: string;
  readonly shards: readonly Shard[];
  readonly lag: SnapshotLag;
  readonly hotActors: number;
  /** Shards held -> milliseconds since the last commit in each, or since it was taken. */
  readonly quietMs: ReadonlyMap<Shard, number>;
  /** Cold actors cannot be loaded now: what waits for it does so unharmed. */
  readonly loadsFail: boolean;
}

export interface Worker {
  /** Resolves when the first shards were asked for; rejects when that failed. */
  start(): Promise<void>;
  /** Stops receiving, finishes commits, saves what is unsaved, gives the shards back. */
  stop(): Promise<void>;
  status(): WorkerStatus;
  /** Somebody in this process has just written to the actor: if it is ours, it is fetched at once and needs no hint. */
  told(actor: ActorId): boolean;
}

interface Parts {
  readonly worker: string;
  readonly limits: Limits;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly cache: ReturnType<typeof createCache>;
  readonly keeper: ShardKeeper;
  readonly snapshotter: ReturnType<typeof createSnapshotter>;
  readonly retention: ReturnType<typeof createRetention>;
  readonly deps: TurnDeps;
  readonly relay: Relay | null;
  /** The cycles that run, or the last ones, by lane; `wake` starts those of a shard's lane. */
  readonly current: { readonly rounds: Promise<unknown>[]; wake: (shards: Iterable<Shard>) => void };
}

export function createWorker(options: WorkerOptions): Worker {
  const parts = assemble(options);
  let loops: readonly Loop[] = [];
  let watchdog: Watchdog | null = null;
  let unsubscribe = (): void => undefined;
  return {
    async start() {
      await parts.keeper.look();
      const running = startLoops(parts, options);
      loops = running.loops;
      parts.current.wake = running.wake;
      unsubscribe = options.ports.hints.onWork(running.wake);
      if (options.watchdog === true) watchdog = startWatchdog(2 * parts.limits.leaseTtlMs);
      parts.log.info({ worker: parts.worker, roles: options.roles }, 'worker started');
    },
    async stop() {
      unsubscribe();
      // The first loop renews leases: it goes on until everything is committed, saved and given back.
      const [leasesLoop, ...others] = loops;
      await Promise.all(others.map((loop) => loop.stop()));
      await parts.keeper.stop();
      await leasesLoop?.stop();
      await watchdog?.stop();
      parts.log.info({ worker: parts.worker }, 'worker stopped');
    },
    told(actor) {
      const shard = options.layout.shardOf(actor);
      if (parts.keeper.leaseOf(shard) === undefined) return false;
      parts.deps.guesses.add(shard, actor);
      parts.current.wake([shard]);
      return true;
    },
    status: () => ({
      worker: parts.worker,
      shards: parts.keeper.working().map(({ lease }) => lease.shard),
      lag: parts.snapshotter.lag(),
      hotActors: parts.cache.size,
      quietMs: new Map(parts.keeper.held().map(({ lease, movedMs }) => [lease.shard, options.system.monotonicMs() - movedMs])),
      loadsFail: parts.deps.loader.isFailing(),
    }),
  };
}

function assemble({ roles, registry, layout, ports, system, ...options }: WorkerOptions): Parts {
  const { log = silentLog, metrics = silentMetrics, name = 'worker', replaces = false, onEffects = () => undefined } = options;
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const worker = `${name}/${system.uuid()}`;
  const former = replaces ? `${name}/` : null;
  const cache = createCache(limits);
  const current: Parts['current'] = { rounds: [], wake: () => undefined };
  const common = { system, limits, metrics, log, registry, cache };
  const onFenced = (shard: Shard): void => keeper.lost(shard);
  const onLost = (shards: ReadonlySet<Shard>): void => cache.dropShards(shards);
  const leaseOf = (shard: Shard) => keeper.leaseOf(shard);
  const retention = createRetention({ snapshots: ports.snapshots, mailboxes: ports.mailboxes, system, limits });
  const snapshotter = createSnapshotter({ ...common, ...ports, worker, retention, leaseOf, onFenced });
  const handOver = async (shards: ReadonlySet<Shard>): Promise<void> => {
    await Promise.all(current.rounds);
    const leases = [...shards].flatMap((shard) => leaseOf(shard) ?? []);
    await within(Promise.all([snapshotter.flushShards(shards), relay?.drain(leases)]), limits.stopFlushMs, system);
  };
  const keeper: ShardKeeper = createShardKeeper({ ...common, roles, worker, former, layout, leases: ports.leases, handOver, onLost });
  const loader = createLoader({ ...common, ports: { ...ports, registry }, onLoaded: (shards) => current.wake(shards) });
  const hints: TurnDeps['hints'] = {
    committed: (actors) => ports.hints.committed(actors),
    work(shards) {
      current.wake(shards);
      const others = shards.filter((shard) => leaseOf(shard) === undefined);
      if (others.length > 0) ports.hints.work(others);
    },
  };
  const { outbox } = ports;
  const relay = outbox === undefined ? null : createRelay({ ...common, outbox, hints, layout, onFenced });
  const guesses = createGuesses(limits);
  const deps: TurnDeps = { ...common, layout, mailboxes: ports.mailboxes, hints, guesses, loader, onFenced, onEffects, outgoing: relay };
  return { worker, limits, log, metrics, cache, keeper, snapshotter, retention, deps, relay, current };
}

function startLoops(parts: Parts, options: WorkerOptions): { loops: Loop[]; wake: (shards: Iterable<Shard>) => void } {
  const { keeper, limits, metrics, log, snapshotter } = parts;
  const { system, ports } = options;
  const start: Start = (name, round) => startLoop({ name, round, system, metrics, log });
  const leases = start('leases', async () => {
    await keeper.look();
    return limits.leaseEveryMs;
  });
  const lanes = startLanes(parts, options, start);
  const timers = start('timers', async () => {
    const leases = keeper.working().map(({ lease }) => lease);
    const due = await ports.mailboxes.due(leases);
    if (due > 0) {
      metrics.count('ironwallet_timers_total', due);
      lanes.wake(leases.map(({ shard }) => shard));
    }
    return limits.timersEveryMs;
  });
  const snapshots = start('snapshots', async () => {
    await snapshotter.flush();
    return limits.flushEveryMs;
  });
  const relays = parts.relay === null ? [] : [startRelay(parts.relay, parts, start)];
  const cleaning = start('cleaning', createCleaning(parts, options));
  return { loops: [leases, ...lanes.loops, ...relays, timers, snapshots, cleaning], wake: lanes.wake };
}

type Start = (name: string, round: () => Promise<number>) => Loop;

function startRelay(relay: Relay, { keeper, limits }: Parts, start: Start): Loop {
  const loop = start('relay', async () => {
    await relay.round(keeper.working().map(({ lease }) => lease));
    return relay.isWaiting() ? 0 : limits.relayEveryMs;
  });
  relay.onWaiting(() => loop.wake());
  return loop;
}

interface Lanes {
  readonly loops: readonly Loop[];
  /** Starts the cycles of the lanes of those shards that are owned. */
  readonly wake: (shards: Iterable<Shard>) => void;
}

/** A shard is always in the same lane, so that its cycles never overlap (I1). */
function startLanes(parts: Parts, { roles, layout }: WorkerOptions, start: Start): Lanes {
  const { limits, keeper, current } = parts;
  const laneOf = new Map(roles.flatMap((role) => layout.shardsOf(role)).map((shard, index) => [shard, index % limits.lanes]));
  const lanes = Array.from({ length: limits.lanes }, (_, lane) => {
    const idle = { ms: limits.idleMinMs };
    const shards = (): OwnedShard[] => keeper.working().filter((owned) => laneOf.get(owned.lease.shard) === lane);
    const loop = start('turn', () => {
      const round = runCycle(shards, parts, idle);
      current.rounds[lane] = round.catch(() => undefined);
      return round;
    });
    const wake = (): void => {
      idle.ms = limits.idleMinMs;
      loop.wake();
    };
    return { loop, wake };
  });
  return {
    loops: lanes.map(({ loop }) => loop),
    wake(shards) {
      const woken = new Set<number>();
      for (const shard of shards) {
        const lane = laneOf.get(shard);
        if (lane !== undefined && keeper.leaseOf(shard) !== undefined) woken.add(lane);
      }
      for (const lane of woken) lanes[lane]?.wake();
    },
  };
}

async function runCycle(shards: () => OwnedShard[], { deps, limits }: Parts, idle: { ms: number }): Promise<number> {
  let entries = 0;
  for (const owned of shards()) if (owned.tried !== null) entries += await carefulPass(owned, deps);
  entries += (await cycle(shards(), deps)).entries;
  if (entries > 0) {
    idle.ms = limits.idleMinMs;
    return 0;
  }
  const ms = idle.ms;
  idle.ms = Math.min(limits.idleMaxMs, ms * 2);
  return ms;
}

/** Superseded snapshots are deleted as long as any are due; else a page of tips per round: mailboxes at rest are deleted. */
function createCleaning({ keeper, limits, retention }: Parts, { ports, system }: WorkerOptions): () => Promise<number> {
  const place = { shard: 0, cursor: '0' };
  return async () => {
    if (await retention.sweep()) return 0;
    await ports.journal.removeBefore(system.wallMs() - limits.journalRetentionMs);
    const shards = keeper.working();
    const owned = shards[place.shard % Math.max(1, shards.length)];
    if (owned === undefined) return limits.forgetEveryMs;
    const { cursor, actors } = await ports.operations.actors(owned.lease.shard, place.cursor);
    const isOld = (tip: Tip): boolean =>
      tip.snapshot?.startsWith(`${tip.last}~`) === true && system.wallMs() - msOf(tip.last) > limits.forgetAfterMs;
    const old = [...actors].filter(([, tip]) => isOld(tip)).slice(0, limits.forgetsPerLook);
    for (const [actor] of old) await ports.operations.forget(owned.lease, actor);
    place.cursor = cursor;
    if (cursor === '0') place.shard += 1;
    return limits.forgetEveryMs;
  };
}
