/** What went wrong when this was tried: strangers at the mailbox, clocks that step back, full memory, two owners, a Redis that restarts. */
import test from 'ava';
import type { ActorId } from '../../engine/message.ts';
import { compareEntries } from '../../engine/message.ts';
import { mailboxKey, shardKeys } from '../../providers/redis/keys.ts';
import { startTestRedis } from '../support/redis.ts';
import type { TestPorts } from '../support/redis.ts';
import { actorIn, advance, commitOf, fetchOne, freshActor, isReady, layout, message, NO_HEAD, owned, stepOf, TTL_MS } from './fixture.ts';

const redis = await startTestRedis();
test.after.always(() => redis.close());

test.serial('a stray XREADGROUP, XACK, XGROUP SETID or XGROUP DESTROY by hand skips nothing', async (t) => {
  const ports = await redis.create();
  const actor = freshActor();
  const lease = await owned(ports, actor);
  await advance({ ports, lease, actor });
  const key = keyOf(actor);
  await ports.mailboxes.send(
    ['a', 'b', 'c'].map((id) => message(actor, id)),
    null,
  );
  const [first = '0-0'] = (await fetchOne(ports, lease, actor)).entries.map(({ entry }) => entry);
  await ports.redis.xreadgroup('GROUP', 'actor', 'a person', 'COUNT', 2, 'STREAMS', key, '>');
  await ports.redis.xack(key, 'actor', first);
  await ports.redis.xgroup('SETID', key, 'actor', '$');
  t.deepEqual(await idsOf(ports, actor), ['a', 'b', 'c']);
  await ports.redis.xgroup('DESTROY', key, 'actor');
  t.deepEqual(await idsOf(ports, actor), ['a', 'b', 'c']);
  const step = stepOf(await fetchOne(ports, lease, actor));
  t.deepEqual(await ports.mailboxes.commit([commitOf(lease, [step])]), [{ result: 'applied' }]);
  const groups = JSON.stringify(await ports.redis.call('XINFO', 'GROUPS', key));
  t.true(groups.includes(`"last-delivered-id","${step.next.last}","entries-read",4,"lag",0`), groups);
  await ports.close();
});

test.serial('a restore that names an actor twice in one call counts its sums, timers and effects once', async (t) => {
  const ports = await redis.create();
  await ports.redis.flushall();
  await ports.restoration.begin('one');
  const actor = freshActor();
  const shard = layout.shardOf(actor);
  const effects = [{ actor, id: 'call-1', type: 'toy.call', body: '{}', trace: '' }];
  const tip = { last: '100-0', n: 3, chain: 'c', snapshot: null, rules: 1 } as const;
  const one = { actor, tip, sums: { 'bank:SAR': 12n }, timers: [], effects };
  t.is(await ports.restoration.put(shard, [one, one]), 1);
  t.is(await ports.redis.hget(shardKeys(shard).totals, 'bank:SAR'), '12');
  t.is(await ports.redis.xlen(shardKeys(shard).effects), 1);
  await ports.close();
});

test.serial('people see position and lag of every mailbox in its group', async (t) => {
  const ports = await redis.create();
  const actor = freshActor();
  const lease = await owned(ports, actor);
  const head = await advance({ ports, lease, actor }, ['a', 'b']);
  await ports.mailboxes.send([message(actor, 'c')], null);
  const groups = JSON.stringify(await ports.redis.call('XINFO', 'GROUPS', keyOf(actor)));
  t.true(groups.includes(`"last-delivered-id","${head.last}","entries-read",2,"lag",1`), groups);
  await ports.close();
});

test.serial('ids of a mailbox that was deleted and made again go on growing while the clock is behind', async (t) => {
  const ports = await redis.create();
  const actor = freshActor();
  const lease = await owned(ports, actor);
  const key = keyOf(actor);
  // A clock far ahead wrote this entry; since then it stepped back to today.
  await ports.redis.xadd(key, '8000000000000-5', 'id', 'a', 'type', 'Say', 'body', '{}', 'from', 'edge:test', 'trace', '');
  const head = await advance({ ports, lease, actor }, ['b']);
  t.is(head.last, '8000000000000-6');
  await ports.mailboxes.trim(lease, [{ actor, snapshot: head, keep: 16 }]);
  t.true(await ports.operations.forget(lease, actor));
  t.is(await ports.redis.exists(key), 0);
  const [sent] = await ports.mailboxes.send([message(actor, 'c')], 1000);
  t.deepEqual(sent, { sent: true, entry: '8000000000000-7' });
  const info = JSON.stringify(await ports.redis.call('XINFO', 'STREAM', key));
  t.true(info.includes(`"entries-added",${String(head.n + 1)}`), info);
  t.deepEqual(await idsOf(ports, actor), ['c']);
  const next = await advance({ ports, lease, actor }, ['d']);
  t.true(compareEntries(next.last, head.last) > 0);
  t.is(next.n, head.n + 2);
  await ports.close();
});

test.serial('a mailbox deleted by hand begins again at the tip, whoever sends', async (t) => {
  const ports = await redis.create();
  const [actor, sender] = [freshActor(), freshActor()];
  const lease = await owned(ports, actor);
  const head = await advance({ ports, lease, actor });
  await ports.redis.del(keyOf(actor));
  const senderLease = await owned(ports, sender);
  await ports.mailboxes.send([message(sender, 'a')], null);
  const step = stepOf(await fetchOne(ports, senderLease, sender));
  await ports.mailboxes.commit([commitOf(senderLease, [step], { deliveries: [message(actor, 'x')] })]);
  const { entries } = await fetchOne(ports, lease, actor);
  t.deepEqual(
    entries.map(({ id }) => id),
    ['x'],
  );
  t.true(entries.every(({ entry }) => compareEntries(entry, head.last) > 0));
  await ports.close();
});

test.serial('the cap counts what is uncommitted, also after trims and after entries deleted by hand', async (t) => {
  const ports = await redis.create();
  const actor = freshActor();
  const lease = await owned(ports, actor);
  const head = await advance({ ports, lease, actor }, ['1', '2', '3', '4', '5', '6']);
  await ports.mailboxes.trim(lease, [{ actor, snapshot: head, keep: 4 }]);
  const send = async (count: number): Promise<number> => {
    const sent = await ports.mailboxes.send(
      Array.from({ length: count }, (_, index) => message(actor, String(index))),
      4,
    );
    return sent.filter((one) => one.sent).length;
  };
  t.is(await send(6), 4);
  t.is(await send(1), 0);
  const { entries } = await fetchOne(ports, lease, actor);
  await ports.redis.xdel(keyOf(actor), entries[1]?.entry ?? '', entries[2]?.entry ?? '');
  t.is(await send(6), 2, 'two were deleted, so two more fit');
  t.is((await fetchOne(ports, lease, actor)).entries.length, 4);
  await ports.close();
});

test.serial('two owners by a forged lease: the comparison of tips lets one commit', async (t) => {
  const ports = await redis.create();
  const actor = freshActor();
  const lease = await owned(ports, actor);
  await ports.mailboxes.send([message(actor, 'a'), message(actor, 'b')], null);
  const mine = stepOf(await fetchOne(ports, lease, actor), 'mine');
  const key = shardKeys(lease.shard).lease;
  await ports.redis.hset(key, 'token', '1:another');
  const other = { ...lease, token: '1:another' };
  const fetched = await fetchOne(ports, other, actor);
  const theirs = stepOf({ ...fetched, entries: fetched.entries.slice(0, 1) }, 'theirs');
  const totals = new Map([['cash:SAR', 1n]]);
  t.deepEqual(await ports.mailboxes.commit([commitOf(lease, [mine], { totals })]), [{ result: 'fenced' }]);
  t.deepEqual(await ports.mailboxes.commit([commitOf(other, [theirs], { totals })]), [{ result: 'applied' }]);
  await ports.redis.hset(key, 'token', lease.token);
  t.deepEqual(await ports.mailboxes.commit([commitOf(lease, [mine], { totals })]), [{ result: 'stale', actors: [actor] }]);
  t.is((await ports.operations.totals([lease.shard])).get('cash:SAR'), 1n);
  await ports.close();
});

test.serial('at maxmemory leases, commits, trims, timers and results go on, and edges are refused', async (t) => {
  const ports = await redis.create();
  const actor = freshActor();
  const lease = await owned(ports, actor);
  await ports.mailboxes.send([message(actor, 'a'), message(actor, 'b')], null);
  const fetched = await fetchOne(ports, lease, actor);
  const effects = [{ actor, id: 'e1', type: 'toy.call', body: '{}', trace: '' }];
  const first = stepOf({ ...fetched, entries: fetched.entries.slice(0, 1) });
  await ports.redis.config('SET', 'maxmemory', '1');
  try {
    const [refused] = await ports.mailboxes.send([message(actor, 'c')], 1000);
    t.deepEqual(refused, { sent: false, why: 'memory' });
    await t.throwsAsync(ports.mailboxes.send([message(actor, 'c')], null), { code: 'redis_memory' });
    t.deepEqual(await ports.leases.renew([lease], TTL_MS), [lease]);
    const commit = commitOf(lease, [first], { effects, deliveries: [message(freshActor(), 'x')], timers: [{ actor, key: 'k', at: 1 }] });
    t.deepEqual(await ports.mailboxes.commit([commit]), [{ result: 'applied' }]);
    t.is(await ports.mailboxes.trim(lease, [{ actor, snapshot: first.next, keep: 16 }]), 1);
    t.is(await ports.mailboxes.due([lease]), 1);
    const [effect] = await ports.effects.claim([lease.shard], { runner: 'r', count: 1, idleMs: TTL_MS });
    if (effect === undefined) throw new Error('nothing claimed');
    t.true(await ports.effects.settle(effect, message(actor, 'done')));
    t.deepEqual(await idsOf(ports, actor), ['b', `${actor} k@1`, 'done']);
    await ports.leases.release([lease]);
    t.is((await ports.leases.acquire(lease.shard, 'w2', TTL_MS))?.via, 'released');
  } finally {
    await ports.redis.config('SET', 'maxmemory', '512mb');
    await ports.close();
  }
});

test.serial('a long mailbox is trimmed in parts and keeps every entry behind its snapshot', async (t) => {
  const ports = await redis.create();
  const actor = freshActor();
  const lease = await owned(ports, actor);
  const pipeline = ports.redis.pipeline();
  await advance({ ports, lease, actor }, ['first']);
  for (let index = 0; index < 12_000; index += 1)
    pipeline.xadd(keyOf(actor), '*', 'id', String(index), 'type', 'Say', 'body', '{}', 'from', 'edge:test', 'trace', '');
  await pipeline.exec();
  let head = NO_HEAD;
  for (let part = 0; part < 12; part += 1) {
    const [fetched] = (await ports.mailboxes.fetch(lease, [{ actor, count: 1000 }], false)) ?? [];
    if (fetched === undefined) throw new Error('fenced');
    const step = stepOf(fetched);
    await ports.mailboxes.commit([commitOf(lease, [step])]);
    if (part === 10) head = step.next;
  }
  t.is(await ports.mailboxes.trim(lease, [{ actor, snapshot: head, keep: 16 }]), 1);
  const left = await ports.redis.xlen(keyOf(actor));
  t.true(left >= 1000 && left < 3000, String(left));
  const behind = await ports.mailboxes.read([{ actor, after: head.last }]);
  t.is(behind[0]?.entries.length, 1000);
  await ports.close();
});

test.serial(
  'a Redis that was killed and restarted continues: scripts are loaded again, old tokens are dropped, nothing is lost',
  async (t) => {
    const ports = await redis.create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    const head = await advance({ ports, lease, actor });
    await ports.mailboxes.send([message(actor, 'b')], null);
    const decided = commitOf(lease, [stepOf(await fetchOne(ports, lease, actor))]);
    await redis.server.kill9();
    const pending = ports.mailboxes.send([message(actor, 'c')], null);
    await redis.server.restart();
    t.true((await pending)[0]?.sent);
    t.deepEqual(await ports.mailboxes.commit([decided]), [{ result: 'fenced' }], 'what it was decided on may be gone');
    t.deepEqual(await ports.leases.renew([lease], TTL_MS), [], 'the run of the server is another');
    const again = await owned(ports, actor);
    t.is(again.via, 'same');
    t.not(again.token, lease.token);
    t.deepEqual((await fetchOne(ports, again, actor)).tip, { ...head, snapshot: null, rules: 1 });
    t.deepEqual(await idsOf(ports, actor), ['b', 'c']);
    t.true(await isReady(ports, actor));
    await ports.close();
  },
);

test.serial('scripts that a person flushed are loaded again in the middle of a pipeline', async (t) => {
  const ports = await redis.create();
  const actors = layout.allShards.map(() => freshActor());
  await ports.redis.script('FLUSH');
  const sent = await ports.mailboxes.send(
    actors.map((actor) => message(actor, 'a')),
    null,
  );
  t.true(sent.every((one) => one.sent));
  const looks = await ports.mailboxes.read(actors.map((actor) => ({ actor, after: null })));
  t.true(looks.every(({ entries }) => entries.length === 1));
  await ports.close();
});

test.serial('of mailboxes among which a person made one a string, following knows nothing, and fetch says so of that shard', async (t) => {
  const ports = await redis.create();
  const [one, two] = layout.shardsOf('toys').map((shard) => actorIn(shard));
  if (one === undefined || two === undefined) return t.fail();
  await ports.mailboxes.send([message(one, 'a')], null);
  await ports.redis.set(keyOf(two), 'x');
  const requests = [one, two].map((actor) => ({ shard: layout.shardOf(actor), actor, last: NO_HEAD.last }));
  t.deepEqual(await ports.mailboxes.follow(requests, 5), [null, null]);
  t.is((await fetchOne(ports, await owned(ports, one), one)).entries.length, 1);
  await t.throwsAsync(fetchOne(ports, await owned(ports, two), two), { code: 'wrong_type' });
  await ports.close();
});

function keyOf(actor: ActorId): string {
  return mailboxKey(layout.shardOf(actor), actor);
}

async function idsOf(ports: TestPorts, actor: ActorId): Promise<string[]> {
  const [look] = await ports.mailboxes.read([{ actor, after: null }]);
  const last = look?.tip?.last ?? '0-0';
  return (look?.entries ?? []).filter(({ entry }) => compareEntries(entry, last) > 0).map(({ id }) => id);
}
