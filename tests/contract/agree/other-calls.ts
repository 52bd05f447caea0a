/** Calls of leases, effects and operations, and time that passes. */
import fc from 'fast-check';
import type { ActorId } from '../../../engine/message.ts';
import type { ClaimedEffect, Lease, Shard } from '../../../engine/ports.ts';
import { layout, message, NO_HEAD } from '../fixture.ts';
import { kind } from './command.ts';
import type { Weighted } from './command.ts';
import { aLease, anActor, aShard, leaseOf, small } from './mailbox-calls.ts';
import { commonTip, realHead } from './names.ts';
import { ACTORS, SHARDS } from './side.ts';
import type { Side } from './side.ts';
import { headIn, pick, shardState, STEP_MS, uncommitted } from './world.ts';
import type { Skip, World } from './world.ts';

const aWorker = fc.constantFrom('w1', 'w2');
/** Ends between two steps; the longer one is further away than the shorter TTL allows. */
const aTtl = fc.constantFrom(2.5 * STEP_MS, 2.5 * STEP_MS, 4.8 * STEP_MS);
const shards = fc.uniqueArray(aShard);

const age = kind('time passes', fc.integer({ min: 1, max: 4 }), async (world, steps) => {
  await world.both('time', (side) => side.age(steps * STEP_MS));
});

// ---- leases ----------------------------------------------------------------------------------------------------------------------

function commonLease({ names }: Side, lease: Lease): Lease {
  return { ...lease, token: names.commonToken(lease.shard, lease.token) };
}

interface Wish {
  readonly shard: Shard;
  readonly worker: string;
  readonly ttlMs: number;
}

export async function acquireBoth(world: World, { shard, worker, ttlMs }: Wish): Promise<void> {
  const answer = await world.both('acquire', async (side) => {
    const lease = await side.ports.leases.acquire(shard, worker, ttlMs);
    return lease === null ? null : commonLease(side, lease);
  });
  if ('value' in answer && answer.value !== null) world.leases.push(answer.value);
}

const acquire = kind('acquire', fc.record({ shard: aShard, worker: aWorker, ttlMs: aTtl }), acquireBoth);

const renew = kind('renew', fc.record({ chosen: fc.array(aLease, { maxLength: 3 }), ttlMs: aTtl }), async (world, { chosen, ttlMs }) => {
  const leases = chosen.map((one) => leaseOf(world, one));
  await world.both('renew', async (side) => {
    const held = await side.ports.leases.renew(
      leases.map((lease) => side.names.realLease(lease)),
      ttlMs,
    );
    return held.map((lease) => commonLease(side, lease));
  });
});

const release = kind('release', fc.array(aLease, { maxLength: 2 }), async (world, chosen) => {
  const leases = chosen.map((one) => leaseOf(world, one));
  await world.both('release', ({ ports, names }) => ports.leases.release(leases.map((lease) => names.realLease(lease))));
});

const expire = kind('expire', fc.array(aLease, { maxLength: 2 }), async (world, chosen) => {
  const leases = chosen.map((one) => leaseOf(world, one));
  await world.both('expire', ({ ports, names }) => ports.leases.expire(leases.map((lease) => names.realLease(lease))));
});

const owners = kind('owners', shards, async (world, asked) => {
  await world.both('owners', async ({ ports, names }) =>
    [...(await ports.leases.owners(asked))].map(([shard, { owner, token }]) => ({ shard, owner, token: names.commonToken(shard, token) })),
  );
});

const heartbeat = kind(
  'heartbeat',
  fc.record({ role: fc.constantFrom('toys', 'others'), worker: aWorker, ttlMs: aTtl }),
  async (world, { role, worker, ttlMs }) => {
    await world.both('heartbeat', async ({ ports }) => (await ports.leases.heartbeat(role, worker, ttlMs)).sort());
  },
);

const leave = kind('leave', fc.record({ role: fc.constantFrom('toys', 'others'), worker: aWorker }), async (world, { role, worker }) => {
  await world.both('leave', ({ ports }) => ports.leases.leave(role, worker));
});

// ---- effects ---------------------------------------------------------------------------------------------------------------------

const aRunner = fc.constantFrom('r1', 'r2');

function commonEffect({ names }: Side, effect: ClaimedEffect): ClaimedEffect {
  return { ...effect, claim: names.common(effect.shard, effect.claim) };
}

function realEffect({ names }: Side, effect: ClaimedEffect): ClaimedEffect {
  return { ...effect, claim: names.real(effect.claim) };
}

const claim = kind(
  'claim',
  fc.record({
    asked: fc.uniqueArray(aShard, { minLength: 1 }),
    runner: aRunner,
    count: fc.nat({ max: 3 }),
    idleMs: fc.constantFrom(0, 1.5 * STEP_MS, 100 * STEP_MS),
    held: fc.constantFrom('unsaid', 'none', 'newest', 'all'),
  }),
  async (world, { asked: wanted, runner, count, idleMs, held }) => {
    // In a cluster a limit is shared among the shards before anybody knows what each has: one alone is asked.
    const asked = world.cluster ? wanted.slice(0, 1) : wanted;
    const holds = { none: [], newest: world.claims.slice(-1), all: world.claims };
    const answer = await world.both('claim', async (side) => {
      const more = held === 'unsaid' ? {} : { held: holds[held].map((one) => realEffect(side, one)) };
      const claimed = await side.ports.effects.claim(asked, { runner, count, idleMs, ...more });
      return claimed.map((one) => commonEffect(side, one));
    });
    if ('value' in answer) world.claims.push(...answer.value);
  },
);

const retry = kind(
  'retry',
  fc.record({ which: small, runner: aRunner, late: fc.constantFrom(0, 0, 0, 1, 2) }),
  async (world, { which, runner, late }) => {
    const effect = pick(world.claims, which);
    if (effect === undefined) return;
    const answer = await world.both('retry', async (side) => {
      const next = await side.ports.effects.retry({ ...realEffect(side, effect), attempt: Math.max(1, effect.attempt - late) }, runner);
      return next === null ? null : commonEffect(side, next);
    });
    if ('value' in answer && answer.value !== null) world.claims.push(answer.value);
  },
);

const settle = kind('settle', small, async (world, which) => {
  const effect = pick(world.claims, which);
  if (effect === undefined) return;
  const result = { id: `r${world.fresh()}`, type: 'Done', body: '{}', from: 'effect:toy.call', trace: '' };
  await world.both('settle', (side) => side.ports.effects.settle(realEffect(side, effect), result));
});

// ---- operations ------------------------------------------------------------------------------------------------------------------

const resume = kind('resume', anActor, async (world, actor) => {
  await world.both('resume', ({ ports }) => ports.operations.resume(actor));
});

const skip = kind(
  'skip',
  fc.record({
    actor: anActor,
    twist: fc.oneof(
      { weight: 5, arbitrary: fc.constant('') },
      { weight: 2, arbitrary: fc.constantFrom('again', 'head', 'chain', 'entry') },
    ),
    to: fc.array(anActor, { maxLength: 2 }),
  }),
  async (world, { actor, twist, to }) => {
    const wanted = twist === 'again' ? pick(world.skips, to.length) : skipFor(world, actor, twist);
    if (wanted === undefined) return;
    const request = { ...wanted, deliveries: to.map((target) => message(target, `s${world.fresh()}`)) };
    const answer = await world.both('skip', ({ ports, names }) => {
      const { entry, expected, next } = request;
      const real = { entry: names.real(entry), expected: realHead(names, expected), next: realHead(names, next) };
      return ports.operations.skip({ ...request, ...real });
    });
    if ('value' in answer && answer.value) {
      world.skips.push(request);
      world.heads.set(request.actor, [...(world.heads.get(request.actor) ?? []), request.next]);
    }
  },
);

/** The skip that an operator would ask for, or one that comes late or is wrong. */
function skipFor(world: World, actor: ActorId, twist: string): Skip | undefined {
  const shard = layout.shardOf(actor);
  const waiting = uncommitted(world, shard, actor);
  const parkedAt = shardState(world, shard).parked.get(actor)?.entry;
  const found = twist === 'entry' ? waiting[1] : (waiting.find(({ entry }) => entry === parkedAt) ?? waiting[0]);
  if (found === undefined) return undefined;
  const head = headIn(world, shard, actor);
  const expected = twist === 'chain' ? { ...head, chain: 'another' } : head;
  const next = { last: twist === 'head' ? NO_HEAD.last : found.entry, n: head.n + 1, chain: `s${world.fresh()}` };
  return { actor, entry: found.entry, expected, next, rules: 3, by: 'ann', why: 'bad', deliveries: [] };
}

const forget = kind('forget', fc.record({ lease: aLease, actor: small }), async (world, { lease, actor: index }) => {
  const actor = pick(
    ACTORS.filter((one) => layout.shardOf(one) === lease.shard),
    index,
  );
  if (actor === undefined) return;
  const held = leaseOf(world, lease);
  await world.both('forget', ({ ports, names }) => ports.operations.forget(names.realLease(held), actor));
});

const waiting = kind('waiting', fc.record({ asked: shards, limit: fc.nat({ max: 8 }) }), async (world, { asked, limit }) => {
  const isOneQueue = asked.length < 2 && world.isOneQueue(asked);
  await world.both('waiting', async ({ ports }) => {
    const found = await ports.operations.waiting(asked, limit);
    return isOneQueue ? found.map(({ actor, shard }) => ({ actor, shard })) : found.length;
  });
});

/** What people look at; all of it, because it changes nothing. */
const looks = kind('looks', fc.constant([]), async (world) => {
  await world.both('parked', async ({ ports, names }) =>
    (await ports.operations.parked(SHARDS))
      .map(({ since, ...park }) => ({ ...park, entry: names.commonText(park.actor, park.entry), isDated: since > world.beganAt - STEP_MS }))
      .sort((a, b) => (a.actor < b.actor ? -1 : 1)),
  );
  await world.both('dead', async ({ ports, names }) =>
    (await ports.operations.dead(SHARDS)).map(({ at, ...dead }) => ({
      ...dead,
      entry: names.common(dead.actor, dead.entry),
      isDated: at > world.beganAt - STEP_MS,
    })),
  );
  await world.both('totals', ({ ports }) => ports.operations.totals(SHARDS));
  await world.both('actors', async ({ ports, names }) => {
    const pages = await Promise.all(SHARDS.map((shard) => ports.operations.actors(shard, '0')));
    return pages.map((page) => [page.cursor, new Map([...page.actors].map(([actor, tip]) => [actor, commonTip(names, actor, tip)]))]);
  });
  await world.both('gauges', async ({ ports }) => {
    const { ready, parked, oldestReadyMs } = await ports.operations.gauges(SHARDS);
    return { ready, parked, isDated: oldestReadyMs === null ? null : oldestReadyMs >= 0 && oldestReadyMs < STEP_MS };
  });
});

export const otherCalls: readonly Weighted[] = [
  { weight: 2, arbitrary: age },
  { weight: 2, arbitrary: acquire },
  { weight: 1, arbitrary: renew },
  { weight: 1, arbitrary: release },
  { weight: 1, arbitrary: expire },
  { weight: 1, arbitrary: owners },
  { weight: 1, arbitrary: heartbeat },
  { weight: 1, arbitrary: leave },
  { weight: 4, arbitrary: claim },
  { weight: 2, arbitrary: retry },
  { weight: 2, arbitrary: settle },
  { weight: 2, arbitrary: resume },
  { weight: 4, arbitrary: skip },
  { weight: 3, arbitrary: forget },
  { weight: 1, arbitrary: waiting },
  { weight: 1, arbitrary: looks },
];
