/**
 * Keeps the shards of this worker: which ones it should have, which ones it has, and until when it may work.
 *
 * H1  Work on a shard ends at two thirds of the TTL after the last renewal was *sent*, by the monotonic clock: the server cannot have
 *     given the lease away by then. (The token fences what comes later all the same.)
 * H2  A shard is given to another living worker only after its cycle has ended and its unsaved actors were tried to be saved.
 * H3  After a takeover by expiry the shard is suspicious: see careful.ts.
 * H4  Whoever had this worker's place before it is dead, so at the start what it left behind expires at once. Where that is wrong its
 *     token fences it, as one whose time was over.
 */
import type { Layout } from './layout.ts';
import type { Limits } from './limits.ts';
import type { Log, Metrics } from './metrics.ts';
import type { OwnedShard } from './ownership.ts';
import { placementOf } from './placement.ts';
import type { Lease, Leases, Shard, System } from './ports.ts';

export interface ShardKeeperOptions {
  readonly roles: readonly string[];
  /** Unique for ever: a restarted process is another worker. */
  readonly worker: string;
  /** Begins the names of workers that this one replaces; null for none. */
  readonly former: string | null;
  readonly layout: Pick<Layout, 'shardsOf'>;
  readonly leases: Leases;
  readonly system: System;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Ends the work on shards that are to be given away, and saves what can be saved. */
  readonly handOver: (shards: ReadonlySet<Shard>) => Promise<void>;
  /** Shards that are no longer ours. */
  readonly onLost: (shards: ReadonlySet<Shard>) => void;
}

export interface ShardKeeper {
  /** One look: heartbeat, renewal when due, give, take; while it stops, renewals alone. */
  look(): Promise<void>;
  /** Shards that may be worked on now. */
  working(): OwnedShard[];
  /** Those that are not on their way to another worker; also when work on them ended because no renewal was answered. */
  held(): OwnedShard[];
  /** Also of shards that are leaving: their last snapshots still need it. */
  leaseOf(shard: Shard): Lease | undefined;
  lost(shard: Shard): void;
  /** Gives everything back and leaves the roles. */
  stop(): Promise<void>;
}

interface State {
  readonly owned: Map<Shard, OwnedShard>;
  /** By role, as last heard: where heartbeats are may be away while the shards are not. */
  readonly living: Map<string, readonly string[]>;
  /** By role, the shards that are this worker's among those workers. */
  readonly placed: Map<string, { readonly among: string; readonly shards: readonly Shard[] }>;
  renewedMs: number;
  moving: Promise<void>;
  /** The look that runs, or the last one. */
  looking: Promise<void>;
  stopping: boolean;
  /** What former workers of this place left behind has ended. */
  formerEnded: boolean;
}

export function createShardKeeper(options: ShardKeeperOptions): ShardKeeper {
  const state: State = {
    owned: new Map(),
    living: new Map(),
    placed: new Map(),
    renewedMs: -Infinity,
    moving: Promise.resolve(),
    looking: Promise.resolve(),
    stopping: false,
    formerEnded: false,
  };
  const { system, leases, roles, worker } = options;
  return {
    look: () => {
      const round = state.stopping ? renewWhenDue(state, options) : look(state, options);
      state.looking = round.catch(() => undefined);
      return round;
    },
    working: () => {
      const now = system.monotonicMs();
      return [...state.owned.values()].filter((shard) => !shard.leaving && now < shard.workUntilMs);
    },
    held: () => [...state.owned.values()].filter((shard) => !shard.leaving),
    leaseOf: (shard) => state.owned.get(shard)?.lease,
    lost: (shard) => lose([shard], state, options),
    async stop() {
      state.stopping = true;
      await state.looking;
      await state.moving;
      await giveBack([...state.owned.values()], state, options);
      for (const role of roles) await leases.leave(role, worker);
    },
  };
}

async function look(state: State, options: ShardKeeperOptions): Promise<void> {
  const { roles, worker, metrics } = options;
  if (!state.formerEnded) await endFormer(options);
  state.formerEnded = true;
  const living = await Promise.all(roles.map((role) => livingOf(role, state, options)));
  await renewWhenDue(state, options);
  const wanted = new Map<Shard, string>();
  roles.forEach((role, index) => {
    for (const shard of placedHere(role, living[index] ?? [worker], { state, options })) wanted.set(shard, role);
  });
  giveSurplus(wanted, state, options);
  await takeMissing(wanted, state, options);
  for (const role of roles) metrics.gauge('ironwallet_shards_owned', countOf(state, role), { role });
}

/** H4. Where it fails, what is left ends by itself a little later. */
async function endFormer({ roles, worker, former, layout, leases, limits, log }: ShardKeeperOptions): Promise<void> {
  if (former === null) return;
  const isFormer = (name: string): boolean => name !== worker && name.startsWith(former);
  try {
    const owners = await leases.owners(roles.flatMap((role) => layout.shardsOf(role)));
    const left = [...owners].flatMap(([shard, { owner, token }]) => (isFormer(owner) ? [{ shard, token }] : []));
    await leases.expire(left);
    for (const role of roles) {
      const living = await leases.heartbeat(role, worker, limits.leaseTtlMs);
      for (const name of living.filter(isFormer)) await leases.leave(role, name);
    }
    if (left.length > 0) log.warn({ shards: left.map(({ shard }) => shard) }, 'a former process of this place left shards behind');
  } catch (error) {
    log.warn({ error: error instanceof Error ? error.message : String(error) }, 'what a former process left behind ends by itself');
  }
}

function placedHere(role: string, living: readonly string[], { state, options }: { state: State; options: ShardKeeperOptions }) {
  const among = living.join(' ');
  const known = state.placed.get(role);
  if (known?.among === among) return known.shards;
  const all = options.layout.shardsOf(role);
  const owners = placementOf(all, living);
  const shards = all.filter((shard) => owners.get(shard) === options.worker);
  state.placed.set(role, { among, shards });
  return shards;
}

async function livingOf(role: string, state: State, { leases, worker, limits, log }: ShardKeeperOptions): Promise<readonly string[]> {
  const known = state.living.get(role);
  try {
    const living = await leases.heartbeat(role, worker, limits.leaseTtlMs);
    state.living.set(role, living);
    return living;
  } catch (error) {
    if (known === undefined || state.owned.size === 0) throw error;
    log.warn({ role, error: error instanceof Error ? error.message : String(error) }, 'a heartbeat failed: placement stays as it was');
    return known;
  }
}

function countOf(state: State, role: string): number {
  return [...state.owned.values()].filter((shard) => shard.role === role).length;
}

async function renewWhenDue(state: State, options: ShardKeeperOptions): Promise<void> {
  const { system, limits, leases } = options;
  const sentMs = system.monotonicMs();
  if (state.owned.size === 0 || sentMs - state.renewedMs < limits.leaseTtlMs / 3) return;
  const asked = [...state.owned.values()];
  const held = await leases.renew(
    asked.map(({ lease }) => lease),
    limits.leaseTtlMs,
  );
  state.renewedMs = sentMs;
  const heldShards = new Set(held.map(({ shard }) => shard));
  for (const owned of asked) if (heldShards.has(owned.lease.shard)) owned.workUntilMs = workUntil(sentMs, limits);
  const gone = asked.filter(({ lease }) => !heldShards.has(lease.shard)).map(({ lease }) => lease.shard);
  if (gone.length > 0) lose(gone, state, options);
}

function workUntil(sentMs: number, limits: Limits): number {
  return sentMs + (limits.leaseTtlMs * 2) / 3; // H1
}

function lose(shards: readonly Shard[], state: State, { log, metrics, onLost }: ShardKeeperOptions): void {
  const known = shards.filter((shard) => state.owned.has(shard));
  if (known.length === 0) return;
  for (const shard of known) {
    const owned = state.owned.get(shard);
    metrics.count('ironwallet_shards_total', 1, { role: owned?.role ?? '', how: 'lost' });
    if (owned !== undefined) owned.lost = true;
    state.owned.delete(shard);
  }
  log.warn({ shards: known }, 'shards have another owner now');
  onLost(new Set(known));
}

/** Shards that belong to another living worker go to it, a few per look. Not awaited: the leases of the others must be renewed meanwhile. */
function giveSurplus(wanted: ReadonlyMap<Shard, string>, state: State, options: ShardKeeperOptions): void {
  const surplus = [...state.owned.values()]
    .filter(({ lease, leaving }) => !leaving && !wanted.has(lease.shard))
    .slice(0, options.limits.movesPerLook);
  if (surplus.length === 0) return;
  for (const shard of surplus) shard.leaving = true;
  state.moving = state.moving.then(async () => {
    try {
      await giveBack(surplus, state, options);
    } catch (error) {
      for (const shard of surplus) shard.leaving = false; // the next look tries again
      options.log.warn({ error: error instanceof Error ? error.message : String(error) }, 'shards could not be given away');
    }
  });
}

async function giveBack(shards: readonly OwnedShard[], state: State, options: ShardKeeperOptions): Promise<void> {
  const names = new Set(shards.map(({ lease }) => lease.shard));
  for (const shard of shards) shard.leaving = true;
  await options.handOver(names); // H2
  await options.leases.release(shards.map(({ lease }) => lease).filter(({ shard }) => state.owned.has(shard)));
  for (const { lease, role } of shards) {
    if (state.owned.delete(lease.shard)) options.metrics.count('ironwallet_shards_total', 1, { role, how: 'released' });
  }
  options.onLost(names);
}

async function takeMissing(wanted: ReadonlyMap<Shard, string>, state: State, options: ShardKeeperOptions): Promise<void> {
  const { leases, worker, limits, system, metrics } = options;
  const missing = [...wanted].filter(([shard]) => !state.owned.has(shard)).slice(0, limits.acquiresPerLook);
  const sentMs = system.monotonicMs();
  const asked = await Promise.allSettled(missing.map(([shard]) => leases.acquire(shard, worker, limits.leaseTtlMs)));
  const [failed] = asked.flatMap((result) => (result.status === 'rejected' ? [result] : []));
  // A shard whose server is away is asked for again at the next look; the others are taken.
  if (failed !== undefined && asked.every(({ status }) => status === 'rejected')) throw failed.reason;
  for (const [index, result] of asked.entries()) {
    const lease = result.status === 'fulfilled' ? result.value : null;
    if (lease === null) continue;
    const role = wanted.get(lease.shard) ?? missing[index]?.[1] ?? '';
    const tried: OwnedShard['tried'] = lease.via === 'expired' ? new Set() : null; // H3
    state.owned.set(lease.shard, {
      lease,
      role,
      workUntilMs: workUntil(sentMs, limits),
      movedMs: sentMs,
      sharedMs: -Infinity,
      tried,
      leaving: false,
      lost: false,
    });
    metrics.count('ironwallet_shards_total', 1, { role, how: lease.via });
  }
}
