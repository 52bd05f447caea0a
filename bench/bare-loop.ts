/**
 * What the engine's talk with Redis allows: send, look, follow and commit of the same messages to the same actors, with no domain logic, no load,
 * no snapshots. The measure that `deposits` is held against, in the same run.
 */
import { hash } from 'node:crypto';
import { createLayout } from '../engine/layout.ts';
import type { Layout } from '../engine/layout.ts';
import { beginning, toJson } from '../engine/message.ts';
import type { ActorId, Addressed, StoredEntry } from '../engine/message.ts';
import type { ActorCommit, Head, Lease, Shard, ShardCommit } from '../engine/ports.ts';
import { startRedis } from '../mocks/servers/redis.ts';
import type { RedisServer } from '../mocks/servers/redis.ts';
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

/** One process of several that share the work. */
export interface Share {
  /** Counts from 0. */
  readonly process: number;
  readonly processes: number;
  /** Microseconds for which each message keeps a processor busy beside its talk with Redis. */
  readonly micros: number;
}

const LEASE_MS = 60_000;
/** Loops at a time, each over its share of the shards: one works while the others wait for Redis. With one it was a fifth slower, more bring nothing. */
const LANES = 4;

/** Messages per second. */
export async function bareLoop(options: BareLoop): Promise<number> {
  const redis = await startLoopRedis(options);
  try {
    return await loopAt(redis.url, options, { process: 0, processes: 1, micros: 0 });
  } finally {
    await redis.close();
  }
}

function layoutOf({ shards }: Pick<BareLoop, 'shards'>): Layout {
  return createLayout({ roles: { wallet: { letter: 'w', shards } } }, new Map([['virtual-account', 'wallet']]));
}

/** A Redis with an installation for the loop. */
export async function startLoopRedis(options: Pick<BareLoop, 'shards'>): Promise<RedisServer> {
  const layout = layoutOf(options);
  const redis = await startRedis({ own: true, maxmemory: '2gb' });
  const ports = await createRedisPorts({ url: redis.url, layout, worker: 'bare-loop' });
  await initInstallation(ports.redis, layout, { uuid: null });
  await ports.close();
  return redis;
}

/** This process' share of the messages, each to one of its share of the actors: messages per second. */
export async function loopAt(url: string, options: BareLoop, share: Share): Promise<number> {
  const layout = layoutOf(options);
  const ports = await createRedisPorts({ url, layout, worker: `bare-loop-${String(share.process)}` });
  try {
    const leases = new Map<Shard, Lease>();
    for (const shard of layout.allShards.filter((_, index) => index % share.processes === share.process)) {
      const lease = await ports.leases.acquire(shard, 'bare-loop', LEASE_MS);
      if (lease !== null) leases.set(shard, lease);
    }
    const lanes = lanesOf(leases, layout, { options, share });
    const messages = lanes.reduce((sum, lane) => sum + lane.messages.length, 0);
    const heads = new Map<ActorId, Head>();
    const begun = performance.now();
    await Promise.all(lanes.map((lane) => runLane(lane, { ports, heads, page: options.page, micros: share.micros })));
    return perSecond(messages, performance.now() - begun);
  } finally {
    await ports.close();
  }
}

interface Lane {
  readonly leases: ReadonlyMap<Shard, Lease>;
  /** Who gets one, in this order. */
  readonly messages: readonly ActorId[];
}

/** The first wallets whose shards are ours get the messages in turn; those of a shard belong to one lane. */
function lanesOf(leases: ReadonlyMap<Shard, Lease>, layout: Layout, of: { readonly options: BareLoop; readonly share: Share }): Lane[] {
  const { actors, messages } = of.options;
  const { processes } = of.share;
  const mine: ActorId[] = [];
  for (let n = FIRST_NUMBER; mine.length < Math.max(1, Math.floor(actors / processes)); n += 1) {
    const actor: ActorId = `virtual-account:${String(n)}`;
    if (leases.has(layout.shardOf(actor))) mine.push(actor);
  }
  const laneOf = new Map([...leases.keys()].map((shard, index) => [shard, index % LANES]));
  const lanes = Array.from({ length: LANES }, (_, lane) => ({
    leases: new Map([...leases].filter(([shard]) => laneOf.get(shard) === lane)),
    messages: [] as ActorId[],
  }));
  for (let index = 0; index < Math.floor(messages / processes); index += 1) {
    const actor = mine[index % mine.length];
    if (actor !== undefined) lanes[laneOf.get(layout.shardOf(actor)) ?? 0]?.messages.push(actor);
  }
  return lanes;
}

interface Running {
  readonly ports: RedisPorts;
  /** Where each actor stands. */
  readonly heads: Map<ActorId, Head>;
  readonly page: number;
  readonly micros: number;
}

async function runLane({ leases, messages }: Lane, running: Running): Promise<void> {
  const { ports, page } = running;
  for (let sent = 0; sent < messages.length; sent += page) {
    await ports.mailboxes.send(
      messages.slice(sent, sent + page).map((to, index) => messageTo(to, sent + index)),
      null,
    );
    await drain(leases, running);
  }
}

/** One cycle over everything that waits. */
async function drain(leases: ReadonlyMap<Shard, Lease>, running: Running): Promise<void> {
  const { ports, heads, page, micros } = running;
  const waiting = await ports.mailboxes.peek([...leases.keys()], 10_000);
  const places = [...waiting].flatMap(([shard, actors]) =>
    actors.map((actor) => ({ shard, actor, last: heads.get(actor)?.last ?? beginning() })),
  );
  const found = await ports.mailboxes.follow(places, page);
  const byShard = new Map<Shard, ActorCommit[]>();
  places.forEach(({ shard, actor }, index) => {
    const entries = found[index] ?? [];
    beBusy(entries.length * micros);
    const step = stepOver(actor, entries, heads);
    if (step === null) return;
    const group = byShard.get(shard);
    if (group === undefined) byShard.set(shard, [step]);
    else group.push(step);
  });
  const results = await ports.mailboxes.commit([...byShard].flatMap(([shard, actors]) => commitOf(leases.get(shard), actors)));
  if (results.some(({ result }) => result !== 'applied')) throw new Error('a commit was not applied');
}

/** Remembers where the actor will stand: nobody else moves it. */
function stepOver(actor: ActorId, entries: readonly StoredEntry[], heads: Map<ActorId, Head>): ActorCommit | null {
  const expected = heads.get(actor) ?? { last: beginning(), n: 0, chain: '-' };
  const last = entries.at(-1);
  if (last === undefined) return null;
  let { chain } = expected;
  for (const { entry, id } of entries) chain = hash('sha256', `${chain}|${entry}|${id}`, 'base64url').slice(0, 22);
  const next = { last: last.entry, n: expected.n + entries.length, chain };
  heads.set(actor, next);
  return { actor, expected, next, rules: 1 };
}

function commitOf(lease: Lease | undefined, actors: readonly ActorCommit[]): ShardCommit[] {
  return lease === undefined ? [] : [{ lease, actors, deliveries: [], totals: new Map(), effects: [], timers: [], parks: [] }];
}

function beBusy(micros: number): void {
  const until = performance.now() + micros / 1000;
  while (performance.now() < until);
}

const FIRST_NUMBER = 123_170_000_000_000;

function messageTo(to: ActorId, index: number): Addressed {
  const source = `0108000000010016/2026-03-02/SDC${to.slice(-5)}-${String(index)}/2`;
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
