/**
 * Commands by their keys, to one server or to a cluster.
 *
 * C1  In a cluster every command and script touches one slot. What goes to one node goes there in one round trip.
 * C2  A command that met a moved, half-moved or unreachable slot is sent again alone, by the client library, which follows MOVED and ASK and waits
 *     for TRYAGAIN, CLUSTERDOWN and a failover within bounds. Everything we send may be sent twice (see the scripts' headers).
 * C3  A node that does not answer is no reason for the others to wait: each command has its own answer or error.
 * C4  A write to a socket costs more than most commands: what is asked of a server in one go, by however many calls, goes there in one write; at
 *     an edge, what many requests ask in one turn of the event loop. A worker does not wait that long: Redis works on one lane while Node decides
 *     the other.
 */
import { Cluster, Command } from 'ioredis';
import type { ChainableCommander, Redis } from 'ioredis';
import { faultOf, isConnectionError, isRedirection } from './faults.ts';

export type RedisClient = Redis | Cluster;

export interface Request {
  /** Decides the slot. */
  readonly key: string;
  readonly name: string;
  readonly args: (string | number)[];
}

export type Answer = [error: Error | null, answer: unknown];

export function isCluster(client: RedisClient): client is Cluster {
  return client instanceof Cluster;
}

/** The servers that hold data: one, or the masters of a cluster. */
export function masters(client: RedisClient): readonly Redis[] {
  return isCluster(client) ? client.nodes('master') : [client];
}

/** One answer per request, in order. Throws only when nothing could be sent at all. */
export function exchange(client: RedisClient, requests: readonly Request[]): Promise<Answer[]> {
  return isCluster(client) ? throughNodes(client, requests) : together(client, requests, momentOf(client));
}

/** How long what is asked of a server waits for more (C4). */
type Moment = () => Promise<unknown>;

const atOnce: Moment = () => Promise.resolve();
const nextTurn: Moment = () => new Promise((resolve) => setImmediate(resolve));
const gathering = new WeakSet<RedisClient>();

/** From now on, what many ask of it in one turn of the event loop goes there in one write (C4). */
export function gatherWrites(client: RedisClient): void {
  gathering.add(client);
}

function momentOf(client: RedisClient): Moment {
  return gathering.has(client) ? nextTurn : atOnce;
}

/** What goes to a server next. */
interface Gathered {
  readonly pipeline: ChainableCommander;
  /** Rejects when nothing could be sent at all. */
  readonly sent: Promise<unknown>;
}

const gathered = new WeakMap<Redis, Gathered>();

/** In one write with what else is asked of this server until the moment has passed; nobody waits for the answers of others. */
async function together(redis: Redis, requests: readonly Request[], moment: Moment): Promise<Answer[]> {
  const { pipeline, sent } = gathered.get(redis) ?? gather(redis, moment);
  const answers = Promise.all(requests.map((request) => add(pipeline, request)));
  return Promise.race([answers, sent.then(() => answers)]);
}

function gather(redis: Redis, moment: Moment): Gathered {
  const pipeline = redis.pipeline();
  const sent = moment().then(() => {
    gathered.delete(redis);
    return answered(pipeline);
  });
  const all = { pipeline, sent };
  gathered.set(redis, all);
  return all;
}

function add(pipeline: ChainableCommander, { name, args }: Request): Promise<Answer> {
  return new Promise((resolve) => {
    pipeline.call(name, args, (error, answer) => resolve([error ?? null, answer]));
  });
}

/** In a write of their own. */
export function throughPipeline(redis: Redis, requests: readonly Request[]): Promise<Answer[]> {
  const pipeline = redis.pipeline();
  for (const { name, args } of requests) pipeline.call(name, args);
  return answered(pipeline);
}

async function answered(pipeline: ChainableCommander): Promise<Answer[]> {
  try {
    return (await pipeline.exec()) ?? [];
  } catch (error) {
    throw faultOf(error);
  }
}

async function throughNodes(cluster: Cluster, requests: readonly Request[]): Promise<Answer[]> {
  const moment = momentOf(cluster);
  const answers = Array.from<Answer>({ length: requests.length });
  await Promise.all(
    [...byNode(cluster, requests)].map(async ([node, positions]) => {
      const asked = positions.flatMap((position) => requests[position] ?? []);
      const found = node === undefined ? [] : await together(node, asked, moment).catch(() => []);
      await Promise.all(
        positions.map(async (position, place) => {
          const request = requests[position];
          const [error, answer] = found[place] ?? [null, undefined];
          const isKnown = found[place] !== undefined && (error === null || !mayGoElsewhere(error));
          if (isKnown || request === undefined) answers[position] = [error, answer];
          else answers[position] = await alone(cluster, request);
        }),
      );
    }),
  );
  return answers;
}

/** A node that is silent stays silent for the second try as well: the caller is told. */
function mayGoElsewhere(error: Error): boolean {
  return isRedirection(error) || (isConnectionError(error) && !/timed out/i.test(error.message));
}

async function alone(cluster: Cluster, { name, args }: Request): Promise<Answer> {
  try {
    return [null, await cluster.call(name, args)];
  } catch (error) {
    refresh(cluster);
    return [error instanceof Error ? error : new Error(String(error)), null];
  }
}

/** Asks for the map of slots; never rejects. */
export function refresh(cluster: Cluster): void {
  cluster.refreshSlotsCache(() => undefined);
}

function byNode(cluster: Cluster, requests: readonly Request[]): Map<Redis | undefined, number[]> {
  const nodes = new Map(cluster.nodes('master').map((node) => [nameOf(node), node]));
  const groups = new Map<Redis | undefined, number[]>();
  requests.forEach(({ key }, position) => {
    const node = nodes.get(cluster.slots[slotOf(key)]?.[0] ?? '');
    const found = groups.get(node);
    if (found === undefined) groups.set(node, [position]);
    else found.push(position);
  });
  return groups;
}

/** The node that serves the key, as far as the client knows. */
export function nodeOf(cluster: Cluster, key: string): Redis | undefined {
  const name = cluster.slots[slotOf(key)]?.[0];
  return cluster.nodes('master').find((node) => nameOf(node) === name);
}

function nameOf({ options: { host = '', port = 0 } }: Redis): string {
  return `${host}:${String(port)}`;
}

const TAG = /\{([^{}]+)\}/;
const slots = new Map<string, number>(); // one per shard of the layout, and a few keys without a tag

export function slotOf(key: string): number {
  const tag = TAG.exec(key)?.[1] ?? key;
  const known = slots.get(tag);
  if (known !== undefined) return known;
  const slot = new Command('get', [key]).getSlot();
  slots.set(tag, slot);
  return slot;
}
