/**
 * What the engine's three scripts allow: send, fetch and commit of the same messages to the same actors, with no domain logic, no load, no
 * snapshots. The measure that `deposits` is held against, in the same run.
 */
import { hash } from 'node:crypto';
import { createLayout } from '../engine/layout.ts';
import { beginning, toJson } from '../engine/message.ts';
import type { ActorId, Addressed } from '../engine/message.ts';
import type { Fetched, Lease, Shard, ShardCommit } from '../engine/ports.ts';
import { startRedis } from '../mocks/servers/redis.ts';
import { initInstallation } from '../providers/redis/installation.ts';
import { createRedisPorts } from '../providers/redis/ports.ts';
import type { RedisPorts } from '../providers/redis/ports.ts';
import { perSecond } from './rig.ts';

export interface BareLoop {
  readonly actors: number;
  readonly messages: number;
  /** Messages sent at a time. */
  readonly page: number;
  readonly shards: number;
}

const LEASE_MS = 60_000;

/** Messages per second. */
export async function bareLoop(options: BareLoop): Promise<number> {
  const layout = createLayout({ roles: { wallet: { letter: 'w', shards: options.shards } } }, new Map([['virtual-account', 'wallet']]));
  const redis = await startRedis({ own: true, maxmemory: '2gb' });
  const ports = await createRedisPorts({ url: redis.url, layout, worker: 'bare-loop' });
  try {
    await initInstallation(ports.redis, layout, { uuid: null });
    const leases = new Map<Shard, Lease>();
    for (const shard of layout.allShards) {
      const lease = await ports.leases.acquire(shard, 'bare-loop', LEASE_MS);
      if (lease !== null) leases.set(shard, lease);
    }
    return await run(ports, leases, options);
  } finally {
    await ports.close();
    await redis.close();
  }
}

async function run(ports: RedisPorts, leases: ReadonlyMap<Shard, Lease>, { actors, messages, page }: BareLoop): Promise<number> {
  const begun = performance.now();
  for (let sent = 0; sent < messages; sent += page) {
    const count = Math.min(page, messages - sent);
    await ports.mailboxes.send(
      Array.from({ length: count }, (_, index) => messageOf(sent + index, actors)),
      null,
    );
    await drain(ports, leases, page);
  }
  return perSecond(messages, performance.now() - begun);
}

/** One cycle over everything that waits. */
async function drain(ports: RedisPorts, leases: ReadonlyMap<Shard, Lease>, page: number): Promise<void> {
  const waiting = await ports.mailboxes.peek([...leases.keys()], 10_000);
  const commits = await Promise.all(
    [...waiting].map(async ([shard, actors]): Promise<ShardCommit[]> => {
      const lease = leases.get(shard);
      if (lease === undefined || actors.length === 0) return [];
      const fetched = await ports.mailboxes.fetch(
        lease,
        actors.map((actor) => ({ actor, count: page })),
        false,
      );
      return fetched === null ? [] : [commitOf(lease, fetched)];
    }),
  );
  const results = await ports.mailboxes.commit(commits.flat());
  if (results.some(({ result }) => result !== 'applied')) throw new Error('a commit was not applied');
}

function commitOf(lease: Lease, fetched: readonly Fetched[]): ShardCommit {
  const actors = fetched.flatMap(({ actor, tip, entries }) => {
    const expected = tip ?? { last: beginning(), n: 0, chain: '-' };
    const last = entries.at(-1);
    if (last === undefined) return [];
    let { chain } = expected;
    for (const { entry, id } of entries) chain = hash('sha256', `${chain}|${entry}|${id}`, 'base64url').slice(0, 22);
    return [{ actor, expected, next: { last: last.entry, n: expected.n + entries.length, chain }, rules: 1 }];
  });
  return { lease, actors, deliveries: [], totals: new Map(), effects: [], timers: [], parks: [] };
}

function messageOf(index: number, actors: number): Addressed {
  const number = (123_170_000_000_000 + (index % actors)).toString();
  const to: ActorId = `virtual-account:${number}`;
  const source = `0108000000010016/2026-03-02/SDC${String(index)}/2`;
  const body = {
    source,
    amount: 1000n,
    currency: 'SAR',
    sender: 'A SENDER',
    narrative: 'A SENDER',
    valueDate: '2026-03-02',
    via: 'transfer',
  };
  return { to, type: 'Credit', body: toJson(body), id: `${source}/credit`, from: 'bench:bare', trace: '' };
}
