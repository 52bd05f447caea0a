import test from 'ava';
import type { ActorId } from '../../engine/message.ts';
import type { ClaimedEffect, EffectRecord } from '../../engine/ports.ts';
import { actorIn, commitOf, fetchOne, freshActor, isReady, layout, message, owned, stepOf } from './fixture.ts';
import type { ContractPorts, CreatePorts } from './fixture.ts';

const NEVER_IDLE_MS = 3_600_000;
const RESULT = { id: 'result/1', type: 'Done', body: '{"ok":true}', from: 'effect:toy.call', trace: 'tr' };

export function effectsContract(name: string, create: CreatePorts): void {
  const title = (sentence: string): string => `${name} effects: ${sentence}`;
  claimsContract(title, create);
  resultsContract(title, create);
}

type Title = (sentence: string) => string;

function claimsContract(title: Title, create: CreatePorts): void {
  test.serial(title('a committed effect is claimed once, with its attempt counted'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const record = await withEffect(ports, actor, 'e1');
    const [claimed, ...more] = await claim(ports, 'r1');
    t.like(claimed, { ...record, shard: layout.shardOf(actor), attempt: 1 });
    t.deepEqual(more, []);
    t.deepEqual(await claim(ports, 'r2'), []);
    await ports.close();
  });

  test.serial(title('the effect of a silent runner goes to another, as a further attempt'), async (t) => {
    const ports = await create();
    await withEffect(ports, freshActor(), 'e1');
    const [first] = await claim(ports, 'r1');
    const [second] = await claim(ports, 'r2', { idleMs: 0 });
    t.is(second?.claim, first?.claim);
    t.is(second?.attempt, 2);
    await ports.close();
  });

  test.serial(title('a runner takes its own again when it does not hold them, and leaves alone what it holds'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    await withEffect(ports, actor, 'e1');
    await withEffect(ports, actor, 'e2');
    const [first, second] = await claim(ports, 'r1');
    if (first === undefined || second === undefined) throw new Error('two effects are missing');
    t.deepEqual(await claim(ports, 'r1', { idleMs: 0, held: [first, second] }), []);
    t.deepEqual(await claim(ports, 'r1', { held: [first] }), [{ ...second, attempt: 2 }]);
    t.deepEqual(await claim(ports, 'r1'), []);
    t.deepEqual(await claim(ports, 'r1', { count: 1, held: [second] }), [{ ...first, attempt: 2 }]);
    t.deepEqual(await claim(ports, 'r2', { held: [] }), []);
    await ports.close();
  });

  test.serial(title('no more is claimed than asked for, and in time every shard is served'), async (t) => {
    const ports = await create();
    for (const shard of layout.shardsOf('toys')) {
      const actor = actorIn(shard);
      await withEffect(ports, actor, 'e1');
      await withEffect(ports, actor, 'e2');
    }
    const shards = new Set<string>();
    for (let round = 0; round < 8; round += 1) {
      const claimed = await claim(ports, 'r1', { count: 1 });
      t.is(claimed.length, 1);
      for (const one of claimed) shards.add(one.shard);
    }
    t.is(shards.size, 4);
    t.deepEqual(await claim(ports, 'r1'), []);
    await ports.close();
  });
}

function resultsContract(title: Title, create: CreatePorts): void {
  test.serial(title('a runner keeps its effect for a retry, which is counted'), async (t) => {
    const ports = await create();
    await withEffect(ports, freshActor(), 'e1');
    const [first] = await claim(ports, 'r1');
    if (first === undefined) throw new Error('nothing claimed');
    const again = await ports.effects.retry(first, 'r1');
    t.deepEqual(again, { ...first, attempt: 2 });
    await ports.close();
  });

  test.serial(title('a result is delivered to the actor once, and the effect is gone'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    await withEffect(ports, actor, 'e1');
    const [claimed] = await claim(ports, 'r1');
    if (claimed === undefined) throw new Error('nothing claimed');
    t.deepEqual([await ports.effects.settle(claimed, RESULT), await ports.effects.settle(claimed, RESULT)], [true, false]);
    t.true(await isReady(ports, actor));
    const { entries } = await fetchOne(ports, await owned(ports, actor), actor);
    t.deepEqual(
      entries.map(({ entry, ...rest }) => ({ ...rest, has: entry !== '0-0' })),
      [{ ...RESULT, has: true }],
    );
    t.is(await ports.effects.retry(claimed, 'r1'), null);
    t.deepEqual(await claim(ports, 'r2', { idleMs: 0 }), []);
    await ports.close();
  });
}

interface ClaimOptions {
  readonly idleMs?: number;
  readonly count?: number;
  readonly held?: readonly ClaimedEffect[];
}

function claim(
  ports: ContractPorts,
  runner: string,
  { idleMs = NEVER_IDLE_MS, count = 10, ...more }: ClaimOptions = {},
): Promise<ClaimedEffect[]> {
  return ports.effects.claim(layout.shardsOf('toys'), { runner, count, idleMs, ...more });
}

async function withEffect(ports: ContractPorts, actor: ActorId, id: string): Promise<EffectRecord> {
  const lease = await owned(ports, actor);
  await ports.mailboxes.send([message(actor, `for ${id}`)], null);
  const effect: EffectRecord = { actor, id, type: 'toy.call', body: '{"to":"somebody"}', trace: 'tr' };
  await ports.mailboxes.commit([commitOf(lease, [stepOf(await fetchOne(ports, lease, actor))], { effects: [effect] })]);
  return effect;
}
