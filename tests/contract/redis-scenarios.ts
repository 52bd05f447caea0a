/** One situation per script of Redis, in which it has something to do: for tests that repeat, spoil or starve each of them. */
import type { ActorId } from '../../engine/message.ts';
import type { ClaimedEffect, Lease, Outbox, OutboxEntry, ShardCommit } from '../../engine/ports.ts';
import type { RestoredActor } from '../../engine/restoration.ts';
import { commitCall } from '../../providers/redis/commit.ts';
import { initInstallation } from '../../providers/redis/installation.ts';
import { shardKeys } from '../../providers/redis/keys.ts';
import { createOutbox } from '../../providers/redis/outbox.ts';
import { createScripts } from '../../providers/redis/scripts.ts';
import type { ScriptName } from '../../providers/redis/scripts.ts';
import type { TestPorts } from '../support/redis.ts';
import { actorIn, advance, commitOf, fetchOne, freshActor, layout, message, NO_HEAD, owned, stepOf, TTL_MS } from './fixture.ts';

/** Prepares on one connection; the returned function acts on another. */
export type Scenario = (ports: TestPorts) => Promise<(ports: TestPorts) => Promise<unknown>>;

const NEVER_IDLE_MS = 3_600_000;

export const SCENARIOS: Readonly<Record<ScriptName, Scenario>> = {
  init: async (prepare) => {
    await prepare.redis.flushall();
    return async (ports) => (await initInstallation(ports.redis, layout, { uuid: null })).uuid !== '';
  },
  'init-lease': async (prepare) => {
    await prepare.redis.flushall();
    const keys = [shardKeys('t0').lease];
    return (ports) => createScripts(ports.redis).run({ script: 'init-lease', keys, args: [] });
  },
  'restore-begin': async (prepare) => {
    await prepare.redis.flushall();
    return (ports) => ports.restoration.begin('one').then(() => true);
  },
  'restore-put': async (prepare) => {
    await restoring(prepare);
    const actors = [restoredActor('t1'), restoredActor('t1')];
    return (ports) => ports.restoration.put('t1', actors);
  },
  'restore-deliver': async (prepare) => {
    await restoring(prepare);
    const to = restoredActor('t1').actor;
    const messages = ['a', 'b'].map((id) => ({ key: id, message: message(to, id) }));
    return (ports) => ports.restoration.deliver(messages);
  },
  'restore-finish': async (prepare) => {
    await restoring(prepare);
    return (ports) => ports.restoration.finish('one').then(() => true);
  },
  deliver: async (prepare) => {
    const { lease, entries } = await withOutgoing(prepare);
    const [first] = entries;
    if (first === undefined) throw new Error('nothing in the outbox');
    return async (ports) => {
      await outboxOf(ports).deliver({ from: lease.shard, to: layout.shardOf(first.to), epoch: first.epoch, entries: [first] });
      return true;
    };
  },
  'outbox-read': async (prepare) => {
    const { lease } = await withOutgoing(prepare);
    return (ports) => outboxOf(ports).read(lease, 10);
  },
  'outbox-remove': async (prepare) => {
    const { lease, entries } = await withOutgoing(prepare);
    const gone = entries.map(({ entry }) => entry);
    return (ports) => outboxOf(ports).remove(lease, gone);
  },
  send: async (prepare) => {
    const { actor } = await withTip(prepare);
    const [created, elsewhere] = [freshActor(), actorIn('t1')];
    const messages = [message(actor, 'a'), message(actor, 'b'), message(created, 'c'), message(elsewhere, 'd')];
    return (ports) => ports.mailboxes.send(messages, 1000);
  },
  acquire: () => Promise.resolve((ports) => ports.leases.acquire('t0', 'w1', TTL_MS)),
  renew: async (prepare) => {
    const { lease } = await withTip(prepare);
    return (ports) => ports.leases.renew([lease], TTL_MS);
  },
  release: async (prepare) => {
    const { lease } = await withTip(prepare);
    return (ports) => ports.leases.release([lease]);
  },
  expire: async (prepare) => {
    const { lease } = await withTip(prepare);
    return (ports) => ports.leases.expire([lease]);
  },
  heartbeat: () => Promise.resolve((ports) => ports.leases.heartbeat('toys', 'w1', TTL_MS)),
  peek: async (prepare) => {
    await prepare.mailboxes.send([message(freshActor(), 'a')], null);
    return (ports) => ports.mailboxes.peek(layout.allShards, 10);
  },
  fetch: fetching(false),
  'fetch-careful': fetching(true),
  commit: async (prepare) => {
    const commit = await fullCommit(prepare);
    return (ports) => ports.mailboxes.commit([commit]);
  },
  trim: async (prepare) => {
    const { actor, lease, head } = await withTip(prepare);
    return (ports) => ports.mailboxes.trim(lease, [{ actor, snapshot: head, keep: 1 }]);
  },
  forget: async (prepare) => {
    const { actor, lease, head } = await withTip(prepare);
    await prepare.mailboxes.trim(lease, [{ actor, snapshot: head, keep: 1 }]);
    return (ports) => ports.operations.forget(lease, actor);
  },
  gauges: async (prepare) => {
    await prepare.mailboxes.send([message(freshActor(), 'a')], null);
    return (ports) => ports.operations.gauges(layout.allShards);
  },
  read: async (prepare) => {
    const { actor } = await withTip(prepare);
    return (ports) => ports.mailboxes.read([{ actor, after: null }]);
  },
  'peek-timers': async (prepare) => {
    await prepare.mailboxes.commit([await fullCommit(prepare)]);
    const keys = layout.allShards.map((shard) => shardKeys(shard).timers);
    return (ports) => createScripts(ports.redis).run({ script: 'peek-timers', keys, args: [10] });
  },
  due: duing,
  claim: async (prepare) => {
    await prepare.mailboxes.commit([await fullCommit(prepare)]);
    return (ports) => ports.effects.claim(layout.shardsOf('toys'), { runner: 'r1', count: 5, idleMs: NEVER_IDLE_MS });
  },
  retry: async (prepare) => {
    const effect = await claimed(prepare);
    return (ports) => ports.effects.retry(effect, 'r1');
  },
  settle: async (prepare) => {
    const effect = await claimed(prepare);
    return (ports) => ports.effects.settle(effect, message(effect.actor, 'result'));
  },
  resume: async (prepare) => {
    const { actor } = await parked(prepare);
    return (ports) => ports.operations.resume(actor);
  },
  skip: async (prepare) => {
    const { actor, entry } = await parked(prepare);
    const next = { last: entry, n: 1, chain: 'skipped' };
    const deliveries = [message(freshActor('other'), 'skipped')];
    return (ports) => ports.operations.skip({ actor, entry, expected: NO_HEAD, next, rules: 1, by: 'ann', why: 'bad', deliveries });
  },
};

/** As in a cluster, on one server: the same scripts. */
function outboxOf({ redis }: TestPorts): Outbox {
  const scripts = createScripts(redis);
  return createOutbox({ scripts, secured: scripts, waits: false, layout });
}

async function withOutgoing(ports: TestPorts): Promise<{ lease: Lease; entries: readonly OutboxEntry[] }> {
  const commit = await fullCommit(ports);
  await createScripts(ports.redis).run(commitCall({ layout, cluster: true }, commit));
  return { lease: commit.lease, entries: (await outboxOf(ports).read(commit.lease, 10)) ?? [] };
}

async function withTip(ports: TestPorts): Promise<{ actor: ActorId; lease: Lease; head: Awaited<ReturnType<typeof advance>> }> {
  const actor = freshActor();
  const lease = await owned(ports, actor);
  const head = await advance({ ports, lease, actor }, ['1', '2', '3']);
  return { actor, lease, head };
}

function fetching(careful: boolean): Scenario {
  return async (prepare) => {
    const { actor, lease } = await withTip(prepare);
    await prepare.mailboxes.send([message(actor, 'a')], null);
    return (ports) => ports.mailboxes.fetch(lease, [{ actor, count: 5 }], careful);
  };
}

async function duing(prepare: TestPorts): ReturnType<Scenario> {
  const commit = await fullCommit(prepare);
  await prepare.mailboxes.commit([commit]);
  return (ports) => ports.mailboxes.due([commit.lease]);
}

/** Everything a commit can hold: of one actor, with deliveries to an old, a new and its own mailbox. */
export async function fullCommit(ports: TestPorts): Promise<ShardCommit> {
  const { actor, lease } = await withTip(ports);
  await ports.mailboxes.send([message(actor, 'a'), message(actor, 'b')], null);
  const fetched = await fetchOne(ports, lease, actor);
  const step = stepOf({ ...fetched, entries: fetched.entries.slice(0, 1) });
  const poison = fetched.entries[1]?.entry ?? '-';
  return commitOf(lease, [step], {
    deliveries: [message(actor, 'self'), message(freshActor('other'), 'new'), message(freshActor(), 'new')],
    totals: new Map([
      ['cash:SAR', 12345n],
      ['bank:SAR', -12345n],
    ]),
    effects: [{ actor, id: 'e1', type: 'toy.call', body: '{}', trace: '' }],
    timers: [
      { actor, key: 'past', at: 1000 },
      { actor, key: 'gone', at: null },
    ],
    parks: [{ actor, entry: poison, error: 'boom', attempts: 1 }],
  });
}

async function claimed(ports: TestPorts): Promise<ClaimedEffect> {
  await ports.mailboxes.commit([await fullCommit(ports)]);
  const [effect] = await ports.effects.claim(layout.shardsOf('toys'), { runner: 'r1', count: 1, idleMs: NEVER_IDLE_MS });
  if (effect === undefined) throw new Error('nothing claimed');
  return effect;
}

async function parked(ports: TestPorts): Promise<{ actor: ActorId; entry: `${number}-${number}` }> {
  const actor = freshActor();
  const lease = await owned(ports, actor);
  await ports.mailboxes.send([message(actor, 'poison'), message(actor, 'next')], null);
  const entry = (await fetchOne(ports, lease, actor)).entries[0]?.entry ?? '0-0';
  await ports.mailboxes.commit([commitOf(lease, [], { parks: [{ actor, entry, error: 'boom', attempts: 1 }] })]);
  return { actor, entry };
}

async function restoring({ redis, restoration }: TestPorts): Promise<void> {
  await redis.flushall();
  await restoration.begin('one');
}

function restoredActor(shard: string): RestoredActor {
  const actor = actorIn(shard);
  const effects = [{ actor, id: 'call-1', type: 'toy.call', body: '{}', trace: '' }];
  const tip = { last: '100-0', n: 3, chain: 'c', snapshot: '100-0~c', rules: 1 } as const;
  return { actor, tip, sums: { 'bank:SAR': 12n, 'cash:SAR': -12n }, timers: [{ key: 'poll', at: 5_000 }], effects };
}
