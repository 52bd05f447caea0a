import test from 'ava';
import { POSTINGS_PER_PAGE } from './envelope.ts';
import type { ActorId } from './message.ts';
import { createRegistry } from './registry.ts';
import { createRig, mortal } from './testing/rig.ts';
import { createPurse, notice } from './testing/toy.ts';

const QUIET = 300;

test('a message is decided, its sends arrive, its rows balance, and nothing stays ready', async (t) => {
  const rig = createRig();
  const worker = rig.worker();
  await worker.start();
  await rig.send('purse:a', 'Deposit', { amount: '100' });
  await rig.send('purse:a', 'Pay', { to: 'purse:b', amount: '30' });
  await rig.system.advance(QUIET);
  t.is((await rig.purse('purse:a')).balance, 70n);
  t.is((await rig.purse('purse:b')).balance, 30n);
  const totals = await rig.ports.operations.totals(rig.layout.allShards);
  t.deepEqual([totals.get('purse:SAR'), totals.get('outside:SAR')], [-100n, 100n]);
  t.is((await rig.ports.mailboxes.peek(rig.layout.allShards, 100)).size, 0);
  await worker.stop();
});

test('a refusal changes nothing and moves the tip', async (t) => {
  const rig = createRig();
  const worker = rig.worker();
  await worker.start();
  await rig.send('purse:a', 'Pay', { to: 'purse:b', amount: '30' });
  await rig.system.advance(QUIET);
  t.is((await rig.purse('purse:a')).balance, 0n);
  t.is(rig.shard('purse:a').tips.get('purse:a')?.n, 1);
  t.false(rig.ports.store.shards.get(rig.layout.shardOf('purse:b'))?.mailboxes.has('purse:b') ?? false);
  await worker.stop();
});

test('a timer wakes its actor when it is due, moves with its wish, and is gone when cancelled', async (t) => {
  const rig = createRig();
  const worker = rig.worker();
  await worker.start();
  const at = rig.system.wallMs() + 5_000;
  await rig.send('purse:a', 'Remind', { key: 'x', at });
  await rig.send('purse:a', 'Remind', { key: 'x', at: at + 5_000 });
  await rig.send('purse:b', 'Remind', { key: 'x', at });
  await rig.send('purse:b', 'Remind', { key: 'x', at: null });
  await rig.system.advance(7_000);
  t.is((await rig.purse('purse:a')).fired, 0);
  await rig.system.advance(5_000);
  t.is((await rig.purse('purse:a')).fired, 1);
  t.is((await rig.purse('purse:b')).fired, 0);
  await worker.stop();
});

test('an effect is recorded once, and its result closes it', async (t) => {
  const rig = createRig();
  const worker = rig.worker();
  await worker.start();
  await rig.send('purse:a', 'Call', { id: 'c1', what: 'bank' });
  await rig.system.advance(QUIET);
  const claims = await rig.ports.effects.claim(rig.layout.shardsOf('toy'), { runner: 'r', count: 10, idleMs: 1_000 });
  t.deepEqual(
    claims.map(({ id, type, body, attempt }) => [id, type, body, attempt]),
    [['c1', 'toy.call', '{"what":"bank"}', 1]],
  );
  const [claim] = claims;
  if (claim === undefined) throw new Error('no claim');
  const result = { id: 'r1', type: 'Called', body: '{"id":"c1"}', from: 'effect:toy.call', trace: '' };
  t.true(await rig.ports.effects.settle(claim, result));
  t.false(await rig.ports.effects.settle(claim, result));
  await rig.system.advance(QUIET);
  t.deepEqual((await rig.purse('purse:a')).calls, []);
  await worker.stop();
});

test('a poison entry parks its actor after the entries before it, the others go on, and a fixed version resumes in order', async (t) => {
  let explodes = true;
  const rig = createRig({ kinds: [createPurse({ explodes: () => explodes }), notice] });
  const worker = rig.worker();
  await worker.start();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.send('purse:a', 'Boom', {});
  await rig.send('purse:a', 'Deposit', { amount: '10' });
  await rig.send('purse:b', 'Deposit', { amount: '5' });
  await rig.system.advance(QUIET);
  t.is((await rig.purse('purse:a')).balance, 1n);
  t.is((await rig.purse('purse:b')).balance, 5n);
  const parked = await rig.ports.operations.parked(rig.layout.allShards);
  t.deepEqual(
    parked.map(({ actor, error }) => [actor, error]),
    [['purse:a', 'boom']],
  );
  t.false(rig.shard('purse:a').ready.has('purse:a'));
  explodes = false;
  t.true(await rig.ports.operations.resume('purse:a'));
  await rig.system.advance(QUIET);
  t.is((await rig.purse('purse:a')).balance, 11n);
  await worker.stop();
});

test('a message of an unknown kind or type parks its actor alone', async (t) => {
  const rig = createRig();
  const worker = rig.worker();
  await worker.start();
  await rig.send('purse:a', 'Dance', {});
  await rig.send('purse:b', 'Deposit', { amount: 'many' });
  await rig.system.advance(QUIET);
  t.is((await rig.ports.operations.parked(rig.layout.allShards)).length, 2);
  await worker.stop();
});

test('a skipped entry is left behind by an operator, and the actor goes on from the skip', async (t) => {
  const rig = createRig();
  const worker = rig.worker();
  await worker.start();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.send('purse:a', 'Boom', {});
  await rig.send('purse:a', 'Deposit', { amount: '10' });
  await rig.system.advance(QUIET);
  await worker.stop(); // everything is saved: the skip below starts from a named snapshot
  const [parked] = await rig.ports.operations.parked(rig.layout.allShards);
  const tip = rig.shard('purse:a').tips.get('purse:a');
  if (parked === undefined || tip === undefined) throw new Error('not parked');
  const entry = parked.entry as `${number}-${number}`;
  const next = { last: entry, n: tip.n + 1, chain: 'skipped' };
  const bytes = rig.ports.mongo.snapshots.get(`purse:a@${tip.snapshot ?? ''}`) ?? '';
  await rig.ports.snapshots.insert([
    { id: `purse:a@${entry}~skipped`, bytes: JSON.stringify({ ...(JSON.parse(bytes) as object), head: next }) },
  ]);
  const skip = { actor: 'purse:a', entry, expected: tip, next, rules: 1, by: 'ops', why: 'test', deliveries: [] } as const;
  t.true(await rig.ports.operations.skip(skip));
  t.true(await rig.ports.operations.skip(skip), 'asked for again, it is done already');
  const successor = rig.worker();
  await successor.start();
  await rig.system.advance(QUIET);
  t.is((await rig.purse('purse:a')).balance, 11n);
  t.is((await rig.ports.operations.dead(rig.layout.allShards)).length, 1);
  await successor.stop();
});

test('two workers share the shards, and one that stops hands over at once with nothing left to replay', async (t) => {
  const rig = createRig({ shards: 16 });
  const [one, two] = [rig.worker(), rig.worker()];
  await one.start();
  t.is(one.status().shards.length, 16);
  await two.start();
  await rig.system.advance(6_000);
  const [first, second] = [one.status().shards, two.status().shards];
  t.is(first.length + second.length, 16);
  t.true(first.length > 2 && second.length > 2, `${first.length} and ${second.length}`);
  for (let index = 0; index < 40; index += 1) await rig.send(`purse:${index}`, 'Deposit', { amount: '7' });
  await rig.system.advance(QUIET);
  await one.stop();
  const unsaved = first
    .flatMap((shard) => [...(rig.ports.store.shards.get(shard)?.tips.values() ?? [])])
    .filter((tip) => tip.snapshot === null);
  t.is(unsaved.length, 0);
  await rig.system.advance(1_000);
  t.is(two.status().shards.length, 16);
  for (let index = 0; index < 40; index += 1) await rig.send(`purse:${index}`, 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  for (let index = 0; index < 40; index += 1) t.is((await rig.purse(`purse:${index}`)).balance, 8n);
  await two.stop();
});

test('the shards of a killed worker are taken within the lease time, and its entries are decided once', async (t) => {
  const rig = createRig({ shards: 8 });
  const dying = mortal(rig.ports);
  const [one, two] = [rig.worker({}, dying.ports), rig.worker()];
  await one.start();
  await two.start();
  await rig.system.advance(6_000);
  for (let index = 0; index < 30; index += 1) await rig.send(`purse:${index}`, 'Deposit', { amount: '7' });
  await rig.system.advance(QUIET);
  dying.kill();
  for (let index = 0; index < 30; index += 1) await rig.send(`purse:${index}`, 'Deposit', { amount: '1' });
  await rig.system.advance(6_000);
  t.is(two.status().shards.length, 8);
  for (let index = 0; index < 30; index += 1) t.is((await rig.purse(`purse:${index}`)).balance, 8n);
  t.is((await rig.ports.mailboxes.peek(rig.layout.allShards, 100)).size, 0);
  await two.stop();
});

test('a process that was killed and started again at its place has its shards at once', async (t) => {
  const rig = createRig({ shards: 8 });
  const dying = mortal(rig.ports);
  const [one, other] = [rig.workerAt('here', dying.ports), rig.workerAt('here, too')];
  await one.start();
  await other.start();
  await rig.system.advance(6_000);
  t.true(one.status().shards.length > 0);
  t.is(one.status().shards.length + other.status().shards.length, 8);
  dying.kill();
  for (let index = 0; index < 30; index += 1) await rig.send(`purse:${index}`, 'Deposit', { amount: '1' });
  const again = rig.workerAt('here', mortal(rig.ports).ports);
  await again.start();
  await rig.system.advance(1_000);
  t.is(again.status().shards.length + other.status().shards.length, 8);
  for (let index = 0; index < 30; index += 1) t.is((await rig.purse(`purse:${index}`)).balance, 1n);
  t.true(rig.lines.includes('a former process of this place left shards behind'));
  await again.stop();
  await other.stop();
});

test('a worker whose place was taken while it still lived is fenced, and both share again', async (t) => {
  const rig = createRig({ shards: 8 });
  const [one, two] = [rig.workerAt('here'), rig.workerAt('here')];
  await one.start();
  await rig.system.advance(6_000);
  await two.start();
  for (let index = 0; index < 30; index += 1) await rig.send(`purse:${index}`, 'Deposit', { amount: '1' });
  await rig.system.advance(6_000);
  for (let index = 0; index < 30; index += 1) t.is((await rig.purse(`purse:${index}`)).balance, 1n);
  t.is(one.status().shards.length + two.status().shards.length, 8);
  t.true(one.status().shards.length > 0);
  t.true(two.status().shards.length > 0);
  await one.stop();
  await two.stop();
});

test('where former shards cannot be ended they end by themselves', async (t) => {
  const rig = createRig({ shards: 2 });
  const dying = mortal(rig.ports);
  await rig.workerAt('here', dying.ports).start();
  dying.kill();
  const expire = (): Promise<never> => Promise.reject(new Error('away'));
  const again = rig.workerAt('here', { ...rig.ports, leases: { ...rig.ports.leases, expire } });
  await again.start();
  await rig.system.advance(QUIET);
  t.is(again.status().shards.length, 0);
  await rig.system.advance(6_000);
  t.is(again.status().shards.length, 2);
  await again.stop();
});

test('an entry that kills its process again and again parks its actor, and only that one', async (t) => {
  const rig = createRig({ shards: 1 });
  const before = rig.worker();
  await before.start();
  await rig.send('purse:killer', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  await before.stop();
  await rig.send('purse:killer', 'Boom', {});
  await rig.send('purse:innocent', 'Deposit', { amount: '1' });
  const { mailboxes } = rig.ports;
  const followed: ActorId[] = [];
  const follow: typeof mailboxes.follow = (requests, count) => {
    for (const { actor } of requests) followed.push(actor);
    return mailboxes.follow(requests, count);
  };
  const ports = { ...rig.ports, mailboxes: { ...mailboxes, follow } };
  // A process that dies in decide: from there on its ports are silent. The last of them does not come so far.
  for (let death = 0; death < 4; death += 1) {
    const dying = mortal(ports);
    const kinds = [createPurse({ explodes: () => (dying.kill(), false) }), notice];
    await rig.worker({}, dying.ports, createRegistry(kinds)).start();
    await rig.system.advance(6_500);
  }
  const healthy = rig.worker({}, ports); // it or the last one has the shard
  await healthy.start();
  await rig.system.advance(7_000);
  const parked = await rig.ports.operations.parked(rig.layout.allShards);
  t.deepEqual(
    parked.map(({ actor, error }) => [actor, error]),
    [['purse:killer', 'crashed']],
  );
  t.is((await rig.purse('purse:innocent')).balance, 1n);
  for (const amount of ['2', '3']) {
    await rig.send('purse:innocent', 'Deposit', { amount });
    await rig.system.advance(QUIET);
  }
  followed.length = 0;
  await rig.send('purse:innocent', 'Pay', { to: 'purse:killer', amount: '1' });
  await rig.system.advance(QUIET);
  t.deepEqual(followed, ['purse:innocent'], 'what it was parked for is not tried again');
  await healthy.stop();
});

test('a commit that is stale writes nothing; the actor is loaded again and decided from where it stands', async (t) => {
  const rig = createRig({ shards: 1 });
  const worker = rig.worker();
  await worker.start();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  // Somebody else moved the actor: the worker's memory is wrong now. (Here: its tip is put back, with its snapshot.)
  const shard = rig.shard('purse:a');
  shard.tips.delete('purse:a');
  await rig.send('purse:a', 'Deposit', { amount: '10' });
  await rig.system.advance(QUIET);
  t.is((await rig.purse('purse:a')).balance, 11n);
  t.is(shard.tips.get('purse:a')?.n, 2);
  await worker.stop();
});

test('a commit whose answer was lost is repeated and found done', async (t) => {
  const rig = createRig();
  let lost = 0;
  const { mailboxes } = rig.ports;
  const commit: typeof mailboxes.commit = async (commits) => {
    const results = await mailboxes.commit(commits);
    if (lost++ === 0) throw new Error('connection lost');
    return results;
  };
  const worker = rig.worker({}, { ...rig.ports, mailboxes: { ...mailboxes, commit } });
  await worker.start();
  await rig.send('purse:a', 'Deposit', { amount: '5' });
  await rig.send('purse:a', 'Pay', { to: 'purse:b', amount: '2' });
  await rig.system.advance(QUIET);
  t.is((await rig.purse('purse:a')).balance, 3n);
  t.is((await rig.purse('purse:b')).balance, 2n);
  await worker.stop();
});

test('a commit whose answer comes when its lease was lost loses no ledger page that was not yet saved', async (t) => {
  const rig = createRig({ shards: 1 });
  const { mailboxes, leases } = rig.ports;
  const gate = { waits: false, open: (): void => undefined };
  const commit: typeof mailboxes.commit = async (commits) => {
    const results = await mailboxes.commit(commits);
    if (gate.waits) await new Promise<void>((resolve) => (gate.open = resolve));
    return results;
  };
  const redis = { restarted: false };
  const renew: typeof leases.renew = async (held, ttlMs) => {
    if (!redis.restarted) return leases.renew(held, ttlMs);
    redis.restarted = false;
    return [];
  };
  const ports = { ...rig.ports, mailboxes: { ...mailboxes, commit }, leases: { ...leases, renew } };
  const worker = rig.worker({ flushEntries: 1e6, flushAgeMs: 1e9 }, ports);
  await worker.start();
  for (let index = 0; index < 150; index += 1) await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  gate.waits = true;
  redis.restarted = true;
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(3_000);
  t.false(redis.restarted);
  gate.waits = false;
  gate.open();
  for (let index = 0; index < 100; index += 1) await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET);
  await worker.stop();
  t.is((await rig.purse('purse:a')).balance, 251n);
  t.is(rig.ports.mongo.pages.size, Math.floor(251 / POSTINGS_PER_PAGE));
});

test('snapshots follow behind, the tip names them, and what they cover is trimmed but for the newest', async (t) => {
  const rig = createRig();
  const worker = rig.worker();
  await worker.start();
  for (let index = 0; index < 300; index += 1) await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(QUIET + 500);
  const tip = rig.shard('purse:a').tips.get('purse:a');
  t.is(tip?.snapshot, `${tip?.last ?? ''}~${tip?.chain ?? ''}`);
  t.is(rig.shard('purse:a').mailboxes.get('purse:a')?.entries.length, 16);
  t.is(rig.ports.mongo.pages.size, 300 / POSTINGS_PER_PAGE);
  t.is(worker.status().lag.dirtyActors, 0);
  await rig.send('notice:1', 'Write', { text: 'hello' });
  await rig.system.advance(QUIET + 200);
  t.deepEqual(rig.ports.mongo.directory.get('notice:1')?.listing, { text: 'hello' });
  await worker.stop();
});
