/** Calls of the mailboxes, but for `commit`. */
import fc from 'fast-check';
import { beginning } from '../../../engine/message.ts';
import type { ActorId, EntryId } from '../../../engine/message.ts';
import type { Fetched, Head, Lease, ReadResult, Sent, Shard } from '../../../engine/ports.ts';
import { layout, message } from '../fixture.ts';
import { kind } from './command.ts';
import type { Weighted } from './command.ts';
import { commonEntries, commonTip, realHead } from './names.ts';
import { ACTORS, SHARDS } from './side.ts';
import type { Side } from './side.ts';
import { headIn, pick } from './world.ts';
import type { World } from './world.ts';

export const anActor = fc.constantFrom(...ACTORS);
export const aShard = fc.constantFrom(...SHARDS);
export const small = fc.nat({ max: 7 });
/** Mostly the lease that holds, sometimes a former one, sometimes a forged one. */
export const aLease = fc.record({
  shard: aShard,
  which: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 4 }) }),
});
type LeaseChoice = { readonly shard: Shard; readonly which: number };
const FORGED = 4;

export function leaseOf(world: World, { shard, which }: LeaseChoice): Lease {
  const own = world.leases.filter((lease) => lease.shard === shard);
  const found = which === FORGED ? undefined : pick(own, which);
  return found ?? { shard, token: '99:forged', via: 'free' };
}

export function actorsOf(shard: Shard): ActorId[] {
  return ACTORS.filter((actor) => layout.shardOf(actor) === shard);
}

const send = kind(
  'send',
  fc.record({
    to: fc.array(anActor, { minLength: 0, maxLength: 4 }),
    cap: fc.oneof(fc.constant(null), fc.nat({ max: 4 })),
  }),
  async (world, { to, cap }) => {
    const messages = to.map((actor) => message(actor, `m${world.fresh()}`));
    // The ids are compared with everything else that is held: here only what was refused.
    await world.both('send', async ({ ports }) => (await ports.mailboxes.send(messages, cap)).map(withoutId));
  },
);

function withoutId(sent: Sent): unknown {
  return sent.sent ? 'sent' : sent.why;
}

const peek = kind(
  'peek',
  fc.record({ shards: fc.uniqueArray(aShard), limit: fc.oneof(fc.nat({ max: 6 }), fc.constant(1000)) }),
  async (world, { shards, limit }) => {
    const isOneQueue = world.isOneQueue(shards);
    await world.both('peek', async ({ ports }) => {
      const found = await ports.mailboxes.peek(shards, limit);
      // In a cluster the last places of a limit may go to another of the shards.
      if (world.cluster && shards.length > 1) return [...found.values()].flat().length;
      return new Map([...found].map(([shard, actors]) => [shard, isOneQueue ? actors : actors.length]));
    });
  },
);

const fetch = kind(
  'fetch',
  fc.record({
    lease: aLease,
    requests: fc.array(fc.record({ actor: small, count: fc.integer({ min: 1, max: 3 }) }), { maxLength: 3 }),
    careful: fc.boolean(),
  }),
  async (world, { lease, requests, careful }) => {
    const own = actorsOf(lease.shard);
    const wanted = requests.flatMap(({ actor, count }) => {
      const found = pick(own, actor);
      return found === undefined ? [] : [{ actor: found, count }];
    });
    const held = leaseOf(world, lease);
    await world.both('fetch', async ({ ports, names }) => {
      const fetched = await ports.mailboxes.fetch(names.realLease(held), wanted, careful);
      return fetched === null ? null : fetched.map((one) => commonFetched(names, one));
    });
  },
);

const follow = kind(
  'follow',
  fc.record({
    places: fc.uniqueArray(fc.record({ actor: anActor, entry: fc.option(small) }), { maxLength: 4, selector: ({ actor }) => actor }),
    count: fc.integer({ min: 1, max: 3 }),
  }),
  async (world, { places, count }) => {
    const wanted = places.map(({ actor, entry }) => ({ actor, last: entry === null ? beginning() : entryAt(world, actor, entry) }));
    await world.both('follow', async ({ ports, names }) => {
      const asked = wanted.map(({ actor, last }) => ({ shard: layout.shardOf(actor), actor, last: names.real(last) }));
      const found = await ports.mailboxes.follow(asked, count);
      return found.map((some, index) => (some === null ? null : commonEntries(names, wanted[index]?.actor ?? '', some)));
    });
  },
);

function commonFetched(names: Side['names'], { actor, tip, entries, attempts }: Fetched): Fetched {
  return { actor, tip: commonTip(names, actor, tip), entries: commonEntries(names, actor, entries), attempts };
}

const FAR: EntryId = '9000000000000-0';

const trim = kind(
  'trim',
  fc.record({
    lease: aLease,
    names: fc.array(
      fc.record({ actor: small, head: small, twist: fc.constantFrom('', '', '', 'chain', 'ahead'), keep: fc.nat({ max: 3 }) }),
      { maxLength: 3 },
    ),
  }),
  async (world, { lease, names: chosen }) => {
    const own = actorsOf(lease.shard);
    const wanted = chosen.flatMap(({ actor, head, twist, keep }) => {
      const found = pick(own, actor);
      if (found === undefined) return [];
      const known = pick(world.heads.get(found) ?? [], head) ?? headIn(world, lease.shard, found);
      return [{ actor: found, snapshot: twisted(known, twist), keep }];
    });
    const held = leaseOf(world, lease);
    await world.both('trim', ({ ports, names }) =>
      ports.mailboxes.trim(
        names.realLease(held),
        wanted.map((name) => ({ ...name, snapshot: realHead(names, name.snapshot) })),
      ),
    );
  },
);

function twisted(head: Head, twist: string): Head {
  if (twist === 'chain') return { ...head, chain: 'another' };
  return twist === 'ahead' ? { ...head, last: FAR } : head;
}

const read = kind(
  'read',
  fc.array(fc.record({ actor: anActor, after: fc.oneof(fc.constant(null), small) }), { maxLength: 4 }),
  async (world, chosen) => {
    const requests = chosen.map(({ actor, after }) => ({ actor, after: after === null ? null : entryAt(world, actor, after) }));
    await world.both('read', async ({ ports, names }) => {
      const looks = await ports.mailboxes.read(
        requests.map(({ actor, after }) => ({ actor, after: after === null ? null : names.real(after) })),
      );
      return looks.map((look, index) => commonRead(names, requests[index]?.actor ?? '', look));
    });
  },
);

function entryAt(world: World, actor: ActorId, index: number): EntryId {
  return world.state().mailboxes.get(actor)?.entries[index]?.entry ?? '0-0';
}

function commonRead(names: Side['names'], actor: string, { tip, entries, parked }: ReadResult): ReadResult {
  return { tip: commonTip(names, actor, tip), entries: commonEntries(names, actor, entries), parked };
}

const due = kind('due', fc.array(aLease, { maxLength: 3 }), async (world, chosen) => {
  const leases = chosen.map((one) => leaseOf(world, one));
  await world.both('due', ({ ports, names }) => ports.mailboxes.due(leases.map((lease) => names.realLease(lease))));
});

export const mailboxCalls: readonly Weighted[] = [
  { weight: 8, arbitrary: send },
  { weight: 2, arbitrary: peek },
  { weight: 3, arbitrary: fetch },
  { weight: 2, arbitrary: follow },
  { weight: 4, arbitrary: trim },
  { weight: 1, arbitrary: read },
  { weight: 3, arbitrary: due },
];
