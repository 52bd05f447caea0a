/** Redis is gone at any moment; what MongoDB holds and what the outside says again must come to the same money. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import fc from 'fast-check';
import { z } from 'zod';
import { createMemoryPorts } from '../mocks/memory/ports.ts';
import type { MemoryPorts } from '../mocks/memory/ports.ts';
import { accept, defineKind, send } from './actor.ts';
import { audit } from './audit.ts';
import { Fault } from './fault.ts';
import { foldActor } from './fold.ts';
import { toJson } from './message.ts';
import type { ActorId, Addressed } from './message.ts';
import type { Restoration } from './restoration.ts';
import { restore } from './restore.ts';
import type { Restored } from './restore.ts';
import { createRig } from './testing/rig.ts';
import { createPurse, notice } from './testing/toy.ts';
import type { Purse } from './testing/toy.ts';

const actor = z.custom<ActorId>((value) => typeof value === 'string' && value.includes(':'));
const amount = z.union([z.bigint(), z.string().transform((text) => BigInt(text))]);
const line = z.object({ key: z.string(), via: actor, to: actor, amount });
const named = (id: string, to: ActorId, value: bigint) => ({ type: 'Deposit' as const, id, body: { amount: value, to } });

/** Reads lines, each once, as a statement is read: the same line again is nothing. */
const reader = defineKind<{ keys: readonly string[] }, { Line: typeof line }, never>({
  name: 'reader',
  role: 'toy',
  rules: 1,
  messages: { Line: line },
  state: z.object({ keys: z.array(z.string()) }),
  initial: () => ({ keys: [] }),
  decide(state, { body }) {
    if (state.keys.includes(body.key)) return accept(state);
    const rows = [
      { account: 'bank', currency: 'SAR', amount: body.amount },
      { account: 'in-transit', currency: 'SAR', amount: -body.amount },
    ];
    const sends = [send({ Deposit: relayed }, body.via, named(`line/${body.key}`, body.to, body.amount))];
    return accept({ keys: [...state.keys, body.key] }, { rows, sends });
  },
});

const relayed = z.object({ amount, to: actor });

/** Passes money on untouched, and knows nothing of it: it would pass it on twice. */
const relay = defineKind<{ count: number }, { Deposit: typeof relayed }, never>({
  name: 'relay',
  role: 'toy',
  rules: 1,
  messages: { Deposit: relayed },
  state: z.object({ count: z.number() }),
  initial: () => ({ count: 0 }),
  decide: (state, { body, id }) =>
    accept({ count: state.count + 1 }, { sends: [{ to: body.to, ...named(`${id}/on`, body.to, body.amount) }] }),
});

const KINDS = [createPurse(), notice, reader, relay];
const LINES = 24;

interface Line {
  readonly reader: ActorId;
  readonly body: { readonly key: string; readonly via: ActorId; readonly to: ActorId; readonly amount: bigint };
}

function lineOf(n: number): Line {
  return { reader: `reader:${n % 2}`, body: { key: String(n), via: `relay:${n % 3}`, to: `purse:${n % 5}`, amount: BigInt(n + 1) } };
}

const lines = Array.from({ length: LINES }, (_, n) => lineOf(n));

function told({ reader: to, body }: Line): Addressed {
  return { to, type: 'Line', body: toJson(body), id: `edge/${body.key}`, from: 'edge:test', trace: '' };
}

type Rig = ReturnType<typeof createRig>;

function system(rig: Rig, ports: MemoryPorts) {
  const { registry, layout } = rig;
  return {
    ports,
    worker: (limits: Parameters<Rig['worker']>[0]) => rig.worker(limits, ports),
    restore: (restoration: Restoration | null = ports.restoration): Promise<Restored> =>
      restore({ ...ports, registry, layout, restoration, system: rig.system, installation: 'one' }),
    async balances(): Promise<Record<string, bigint>> {
      const found: Record<string, bigint> = {};
      for (const n of [0, 1, 2, 3, 4]) {
        const folded = await foldActor({ actor: `purse:${n}`, known: null }, { registry, ...ports });
        found[`purse:${n}`] = ((folded?.envelope.state ?? { balance: 0n }) as Pick<Purse, 'balance'>).balance;
      }
      return found;
    },
    audit: () => audit({ ...ports, registry, shards: layout.allShards }),
  };
}

function expected(): Record<string, bigint> {
  const sums: Record<string, bigint> = {};
  for (const { body } of lines) sums[body.to] = (sums[body.to] ?? 0n) + body.amount;
  return sums;
}

/** A new Redis beside the same MongoDB. */
function withoutRedis(rig: Rig, mongo: MemoryPorts['mongo']): MemoryPorts {
  return createMemoryPorts({ layout: rig.layout, system: rig.system, mongo });
}

/** Stops answering after so many calls, as a restore that is killed. */
function frail(restoration: Restoration, calls: number): Restoration {
  const life = { left: calls };
  const spend = (): void => {
    life.left -= 1;
    if (life.left < 0) throw new Fault({ code: 'killed', retry: 'never' });
  };
  return {
    begin: async (installation) => (spend(), restoration.begin(installation)),
    put: async (shard, actors) => (spend(), restoration.put(shard, actors)),
    deliver: async (messages) => (spend(), restoration.deliver(messages)),
    finish: async (installation) => (spend(), restoration.finish(installation)),
  };
}

const history = fc.record({
  /** Milliseconds that pass after each line: snapshots of different actors are of different moments. */
  pauses: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: LINES, maxLength: LINES }),
  flushEntries: fc.integer({ min: 1, max: 6 }),
  flushAgeMs: fc.integer({ min: 1, max: 200 }),
  /** Of one document of the journal: with few of them what an actor did goes into several. */
  journalChars: fc.constantFrom(1, 900, 4_000_000),
  /** Lines that came before Redis was lost. */
  before: fc.integer({ min: 0, max: LINES }),
  /** Calls after which the first restore is killed. */
  killedAfter: fc.integer({ min: 0, max: 12 }),
  losses: fc.integer({ min: 1, max: 3 }),
  /** The first Redis was a cluster: messages waited in outboxes as well. */
  cluster: fc.boolean(),
});

test('wherever Redis is lost, and wherever the restore is killed, every purse has its lines once when they were read again', async (t) => {
  await fc.assert(
    fc.asyncProperty(history, async ({ pauses, flushEntries, flushAgeMs, journalChars, before, killedAfter, losses, cluster }) => {
      const rig = createRig({ kinds: KINDS, cluster });
      let now = system(rig, rig.ports);
      const limits = { flushEntries, flushAgeMs, journalChars, flushEveryMs: 1 };
      for (let loss = 0; loss < losses; loss += 1) {
        const worker = now.worker(limits);
        await worker.start();
        for (const [n, one] of lines.slice(0, before).entries()) {
          await now.ports.mailboxes.send([told(one)], null);
          await rig.system.advance(pauses[n] ?? 0);
        }
        now = await lost(t, rig, { killedAfter, mongo: now.ports.mongo, worker });
      }
      const worker = now.worker(limits);
      await worker.start();
      await now.ports.mailboxes.send(lines.map(told), null);
      await rig.system.advance(2_000);
      t.deepEqual(await now.balances(), expected());
      t.deepEqual((await now.audit()).divergences, []);
      t.is((await now.ports.operations.totals(rig.layout.allShards)).get('in-transit:SAR'), -sum(lines.map(({ body }) => body.amount)));
      t.deepEqual(await now.ports.operations.parked(rig.layout.allShards), []);
      await worker.stop();
    }),
    { numRuns: 25 },
  );
});

test('a restore that goes on an hour later, and one that only looks, speak of the same time as the first', async (t) => {
  const rig = createRig({ kinds: KINDS });
  const first = system(rig, rig.ports);
  const worker = first.worker({ flushEntries: 4, flushAgeMs: 100_000, flushEveryMs: 1 });
  await worker.start();
  for (const one of lines.slice(0, 20)) {
    await rig.ports.mailboxes.send([told(one)], null);
    await rig.system.advance(7);
  }
  const kept = { ...rig.ports.mongo, snapshots: new Map(rig.ports.mongo.snapshots), journal: new Map(rig.ports.mongo.journal) };
  const stopping = worker.stop();
  await rig.system.advance(20_000);
  await stopping;
  const next = system(rig, withoutRedis(rig, kept));
  const looked = await next.restore(null);
  t.true(looked.ahead.length > 0 && looked.sentAgain.length > 0, 'both halves must have something to do');
  t.is(next.ports.store.shards.size, 0, 'a look writes nothing');
  await t.throwsAsync(next.restore(frail(next.ports.restoration, 5)), { message: 'killed' });
  const [horizon] = looked.horizons;
  t.true(horizon !== undefined && horizon.complete <= horizon.newest);
  await rig.system.advance(3_600_000);
  const restored = await next.restore();
  t.deepEqual(restored, looked);
});

test('a cluster is not filled: nothing is written there', async (t) => {
  const rig = createRig({ kinds: KINDS, cluster: true });
  await t.throwsAsync(system(rig, rig.ports).restore(), { code: 'restore_needs_one_server' });
  t.is(rig.ports.store.shards.size, 0);
});

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, one) => total + one, 0n);
}

interface Loss {
  readonly killedAfter: number;
  readonly mongo: MemoryPorts['mongo'];
  readonly worker: ReturnType<Rig['worker']>;
}

/** The snapshots as they are now stay; the worker ends without another word, and a restore is begun, killed and begun again. */
async function lost(t: ExecutionContext, rig: Rig, { killedAfter, mongo, worker }: Loss) {
  const kept = { ...mongo, snapshots: new Map(mongo.snapshots), pages: new Map(mongo.pages), journal: new Map(mongo.journal) };
  const stopping = worker.stop();
  await rig.system.advance(20_000);
  await stopping;
  const next = system(rig, withoutRedis(rig, kept));
  await next
    .restore(frail(next.ports.restoration, killedAfter))
    .catch((error: unknown) => t.is(error instanceof Fault && error.code, 'killed'));
  if (next.ports.store.shards.size > 0 || killedAfter <= 12)
    await next.restore().catch((error: unknown) => t.like(error, { code: 'redis_not_empty' }));
  return next;
}
