/** The engine with its toy product on a real Redis: the same turns as in memory, with two workers, a stop, a kill and a restart of Redis. */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { foldActor } from '../../engine/fold.ts';
import { createLayout } from '../../engine/layout.ts';
import type { Limits } from '../../engine/limits.ts';
import type { ActorId, Addressed } from '../../engine/message.ts';
import { toJson } from '../../engine/message.ts';
import { createRegistry } from '../../engine/registry.ts';
import { mortal } from '../../engine/testing/rig.ts';
import { createPurse, notice } from '../../engine/testing/toy.ts';
import type { Purse } from '../../engine/testing/toy.ts';
import { createWorker } from '../../engine/worker.ts';
import type { Worker, WorkerPorts } from '../../engine/worker.ts';
import {
  createMemoryDirectory,
  createMemoryJournal,
  createMemoryLedger,
  createMemoryMongo,
  createMemorySnapshots,
} from '../../mocks/memory/long-memory.ts';
import { startRedis } from '../../mocks/servers/redis.ts';
import type { RedisServer } from '../../mocks/servers/redis.ts';
import { initInstallation } from '../../providers/redis/installation.ts';
import { createRedisPorts } from '../../providers/redis/ports.ts';
import type { RedisPorts } from '../../providers/redis/ports.ts';
import { realSystem } from '../../providers/system.ts';

/** What makes `Boom` throw, until it is fixed. */
const bug = { present: true };
const registry = createRegistry([createPurse({ explodes: () => bug.present }), notice]);
const layout = createLayout({ roles: { toy: { letter: 't', shards: 16 } } }, registry.kindRoles);
const QUICK: Partial<Limits> = { leaseTtlMs: 1_500, leaseEveryMs: 100, flushEntries: 20, flushAgeMs: 300 };
const PURSES = 40;
const PATIENCE_MS = 60_000;

interface Rig {
  readonly server: RedisServer;
  readonly ports: RedisPorts;
  worker(wrap?: (ports: WorkerPorts) => WorkerPorts): Promise<Worker>;
  readonly send: (to: ActorId, type: string, body: unknown) => Addressed;
  purse(actor: ActorId): Promise<Purse>;
  /** Waits until nothing is ready any more. */
  quiet(): Promise<void>;
}

async function withRig(work: (rig: Rig) => Promise<void>): Promise<void> {
  const server = await startRedis({ own: true });
  const opened: RedisPorts[] = [];
  const workers: Worker[] = [];
  const mongo = createMemoryMongo();
  const longMemory = {
    snapshots: createMemorySnapshots(mongo),
    journal: createMemoryJournal(mongo),
    ledger: createMemoryLedger(mongo),
    directory: createMemoryDirectory(mongo),
  };
  const connect = async (): Promise<RedisPorts> => {
    const ports = await createRedisPorts({ url: server.url, layout, worker: 'test' });
    opened.push(ports);
    return ports;
  };
  let sent = 0;
  try {
    const ports = await connect();
    await initInstallation(ports.redis, layout, { uuid: null });
    await work({
      server,
      ports,
      async worker(wrap = (same) => same) {
        const own = wrap({ ...(await connect()), ...longMemory });
        const worker = createWorker({ roles: ['toy'], registry, layout, ports: own, system: realSystem, limits: QUICK });
        workers.push(worker);
        await worker.start();
        return worker;
      },
      send: (to, type, body) => ({ to, type, body: toJson(body), id: `m${(sent += 1)}`, from: 'test:rig', trace: '' }),
      async purse(actor) {
        const folded = await foldActor({ actor, known: null }, { registry, mailboxes: ports.mailboxes, snapshots: longMemory.snapshots });
        return (folded?.envelope.state ?? { balance: 0n, reminders: [], calls: [], fired: 0 }) as Purse;
      },
      quiet: () => until(async () => (await ports.mailboxes.peek(layout.allShards, 1)).size === 0),
    });
  } finally {
    await Promise.race([Promise.all(workers.map((worker) => worker.stop())), sleep(1_000, undefined, { ref: false })]);
    await Promise.all(opened.map((ports) => ports.close()));
    await server.close();
  }
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error('it did not come to rest');
    await sleep(20);
  }
}

/** Deposits to every purse, then payments round in a circle: whatever happens, the sum is known. */
async function circulate({ ports, send }: Rig, rounds: number): Promise<bigint> {
  for (let round = 0; round < rounds; round += 1) {
    const deposits = Array.from({ length: PURSES }, (_, index) => send(`purse:${index}`, 'Deposit', { amount: '10' }));
    const payments = Array.from({ length: PURSES }, (_, index) =>
      send(`purse:${index}`, 'Pay', { to: `purse:${(index + 1) % PURSES}`, amount: '3', times: 2 }),
    );
    await ports.mailboxes.send([...deposits, ...payments], null);
  }
  return BigInt(10 * rounds);
}

async function everyPurseHas(rig: Rig, balance: bigint): Promise<boolean> {
  for (let index = 0; index < PURSES; index += 1) if ((await rig.purse(`purse:${index}`)).balance !== balance) return false;
  return true;
}

test('workers join, stop and are killed while purses pay one another, and every message counts once', (t) =>
  withRig(async (rig) => {
    const dying: { kill(): void }[] = [];
    const first = await rig.worker();
    await rig.worker((ports) => {
      const one = mortal(ports);
      dying.push(one);
      return one.ports;
    });
    let expected = await circulate(rig, 10);
    await until(() => Promise.resolve(first.status().shards.length < 16));
    expected += await circulate(rig, 10);
    await rig.worker();
    await first.stop();
    expected += await circulate(rig, 10);
    dying.forEach((one) => one.kill());
    expected += await circulate(rig, 10);
    await rig.quiet();
    t.true(await everyPurseHas(rig, expected));
    const totals = await rig.ports.operations.totals(layout.allShards);
    t.is(totals.get('purse:SAR'), -expected * BigInt(PURSES));
    t.is(totals.get('outside:SAR'), expected * BigInt(PURSES));
    t.deepEqual(await rig.ports.operations.parked(layout.allShards), []);
  }));

test('Redis is killed and comes back, and every message counts once', (t) =>
  withRig(async (rig) => {
    await rig.worker();
    let expected = await circulate(rig, 10);
    await rig.server.kill9();
    await rig.server.restart();
    expected += await circulate(rig, 10);
    await rig.quiet();
    t.true(await everyPurseHas(rig, expected));
  }));

test('a timer comes due, an effect is settled, and a poison entry waits for its fix', (t) =>
  withRig(async (rig) => {
    await rig.worker();
    const { ports, send } = rig;
    await ports.mailboxes.send(
      [
        send('purse:a', 'Remind', { key: 'soon', at: Date.now() + 50 }),
        send('purse:a', 'Call', { id: 'c1', what: 'bank' }),
        send('purse:b', 'Boom', {}),
        send('purse:b', 'Deposit', { amount: '4' }),
      ],
      null,
    );
    await until(async () => (await rig.purse('purse:a')).fired === 1);
    const [claim] = await ports.effects.claim(layout.allShards, { runner: 'r', count: 10, idleMs: 60_000 });
    t.is(claim?.id, 'c1');
    if (claim !== undefined)
      await ports.effects.settle(claim, { id: 'r1', type: 'Called', body: '{"id":"c1"}', from: 'effect:toy.call', trace: '' });
    await until(async () => (await rig.purse('purse:a')).calls.length === 0);
    await until(async () => (await ports.operations.parked(layout.allShards)).length === 1);
    bug.present = false;
    t.true(await ports.operations.resume('purse:b'));
    await until(async () => (await rig.purse('purse:b')).balance === 4n);
  }));

test('a parked actor blocks nobody: 1,000 others in its shard go on', (t) =>
  withRig(async (rig) => {
    await rig.worker();
    const { ports, send } = rig;
    const shard = layout.shardOf('purse:parked');
    const others: ActorId[] = [];
    for (let index = 0; others.length < 1_000; index += 1) if (layout.shardOf(`purse:n${index}`) === shard) others.push(`purse:n${index}`);
    await ports.mailboxes.send([send('purse:parked', 'Dance', {}), send('purse:parked', 'Deposit', { amount: '1' })], null);
    for (const amount of ['7', '1'])
      await ports.mailboxes.send(
        others.map((actor) => send(actor, 'Deposit', { amount })),
        null,
      );
    await rig.quiet();
    const gauges = await ports.operations.gauges([shard]);
    t.like(gauges, { ready: 0, parked: 1, oldestReadyMs: null });
    t.is((await ports.operations.totals([shard])).get('purse:SAR'), -8_000n);
    t.is((await ports.mailboxes.read([{ actor: 'purse:parked', after: null }]))[0]?.parked, true);
  }));
