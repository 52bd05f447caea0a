/** Both sides, what they agreed on so far, and what callers of the ports would remember: leases, claims, commits. */
import { inspect, isDeepStrictEqual } from 'node:util';
import type { Redis } from 'ioredis';
import { Fault } from '../../../engine/fault.ts';
import { compareEntries } from '../../../engine/message.ts';
import type { ActorId, StoredEntry } from '../../../engine/message.ts';
import type { Operations } from '../../../engine/operations.ts';
import type { ClaimedEffect, Head, Lease, OutboxEntry, Shard, ShardCommit } from '../../../engine/ports.ts';
import { NO_HEAD } from '../fixture.ts';
import { commonLook, learn, newestMs, queueOf } from './look.ts';
import type { CommonLook, CommonShard, Look } from './look.ts';
import { createMemorySide } from './memory-side.ts';
import type { Clock } from './memory-side.ts';
import { createRedisSide } from './redis-side.ts';
import { SHARDS } from './side.ts';
import type { Form, Side } from './side.ts';

/** Ages are whole steps of it and limits lie between two steps, so that no result hangs on how long a run takes. */
export const STEP_MS = 100_000;
const EXPIRIES_APART_MS_MAX = STEP_MS / 4;

export type Skip = Parameters<Operations['skip']>[0];
export type Answer<T> = { readonly value: T } | { readonly fault: string };

export interface OutboxRead {
  readonly from: Shard;
  readonly entries: readonly OutboxEntry[];
}

export interface World {
  readonly cluster: boolean;
  /** There is an installation: workers and edges may call. */
  isServing: boolean;
  /** Asks both the same and compares the answers and everything that the two hold afterwards. */
  both<T>(what: string, ask: (side: Side) => Promise<T>): Promise<Answer<T>>;
  state(): CommonLook;
  /** Whether the order among ready actors, which hangs on the clock, is the same on both sides. */
  isOneQueue(shards: readonly Shard[]): boolean;
  /** Milliseconds since 1970. */
  readonly beganAt: number;
  readonly leases: Lease[];
  readonly claims: ClaimedEffect[];
  readonly commits: ShardCommit[];
  /** What was read in outboxes; each of one shard. */
  readonly reads: OutboxRead[];
  readonly skips: Skip[];
  readonly heads: Map<ActorId, Head[]>;
  /** A new name for a message, an effect, a chain. */
  fresh(): string;
}

interface Sides {
  readonly memory: Side;
  readonly redis: Side;
}

interface Agreed {
  readonly memory: Look;
  readonly redis: Look;
  readonly common: CommonLook;
}

export async function createWorld(redis: Redis, form: Form): Promise<World> {
  const clock: Clock = { ms: Date.now() };
  const sides: Sides = { memory: createMemorySide(clock, form), redis: await createRedisSide(redis, form) };
  let agreed = agreement(await sides.memory.look(), await sides.redis.look(), sides);
  let names = 0;
  return {
    cluster: form.cluster,
    isServing: !form.empty,
    async both(what, ask) {
      const real = await answerOf(sides.redis, ask);
      const redisLook = await sides.redis.look();
      const newest = newestMs(redisLook);
      clock.ms = Math.max(clock.ms, newest > newestMs(agreed.redis) ? newest : Date.now());
      const model = await answerOf(sides.memory, ask);
      if (!isDeepStrictEqual(real, model)) throw disagreement(`the answer to ${what}`, real, model);
      agreed = agreement(await sides.memory.look(), redisLook, sides);
      return real;
    },
    state: () => agreed.common,
    isOneQueue: (shards) => shards.every((shard) => isDeepStrictEqual(queueOf(agreed.memory, shard), queueOf(agreed.redis, shard))),
    beganAt: clock.ms,
    leases: [],
    claims: [],
    commits: [],
    reads: [],
    skips: [],
    heads: new Map(),
    fresh: () => String((names += 1)),
  };
}

async function answerOf<T>(side: Side, ask: (side: Side) => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await ask(side) };
  } catch (error) {
    if (error instanceof Fault) return { fault: error.code };
    throw error;
  }
}

/** What both hold in common names; throws when they do not hold the same. */
function agreement(memory: Look, redis: Look, sides: Sides): Agreed {
  learn(sides.memory.names, memory);
  learn(sides.redis.names, redis);
  const model = commonLook(sides.memory.names, memory);
  const real = commonLook(sides.redis.names, redis);
  for (const shard of SHARDS) {
    differ(`what ${shard} holds`, real.shards.get(shard), model.shards.get(shard));
    const apart = (redis.shards.get(shard)?.lease?.expiresAt ?? 0) - (memory.shards.get(shard)?.lease?.expiresAt ?? 0);
    if (Math.abs(apart) > EXPIRIES_APART_MS_MAX) throw disagreement(`when the lease of ${shard} expires`, apart, 0);
  }
  differ('the mailboxes', real.mailboxes, model.mailboxes);
  return { memory, redis, common: real };
}

function differ(what: string, real: unknown, model: unknown): void {
  if (isDeepStrictEqual(real, model)) return;
  if (typeof real !== 'object' || typeof model !== 'object' || real === null || model === null) throw disagreement(what, real, model);
  if (real instanceof Map || model instanceof Map) throw disagreement(what, real, model);
  // The part that differs, by its name.
  const [name] = Object.keys({ ...real, ...model }).filter((key) => !isDeepStrictEqual(Reflect.get(real, key), Reflect.get(model, key)));
  throw disagreement(`${what}, its ${name ?? ''}`, Reflect.get(real, name ?? ''), Reflect.get(model, name ?? ''));
}

function disagreement(what: string, real: unknown, model: unknown): Error {
  const show = (value: unknown): string => inspect(value, { depth: 8, breakLength: 140 });
  return new Error(`They disagree on ${what}.\nRedis:  ${show(real)}\nmemory: ${show(model)}`);
}

// ---- what both hold, asked by name ------------------------------------------------------------------------------------------------

export function shardState(world: World, shard: Shard): CommonShard {
  const found = world.state().shards.get(shard);
  if (found === undefined) throw new Error(`no shard ${shard}`);
  return found;
}

export function headIn(world: World, shard: Shard, actor: ActorId): Head {
  const tip = shardState(world, shard).tips.get(actor);
  return tip === undefined ? NO_HEAD : { last: tip.last, n: tip.n, chain: tip.chain };
}

export function uncommitted(world: World, shard: Shard, actor: ActorId): StoredEntry[] {
  const { last } = headIn(world, shard, actor);
  return (world.state().mailboxes.get(actor)?.entries ?? []).filter(({ entry }) => compareEntries(entry, last) > 0);
}

/** The item a number leads to, the newest first; undefined of none. */
export function pick<T>(items: readonly T[], index: number): T | undefined {
  return items[items.length - 1 - (index % Math.max(1, items.length))];
}
