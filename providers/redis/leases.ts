/** Leases of shards, and who lives. The server's clock decides; a token is `<epoch>:<uuid>`. */
import { randomUUID } from 'node:crypto';
import type { Lease, Leases, Shard } from '../../engine/ports.ts';
import { exchange } from './client.ts';
import type { RedisClient } from './client.ts';
import { faultOf } from './faults.ts';
import { shardKeys, workersKey } from './keys.ts';
import { list, text, texts, unexpected } from './reply.ts';
import type { Scripts } from './scripts.ts';

export function createLeases(client: RedisClient, scripts: Scripts): Leases {
  /** The uuid of each lease that was asked for, by worker and shard: asking again finds what it has. */
  const uuids = new Map<string, string>();
  const keysOf = (leases: readonly Lease[]): string[] => leases.map(({ shard }) => shardKeys(shard).lease);

  return {
    async heartbeat(role, worker, ttlMs) {
      return texts(await scripts.run({ script: 'heartbeat', keys: [workersKey(role)], args: [worker, ttlMs] }));
    },

    async leave(role, worker) {
      await client.zrem(workersKey(role), worker).catch((error: unknown) => {
        throw faultOf(error);
      });
    },

    async acquire(shard, worker, ttlMs) {
      const name = `${worker} ${shard}`;
      const uuid = uuids.get(name) ?? randomUUID();
      uuids.set(name, uuid);
      const answer = await scripts.run({ script: 'acquire', keys: [shardKeys(shard).lease], args: [worker, uuid, ttlMs, randomUUID()] });
      if (answer === null) {
        uuids.delete(name);
        return null;
      }
      const [token, via] = list(answer);
      uuids.set(name, text(token).slice(text(token).indexOf(':') + 1));
      return { shard, token: text(token), via: viaOf(via) };
    },

    async renew(leases, ttlMs) {
      if (leases.length === 0) return [];
      if (scripts.cluster) return renewEach(leases, ttlMs, scripts);
      const tokens = leases.map(({ token }) => token);
      const held = text(await scripts.run({ script: 'renew', keys: keysOf(leases), args: [ttlMs, ...tokens] }));
      return leases.filter((_, index) => held[index] === '1');
    },

    async release(leases) {
      if (leases.length === 0) return;
      if (scripts.cluster)
        await scripts.runEach(leases.map((lease) => ({ script: 'release', keys: keysOf([lease]), args: [lease.token] })));
      else await scripts.run({ script: 'release', keys: keysOf(leases), args: leases.map(({ token }) => token) });
      const released = new Set(leases.map(({ token }) => token.slice(token.indexOf(':') + 1)));
      for (const [name, uuid] of uuids) if (released.has(uuid)) uuids.delete(name);
    },

    expire: (leases) => expireEach(leases, scripts),

    async owners(shards) {
      const answers = await exchange(
        client,
        shards.map((shard) => {
          const key = shardKeys(shard).lease;
          return { key, name: 'hmget', args: [key, 'owner', 'token', 'expires'] };
        }),
      );
      const owners = new Map<Shard, { owner: string; token: string; expiresAt: number }>();
      shards.forEach((shard, index) => {
        const [error, answer] = answers[index] ?? [null, []];
        if (error !== null) throw faultOf(error);
        const [owner, token, expires] = list(answer);
        if (typeof owner === 'string' && owner !== '') owners.set(shard, { owner, token: text(token), expiresAt: Number(expires) });
      });
      return owners;
    },
  };
}

/** In a cluster each for itself: a lease whose server cannot be asked is not held any more, and is asked for again. */
async function renewEach(leases: readonly Lease[], ttlMs: number, scripts: Scripts): Promise<Lease[]> {
  const calls = leases.map(({ shard, token }) => ({ script: 'renew', keys: [shardKeys(shard).lease], args: [ttlMs, token] }) as const);
  const outcomes = await scripts.runEach(calls);
  return leases.filter((_, index) => {
    const outcome = outcomes[index];
    return outcome !== undefined && 'answer' in outcome && outcome.answer === '1';
  });
}

async function expireEach(leases: readonly Pick<Lease, 'shard' | 'token'>[], scripts: Scripts): Promise<void> {
  if (leases.length === 0) return;
  await scripts.runEach(leases.map(({ shard, token }) => ({ script: 'expire', keys: [shardKeys(shard).lease], args: [token] })));
}

function viaOf(via: unknown): Lease['via'] {
  if (via === 'free' || via === 'released' || via === 'expired' || via === 'same') return via;
  throw unexpected(via);
}
