/**
 * Carries messages from the outbox of each owned shard to the shards they are for, where one write cannot reach both.
 *
 * O1  An entry is removed only after its delivery was answered: it is carried at least once.
 * O2  Each delivery holds, for its destination, the oldest entries of one epoch in outbox order, from the first that was not removed. The
 *     destination remembers the last one it saw of each epoch, in the same write: an entry is delivered at most once.
 * O3  A destination gets nothing of the next epoch before all of the former is removed, so that the few epochs it remembers suffice.
 * O4  A destination that cannot be reached holds up the others only when a whole window of entries waits for it.
 */
import type { ActorId } from './message.ts';
import type { Metrics } from './metrics.ts';
import type { Limits } from './limits.ts';
import type { Hints, Lease, Outbox, OutboxDelivery, OutboxEntry, Shard } from './ports.ts';

export interface RelayOptions {
  readonly outbox: Outbox;
  readonly layout: { shardOf(actor: ActorId): Shard };
  readonly hints: Pick<Hints, 'work'>;
  readonly limits: Pick<Limits, 'relayEntries' | 'relayEveryMs'>;
  readonly metrics: Pick<Metrics, 'count'>;
  readonly system: { monotonicMs(): number };
  /** Another owner holds the shard. */
  readonly onFenced: (shard: Shard) => void;
}

export interface Relay {
  /** A commit of the shard left messages for other shards. */
  wrote(shard: Shard): void;
  /** Whether a shard is known to have messages waiting. */
  isWaiting(): boolean;
  onWaiting(listener: () => void): void;
  /** One window of each shard that wrote, of all when the last look at all is long ago. Throws the first failure after all were tried. */
  round(leases: readonly Lease[]): Promise<void>;
  /** Carries all there is; for shards that are to be given away. A failure ends it: the next owner goes on. */
  drain(leases: readonly Lease[]): Promise<void>;
}

export function createRelay(options: RelayOptions): Relay {
  const waiting = new Set<Shard>();
  const { limits, system } = options;
  let lookedMs = -Infinity;
  let tell = (): void => undefined;

  async function carry(lease: Lease): Promise<boolean> {
    waiting.delete(lease.shard); // first: what is written from here on is noted again
    try {
      const more = await carryWindow(lease, options);
      if (more) waiting.add(lease.shard);
      return more;
    } catch (error) {
      waiting.add(lease.shard);
      throw error;
    }
  }

  return {
    wrote(shard) {
      waiting.add(shard);
      tell();
    },
    isWaiting: () => waiting.size > 0,
    onWaiting: (listener) => (tell = listener),
    async round(leases) {
      const nowMs = system.monotonicMs();
      const owned = new Set(leases.map(({ shard }) => shard));
      for (const shard of waiting) if (!owned.has(shard)) waiting.delete(shard);
      const all = nowMs - lookedMs >= limits.relayEveryMs;
      if (all) lookedMs = nowMs;
      await everyOne(leases.filter(({ shard }) => all || waiting.has(shard)).map(carry));
    },
    async drain(leases) {
      await everyOne(
        leases.map(async (lease) => {
          while (await carry(lease));
        }),
      );
    },
  };
}

/** Whether there may be more. */
async function carryWindow(lease: Lease, options: RelayOptions): Promise<boolean> {
  const { outbox, limits, onFenced } = options;
  const entries = await outbox.read(lease, limits.relayEntries);
  if (entries === null) onFenced(lease.shard);
  if (entries === null || entries.length === 0) return false;
  const deliveries = deliveriesOf(lease.shard, entries, options);
  await everyOne(deliveries.map((delivery) => carryOne(lease, delivery, options)));
  const carried = deliveries.reduce((sum, one) => sum + one.entries.length, 0);
  return entries.length === limits.relayEntries || carried < entries.length;
}

async function carryOne(lease: Lease, delivery: OutboxDelivery, { outbox, hints, metrics, onFenced }: RelayOptions): Promise<void> {
  await outbox.deliver(delivery);
  hints.work([delivery.to]);
  metrics.count('ironwallet_relayed_total', delivery.entries.length);
  const removed = await outbox.remove(
    lease,
    delivery.entries.map(({ entry }) => entry),
  ); // O1
  if (!removed) onFenced(lease.shard);
}

/** Of each destination the first epoch that waits (O2, O3). */
function deliveriesOf(from: Shard, entries: readonly OutboxEntry[], { layout }: Pick<RelayOptions, 'layout'>): OutboxDelivery[] {
  const byDestination = new Map<Shard, { readonly epoch: string; readonly entries: OutboxEntry[] }>();
  const closed = new Set<Shard>();
  for (const entry of entries) {
    const to = layout.shardOf(entry.to);
    const found = byDestination.get(to);
    if (found === undefined) byDestination.set(to, { epoch: entry.epoch, entries: [entry] });
    else if (found.epoch !== entry.epoch) closed.add(to);
    else if (!closed.has(to)) found.entries.push(entry);
  }
  return [...byDestination].map(([to, one]) => ({ from, to, ...one }));
}

async function everyOne(work: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
