/** Calls of the outbox, in the form of a cluster: what a relay reads, carries and removes, late and twice as well. */
import fc from 'fast-check';
import type { OutboxDelivery, OutboxEntry, Shard } from '../../../engine/ports.ts';
import { layout } from '../fixture.ts';
import { kind } from './command.ts';
import type { Weighted } from './command.ts';
import { commonOutbox } from './look.ts';
import { aLease, leaseOf, small } from './mailbox-calls.ts';
import { SHARDS } from './side.ts';
import type { Side, SidePorts } from './side.ts';
import { pick, shardState } from './world.ts';
import type { OutboxRead, World } from './world.ts';

function outboxOf({ outbox }: SidePorts): NonNullable<SidePorts['outbox']> {
  if (outbox === undefined) throw new Error('this side has no outbox');
  return outbox;
}

/** Mostly of a shard that has something to carry. */
const read = kind(
  'outbox read',
  fc.record({ lease: aLease, place: small, count: fc.integer({ min: 1, max: 6 }) }),
  async (world, { lease, place, count }) => {
    const full = SHARDS.filter((shard) => shardState(world, shard).outbox.length > 0);
    const from = pick(full, place) ?? lease.shard;
    const held = leaseOf(world, { ...lease, shard: from });
    const answer = await world.both('outbox read', async ({ ports, names }) => {
      const entries = await outboxOf(ports).read(names.realLease(held), count);
      return entries === null ? null : commonOutbox(names, from, entries);
    });
    if ('value' in answer && answer.value !== null && answer.value.length > 0) world.reads.push({ from, entries: answer.value });
  },
);

const aDelivery = fc.record({ which: small, to: small, take: fc.integer({ min: 1, max: 4 }) });
type DeliveryChoice = typeof aDelivery extends fc.Arbitrary<infer T> ? T : never;

/** Something that was read, now or long ago, for one of its destinations: all of it, or the first of it. */
function deliveryOf(world: World, { which, to, take }: DeliveryChoice): OutboxDelivery | undefined {
  const chosen = pick(world.reads, which);
  const delivery = chosen === undefined ? undefined : pick(deliveriesOf(chosen), to);
  return delivery === undefined ? undefined : { ...delivery, entries: delivery.entries.slice(0, take) };
}

const deliver = kind('outbox deliver', aDelivery, async (world, chosen) => {
  const delivery = deliveryOf(world, chosen);
  if (delivery !== undefined) await deliverBoth(world, delivery);
});

/** Under epochs that nobody had, more than a shard remembers, and then as it was: some are forgotten. */
const deliverOften = kind(
  'outbox deliver, many epochs',
  fc.record({ chosen: aDelivery, first: fc.integer({ min: 1, max: 4 }), count: fc.integer({ min: 1, max: 10 }) }),
  async (world, { chosen, first, count }) => {
    const delivery = deliveryOf(world, chosen);
    if (delivery === undefined) return;
    for (let epoch = first; epoch < first + count; epoch += 1) await deliverBoth(world, { ...delivery, epoch: `${epoch}:nobody` });
    await deliverBoth(world, delivery);
  },
);

async function deliverBoth(world: World, delivery: OutboxDelivery): Promise<void> {
  await world.both('outbox deliver', ({ ports, names }) => outboxOf(ports).deliver(realDelivery(names, delivery)));
}

/** As the relay groups them: for each destination the entries of the first epoch. */
function deliveriesOf({ from, entries }: OutboxRead): OutboxDelivery[] {
  const destinations = new Map<Shard, OutboxEntry[]>();
  for (const entry of entries) {
    const to = layout.shardOf(entry.to);
    const own = destinations.get(to) ?? [];
    if (own.length === 0 || own[0]?.epoch === entry.epoch) destinations.set(to, [...own, entry]);
  }
  return [...destinations].map(([to, own]) => ({ from, to, epoch: own[0]?.epoch ?? '', entries: own }));
}

function realDelivery(names: Side['names'], { from, to, epoch, entries }: OutboxDelivery): OutboxDelivery {
  const realEpoch = (common: string): string => names.realEpoch(from, common);
  return {
    ...{ from, to, epoch: realEpoch(epoch) },
    entries: entries.map((one) => ({ ...one, entry: names.real(one.entry), epoch: realEpoch(one.epoch) })),
  };
}

const remove = kind(
  'outbox remove',
  fc.record({ lease: aLease, which: small, places: fc.uniqueArray(small, { maxLength: 4 }) }),
  async (world, { lease, which, places }) => {
    const known = pick(world.reads, which);
    const held = leaseOf(world, { ...lease, shard: known?.from ?? lease.shard });
    const gone = places.flatMap((place) => pick(known?.entries ?? [], place)?.entry ?? []);
    await world.both('outbox remove', ({ ports, names }) =>
      outboxOf(ports).remove(
        names.realLease(held),
        gone.map((entry) => names.real(entry)),
      ),
    );
  },
);

export const outboxCalls: readonly Weighted[] = [
  { weight: 8, arbitrary: read },
  { weight: 8, arbitrary: deliver },
  { weight: 2, arbitrary: deliverOften },
  { weight: 5, arbitrary: remove },
];
