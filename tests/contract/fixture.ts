/** What the contract suites share: a small layout of toy kinds, messages, and commits that move tips without deciding anything. */
import { createLayout } from '../../engine/layout.ts';
import { DEFAULT_LIMITS } from '../../engine/limits.ts';
import { beginning } from '../../engine/message.ts';
import { silentMetrics } from '../../engine/metrics.ts';
import { createRelay } from '../../engine/relay.ts';
import type { ActorId, Addressed, EntryId } from '../../engine/message.ts';
import type { Operations } from '../../engine/operations.ts';
import type {
  ActorCommit,
  Effects,
  Fetched,
  Head,
  Hints,
  Lease,
  Leases,
  Mailboxes,
  Outbox,
  Shard,
  ShardCommit,
} from '../../engine/ports.ts';

export const layout = createLayout(
  { roles: { toys: { letter: 't', shards: 4 }, others: { letter: 'o', shards: 4 } } },
  new Map([
    ['toy', 'toys'],
    ['other', 'others'],
  ]),
);

export interface ContractPorts {
  readonly mailboxes: Mailboxes;
  readonly leases: Leases;
  readonly effects: Effects;
  readonly operations: Operations;
  readonly hints: Hints;
  /** Where a commit reaches its own shard only. */
  readonly outbox?: Outbox;
  /** Lets leases and heartbeats grow older by so much. */
  passTime(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Fresh, empty ports for one test. */
export type CreatePorts = () => Promise<ContractPorts>;

export const TTL_MS = 60_000;

let counter = 0;

/** An actor that no other test has. */
export function freshActor(kind: 'toy' | 'other' = 'toy'): ActorId {
  counter += 1;
  return `${kind}:${String(counter)}`;
}

/** An actor of the given shard. */
export function actorIn(shard: Shard): ActorId {
  for (;;) {
    const actor = freshActor(shard.startsWith('t') ? 'toy' : 'other');
    if (layout.shardOf(actor) === shard) return actor;
  }
}

export function message(to: ActorId, id: string, body = '{}'): Addressed {
  return { to, id, type: 'Say', body, from: 'edge:test', trace: '' };
}

export async function owned(ports: ContractPorts, actor: ActorId, worker = 'w1'): Promise<Lease> {
  const lease = await ports.leases.acquire(layout.shardOf(actor), worker, TTL_MS);
  if (lease === null) throw new Error(`${layout.shardOf(actor)} is held by another`);
  return lease;
}

export async function fetchOne(ports: ContractPorts, lease: Lease, actor: ActorId): Promise<Fetched> {
  const [fetched] = (await ports.mailboxes.fetch(lease, [{ actor, count: 100 }], false)) ?? [];
  if (fetched === undefined) throw new Error('fenced');
  return fetched;
}

export const NO_HEAD: Head = { last: beginning(), n: 0, chain: '-' };

/** The step over all fetched entries. */
export function stepOf({ actor, tip, entries }: Fetched, chain = 'c'): ActorCommit {
  const expected: Head = tip === null ? NO_HEAD : { last: tip.last, n: tip.n, chain: tip.chain };
  const last: EntryId = entries.at(-1)?.entry ?? expected.last;
  const n = expected.n + entries.length;
  return { actor, expected, next: { last, n, chain: `${chain}${String(n)}` }, rules: 1 };
}

export function commitOf(lease: Lease, actors: readonly ActorCommit[], more: Partial<ShardCommit> = {}): ShardCommit {
  return { lease, actors, deliveries: [], totals: new Map(), effects: [], timers: [], parks: [], ...more };
}

export interface Owned {
  readonly ports: ContractPorts;
  readonly lease: Lease;
  readonly actor: ActorId;
}

/** Sends, fetches and commits: the actor's new head. */
export async function advance({ ports, lease, actor }: Owned, ids: readonly string[] = ['m']): Promise<Head> {
  await ports.mailboxes.send(
    ids.map((id) => message(actor, id)),
    null,
  );
  const step = stepOf(await fetchOne(ports, lease, actor));
  const [result] = await ports.mailboxes.commit([commitOf(lease, [step])]);
  if (result?.result !== 'applied') throw new Error(`not applied: ${JSON.stringify(result)}`);
  return step.next;
}

/** Brings what the shard left for others to them, as the relay does; nothing where a commit delivers everything itself. */
export async function carry(ports: ContractPorts, lease: Lease): Promise<void> {
  const { outbox, hints } = ports;
  if (outbox === undefined) return;
  const system = { monotonicMs: () => 0 };
  const onFenced = (): void => undefined;
  await createRelay({ outbox, layout, hints, limits: DEFAULT_LIMITS, metrics: silentMetrics, system, onFenced }).drain([lease]);
}

export async function isReady(ports: ContractPorts, actor: ActorId): Promise<boolean> {
  const shard = layout.shardOf(actor);
  return (await ports.mailboxes.peek([shard], 1000)).get(shard)?.includes(actor) ?? false;
}
