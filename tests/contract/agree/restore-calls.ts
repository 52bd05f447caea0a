/** The restoration of a server that lost everything: in order, out of it, repeated, and asked for when there is nothing to restore. */
import fc from 'fast-check';
import type { ActorId, EntryId } from '../../../engine/message.ts';
import type { RestoredActor } from '../../../engine/restoration.ts';
import { message } from '../fixture.ts';
import { kind } from './command.ts';
import type { Step, Weighted } from './command.ts';
import { actorsOf, anActor, aShard, small } from './mailbox-calls.ts';
import { acquireBoth } from './other-calls.ts';
import { SHARDS } from './side.ts';
import { pick, STEP_MS } from './world.ts';
import type { World } from './world.ts';

const anInstallation = fc.oneof({ weight: 6, arbitrary: fc.constant('one') }, { weight: 1, arbitrary: fc.constant('another') });

const aSnapshot = fc.record({
  actor: small,
  n: fc.integer({ min: 1, max: 3 }),
  named: fc.boolean(),
  sums: fc.dictionary(fc.constantFrom('cash:SAR', 'bank:SAR'), fc.integer({ min: -5, max: 5 }), { maxKeys: 2 }),
  timers: fc.uniqueArray(fc.constantFrom('k1', 'k2')),
  effects: fc.nat({ max: 2 }),
});
type SnapshotChoice = typeof aSnapshot extends fc.Arbitrary<infer T> ? T : never;

const begin = kind('restore begins', anInstallation, async (world, installation) => {
  await world.both('begin', ({ ports }) => ports.restoration.begin(installation));
});

const put = kind(
  'restore puts',
  fc.record({ shard: aShard, snapshots: fc.array(aSnapshot, { maxLength: 3 }) }),
  async (world, { shard, snapshots }) => {
    const actors = snapshots.flatMap((one) => restoredActor(world, pick(actorsOf(shard), one.actor), one));
    await world.both('put', ({ ports }) => ports.restoration.put(shard, actors));
  },
);

function restoredActor(world: World, actor: ActorId | undefined, { n, named, sums, timers, effects }: SnapshotChoice): RestoredActor[] {
  // A mailbox begins where its actor stands: nobody is put back after a message to him.
  if (actor === undefined || world.state().mailboxes.has(actor)) return [];
  // Of a time before anything that either side names.
  const last: EntryId = `${world.beganAt - n * STEP_MS}-${n}`;
  const chain = `b${world.fresh()}`;
  return [
    {
      actor,
      tip: { last, n, chain, snapshot: named ? `${last}~${chain}` : null, rules: n },
      sums: Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, BigInt(sum)])),
      timers: timers.map((key) => ({ key, at: key === 'k1' ? 1_000_000_001_000 : world.beganAt + 2.5 * STEP_MS })),
      effects: Array.from({ length: effects }, () => ({ actor, id: `e${world.fresh()}`, type: 'toy.call', body: '{}', trace: 't' })),
    },
  ];
}

const deliver = kind(
  'restore delivers',
  fc.array(fc.record({ to: anActor, key: fc.constantFrom('a', 'b', 'c') }), { maxLength: 4 }),
  async (world, chosen) => {
    const messages = chosen.map(({ to, key }) => ({ key, message: message(to, `t${world.fresh()}`) }));
    await world.both('deliver', ({ ports }) => ports.restoration.deliver(messages));
  },
);

/** Workers start when it has ended. */
const finish = kind('restore ends', anInstallation, async (world, installation) => {
  const answer = await world.both('finish', ({ ports }) => ports.restoration.finish(installation));
  if ('fault' in answer || world.isServing) return;
  world.isServing = true;
  for (const shard of SHARDS) await acquireBoth(world, { shard, worker: 'w1', ttlMs: 2.5 * STEP_MS });
});

/** A call of workers and edges, once there are any. */
export function onceServing({ weight, arbitrary }: Weighted): Weighted {
  return { weight, arbitrary: arbitrary.map((step): Step => ({ ...step, check: (world) => world.isServing })) };
}

export const restoreCalls: readonly Weighted[] = [
  { weight: 8, arbitrary: begin },
  { weight: 10, arbitrary: put },
  { weight: 10, arbitrary: deliver },
  { weight: 3, arbitrary: finish },
];
