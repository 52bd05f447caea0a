import type { Lease, Leases, Shard } from '../../engine/ports.ts';
import { isHeld, shardStore } from './store.ts';
import type { Store } from './store.ts';

export function createMemoryLeases(store: Store): Leases {
  return {
    heartbeat: (role, worker, ttlMs) => {
      const now = store.system.wallMs();
      const prefix = `${role} `;
      store.heartbeats.set(prefix + worker, now);
      // Whoever was silent for a TTL of the one who asks is forgotten, and whoever speaks from the future.
      const known = [...store.heartbeats].filter(([name]) => name.startsWith(prefix));
      for (const [name, at] of known) if (Math.abs(now - at) > ttlMs) store.heartbeats.delete(name);
      const living = known.filter(([name]) => store.heartbeats.has(name));
      return Promise.resolve(living.map(([name]) => name.slice(prefix.length)));
    },
    leave: (role, worker) => {
      store.heartbeats.delete(`${role} ${worker}`);
      return Promise.resolve();
    },
    acquire: (shard, worker, ttlMs) => Promise.resolve(acquire(store, shard, { worker, ttlMs })),
    renew: (leases, ttlMs) => {
      const held = leases.filter((lease) => isHeld(store, lease));
      for (const { shard } of held) {
        const current = shardStore(store, shard).lease;
        if (current !== null) current.expiresAt = store.system.wallMs() + ttlMs;
      }
      return Promise.resolve(held);
    },
    release: (leases) => {
      for (const lease of leases) if (isHeld(store, lease)) shardStore(store, lease.shard).lease = null;
      return Promise.resolve();
    },
    expire: (leases) => {
      for (const { shard, token } of leases) {
        const { lease } = shardStore(store, shard);
        if (lease?.token === token) lease.expiresAt = 0;
      }
      return Promise.resolve();
    },
    owners: (shards) => {
      const held = shards.flatMap((shard) => {
        const lease = shardStore(store, shard).lease;
        return lease === null ? [] : ([[shard, { ...lease }]] as const);
      });
      return Promise.resolve(new Map(held));
    },
  };
}

function acquire(store: Store, name: Shard, { worker, ttlMs }: { readonly worker: string; readonly ttlMs: number }): Lease | null {
  const shard = shardStore(store, name);
  const now = store.system.wallMs();
  const held = shard.lease;
  if (held?.owner === worker) {
    held.expiresAt = now + ttlMs;
    return { shard: name, token: held.token, via: 'same' };
  }
  // Further away than a TTL: the clock stepped back since; such a lease would never end.
  const expired = held !== null && (held.expiresAt <= now || held.expiresAt > now + ttlMs);
  if (held !== null && !expired) return null;
  const via = held !== null ? 'expired' : shard.epoch === 0 ? 'free' : 'released';
  shard.epoch += 1;
  shard.lease = { owner: worker, token: `${shard.epoch}:${store.system.uuid()}`, expiresAt: now + ttlMs };
  return { shard: name, token: shard.lease.token, via };
}
