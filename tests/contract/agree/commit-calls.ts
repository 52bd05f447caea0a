/** Commits: right ones with all that may follow from an entry, and those of owners that repeat themselves, come late or are wrong. */
import fc from 'fast-check';
import type { ActorId, Addressed } from '../../../engine/message.ts';
import type { ActorCommit, Head, Lease, Shard, ShardCommit, TimerRecord } from '../../../engine/ports.ts';
import { commitOf, message } from '../fixture.ts';
import { kind } from './command.ts';
import type { Weighted } from './command.ts';
import { actorsOf, aLease, anActor, leaseOf, small } from './mailbox-calls.ts';
import { realHead } from './names.ts';
import type { Names } from './names.ts';
import { headIn, pick, shardState, STEP_MS, uncommitted } from './world.ts';
import type { World } from './world.ts';

const aTurn = fc.record({ actor: small, take: fc.integer({ min: 1, max: 3 }), twist: rarely('stale', 'backwards', 'parked') });
const aTimer = fc.record({
  actor: small,
  key: fc.constantFrom('k1', 'k2'),
  at: fc.constantFrom('past', 'earlier', 'soon', 'far', 'never'),
});
const aPark = fc.record({ actor: small, at: fc.constantFrom('next', 'next', 'next', 'second', 'committed', 'load') });
const follows = fc.record({
  deliveries: fc.array(anActor, { maxLength: 3 }),
  totals: fc.dictionary(fc.constantFrom('cash:SAR', 'bank:SAR'), fc.integer({ min: -5, max: 5 }), { maxKeys: 2 }),
  effects: fc.array(small, { maxLength: 2 }),
  timers: fc.array(aTimer, { maxLength: 2 }),
  parks: fc.oneof(
    { weight: 3, arbitrary: fc.array(aPark, { maxLength: 0 }) },
    { weight: 1, arbitrary: fc.array(aPark, { minLength: 1, maxLength: 2 }) },
  ),
});
const aCommit = fc.record({ lease: aLease, turns: fc.array(aTurn, { maxLength: 3 }), follows });

type CommitChoice = typeof aCommit extends fc.Arbitrary<infer T> ? T : never;
type Turn = CommitChoice['turns'][number];
type Follows = CommitChoice['follows'];

function rarely(...twists: string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 12, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.constantFrom(...twists) });
}

const commit = kind('commit', fc.array(aCommit, { minLength: 1, maxLength: 2 }), async (world, chosen) => {
  const shards = new Set<Shard>();
  const commits = chosen.flatMap((one) => {
    if (shards.has(one.lease.shard)) return [];
    shards.add(one.lease.shard);
    return [commitFor(world, one)];
  });
  await commitBoth(world, 'commit', commits);
});

/** An earlier commit again, by whoever holds the shard: whole, in part, or with a turn of its own beside it. */
const again = kind(
  'commit again',
  fc.record({ which: small, lease: aLease, only: small, turns: fc.array(aTurn, { maxLength: 1 }) }),
  async (world, { which, lease, only, turns }) => {
    const earlier = pick(world.commits, which);
    if (earlier === undefined) return;
    const { shard } = earlier.lease;
    const kept = only < earlier.actors.length && only > 0 ? earlier.actors.slice(0, only) : earlier.actors;
    const beside = turns.flatMap((turn) => stepFor(world, shard, turn)).filter(({ actor }) => !kept.some((one) => one.actor === actor));
    await commitBoth(world, 'commit again', [{ ...earlier, lease: leaseOf(world, { ...lease, shard }), actors: [...kept, ...beside] }]);
  },
);

function commitFor(world: World, { lease, turns, follows: more }: CommitChoice): ShardCommit {
  const { shard } = lease;
  const steps = new Map<ActorId, ActorCommit>();
  for (const turn of turns) for (const step of stepFor(world, shard, turn)) steps.set(step.actor, step);
  const actors = [...steps.values()];
  return { ...consequences(world, { lease: leaseOf(world, lease), actors }, more), parks: parksFor(world, shard, more.parks) };
}

function stepFor(world: World, shard: Shard, { actor: index, take, twist }: Turn): ActorCommit[] {
  const actor = pick(actorsOf(shard), index);
  if (actor === undefined) return [];
  const entries = uncommitted(world, shard, actor).slice(0, take);
  const head = headIn(world, shard, actor);
  const last = entries.at(-1)?.entry;
  if (last === undefined || (shardState(world, shard).parked.has(actor) && twist !== 'parked')) return [];
  const expected = twist === 'stale' ? { ...head, chain: 'another' } : head;
  const next: Head = { last: twist === 'backwards' ? head.last : last, n: head.n + entries.length, chain: `c${world.fresh()}` };
  return [{ actor, expected, next, rules: 1 + (take % 2) }];
}

interface Decided {
  readonly lease: Lease;
  readonly actors: readonly ActorCommit[];
}

/** What follows from the turns; in most cases nothing when there is none. */
function consequences(world: World, { lease, actors }: Decided, { deliveries, totals, effects, timers }: Follows): ShardCommit {
  if (actors.length === 0 && deliveries.length < 3) return commitOf(lease, []);
  const own = actorsOf(lease.shard);
  const decider = (index: number): ActorId => pick(actors, index)?.actor ?? own[0] ?? 'toy:0';
  return commitOf(lease, actors, {
    deliveries: deliveries.map((to): Addressed => message(to, `d${world.fresh()}`)),
    totals: new Map(Object.entries(totals).map(([name, sum]) => [name, BigInt(sum)])),
    effects: effects.map((index) => ({ actor: decider(index), id: `e${world.fresh()}`, type: 'toy.call', body: '{}', trace: 't' })),
    timers: timers.map(({ actor, key, at }): TimerRecord => ({ actor: decider(actor), key, at: timeOf(world, at) })),
  });
}

function timeOf(world: World, at: string): number | null {
  if (at === 'never') return null;
  if (at === 'far') return 9_000_000_000_000;
  if (at === 'soon') return world.beganAt + 2.5 * STEP_MS;
  return at === 'past' ? 1_000_000_002_000 : 1_000_000_001_000;
}

function parksFor(world: World, shard: Shard, chosen: Follows['parks']): ShardCommit['parks'] {
  return chosen.flatMap(({ actor: index, at }) => {
    const actor = pick(actorsOf(shard), index);
    if (actor === undefined) return [];
    const [next, second] = uncommitted(world, shard, actor);
    const entry = { next: next?.entry, second: second?.entry, committed: headIn(world, shard, actor).last, load: '-' }[at];
    return entry === undefined ? [] : [{ actor, entry, error: 'boom "quoted"', attempts: 1 }];
  });
}

async function commitBoth(world: World, what: string, commits: readonly ShardCommit[]): Promise<void> {
  const answer = await world.both(what, async ({ ports, names }) => {
    const results = await ports.mailboxes.commit(commits.map((one) => realCommit(names, one)));
    return results.map((one) => (one.result === 'stale' ? { ...one, actors: [...one.actors].sort() } : one));
  });
  if ('fault' in answer) return;
  commits.forEach((one, index) => {
    world.commits.push(one);
    if (answer.value[index]?.result !== 'applied') return;
    for (const { actor, next } of one.actors) world.heads.set(actor, [...(world.heads.get(actor) ?? []), next]);
  });
}

function realCommit(names: Names, { lease, actors, parks, ...more }: ShardCommit): ShardCommit {
  return {
    ...more,
    lease: names.realLease(lease),
    actors: actors.map((one) => ({ ...one, expected: realHead(names, one.expected), next: realHead(names, one.next) })),
    parks: parks.map((park) => ({ ...park, entry: names.realText(park.entry) })),
  };
}

export const commitCalls: readonly Weighted[] = [
  { weight: 14, arbitrary: commit },
  { weight: 3, arbitrary: again },
];
