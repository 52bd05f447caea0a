import test from 'ava';
import { compareEntries } from '../../engine/message.ts';
import { actorIn, advance, carry, commitOf, fetchOne, freshActor, isReady, layout, message, NO_HEAD, owned, stepOf } from './fixture.ts';
import type { CreatePorts } from './fixture.ts';

export function mailboxesContract(name: string, create: CreatePorts): void {
  const title = (sentence: string): string => `${name} mailboxes: ${sentence}`;
  sendContract(title, create);
  peekContract(title, create);
  followContract(title, create);
  commitContract(title, create);
  ownershipContract(title, create);
  parkContract(title, create);
  consequencesContract(title, create);
  trimContract(title, create);
  readContract(title, create);
}

type Title = (sentence: string) => string;

function sendContract(title: Title, create: CreatePorts): void {
  test.serial(title('messages come out in the order in which they went in, with growing ids'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    await ports.mailboxes.send([message(actor, 'a'), message(actor, 'b')], null);
    const [sent] = await ports.mailboxes.send([message(actor, 'c', '{"x":"ü"}')], null);
    const { entries, tip, attempts } = await fetchOne(ports, lease, actor);
    t.deepEqual(
      entries.map((entry) => entry.id),
      ['a', 'b', 'c'],
    );
    t.deepEqual(
      entries.map((entry) => entry.body),
      ['{}', '{}', '{"x":"ü"}'],
    );
    t.true(entries.every((entry, index) => index === 0 || compareEntries(entries[index - 1]?.entry ?? '0-0', entry.entry) < 0));
    t.deepEqual(sent, { sent: true, entry: entries[2]?.entry ?? '0-0' });
    t.is(tip, null);
    t.is(attempts, 0);
    await ports.close();
  });

  test.serial(title('one send reaches actors of many shards and answers in its own order'), async (t) => {
    const ports = await create();
    const actors = layout.allShards.map((shard) => actorIn(shard));
    const sent = await ports.mailboxes.send(
      [...actors, ...actors].map((actor, index) => message(actor, String(index))),
      null,
    );
    t.true(sent.every((one) => one.sent));
    const looks = await ports.mailboxes.read(actors.map((actor) => ({ actor, after: null })));
    t.deepEqual(
      looks.map(({ entries }) => entries.map(({ entry }) => ({ sent: true, entry }))),
      actors.map((_, index) => [sent[index], sent[index + actors.length]]),
    );
    await ports.close();
  });

  test.serial(title('a mailbox with as many uncommitted entries as the cap is full for edges, never for actors'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const other = freshActor();
    const lease = await owned(ports, actor);
    await advance({ ports, lease, actor }, ['a', 'b', 'c']);
    const three = await ports.mailboxes.send([message(actor, 'd'), message(actor, 'e'), message(actor, 'f'), message(other, 'g')], 2);
    t.deepEqual(
      three.map((one) => (one.sent ? 'sent' : one.why)),
      ['sent', 'sent', 'full', 'sent'],
    );
    const [internal] = await ports.mailboxes.send([message(actor, 'h')], null);
    t.true(internal?.sent);
    await ports.close();
  });
}

function peekContract(title: Title, create: CreatePorts): void {
  test.serial(title('peek shares its limit among the shards and in time shows every waiting actor'), async (t) => {
    const ports = await create();
    const [first = '', second = ''] = layout.shardsOf('toys');
    const many = Array.from({ length: 20 }, () => actorIn(first));
    await ports.mailboxes.send(
      [...many, actorIn(second)].map((actor) => message(actor, 'm')),
      null,
    );
    const seen = new Set<string>();
    for (let look = 0; look < 40; look += 1) {
      const waiting = await ports.mailboxes.peek(layout.shardsOf('toys'), 5);
      t.deepEqual([waiting.get(first)?.length, waiting.get(second)?.length], [4, 1]);
      for (const actor of waiting.get(first) ?? []) seen.add(actor);
    }
    t.is(seen.size, many.length);
    await ports.close();
  });
}

function followContract(title: Title, create: CreatePorts): void {
  test.serial(title('who is followed is told of in many shards at once, whoever asks, and of parked actors too'), async (t) => {
    const ports = await create();
    const [one = '', two = ''] = layout.shardsOf('toys');
    const [known, fresh, quiet, elsewhere] = [actorIn(one), actorIn(one), actorIn(one), actorIn(two)];
    const lease = await owned(ports, known);
    const head = await advance({ ports, lease, actor: known }, ['a', 'b']);
    const sent = ['c', 'd', 'e'].map((id) => message(known, id));
    await ports.mailboxes.send([...sent, message(fresh, 'f'), message(elsewhere, 'g')], null);
    const parks = [{ actor: fresh, entry: '-', error: 'boom', attempts: 1 }];
    await ports.mailboxes.commit([commitOf(lease, [], { parks })]);
    const { last } = NO_HEAD;
    const requests = [
      { shard: two, actor: elsewhere, last },
      { shard: one, actor: known, last: head.last },
      { shard: one, actor: quiet, last },
      { shard: one, actor: fresh, last },
    ];
    const found = await ports.mailboxes.follow(requests, 2);
    t.deepEqual(
      found.map((some) => some?.map(({ id }) => id) ?? null),
      [['g'], ['c', 'd'], [], ['f']],
    );
    t.deepEqual(found[1], (await fetchOne(ports, lease, known)).entries.slice(0, 2));
    t.deepEqual(await ports.mailboxes.follow([], 2), []);
    await ports.close();
  });
}

function commitContract(title: Title, create: CreatePorts): void {
  test.serial(title('a commit moves the tip, and the next fetch begins behind it'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    const head = await advance({ ports, lease, actor }, ['a', 'b']);
    t.false(await isReady(ports, actor));
    await ports.mailboxes.send([message(actor, 'c')], null);
    t.true(await isReady(ports, actor));
    const { tip, entries } = await fetchOne(ports, lease, actor);
    t.deepEqual(tip, { ...head, snapshot: null, rules: 1 });
    t.deepEqual(
      entries.map((entry) => entry.id),
      ['c'],
    );
    await ports.close();
  });

  test.serial(title('what is sent between fetch and commit is not lost'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    await ports.mailboxes.send([message(actor, 'a')], null);
    const step = stepOf(await fetchOne(ports, lease, actor));
    await ports.mailboxes.send([message(actor, 'b')], null);
    t.deepEqual(await ports.mailboxes.commit([commitOf(lease, [step])]), [{ result: 'applied' }]);
    t.true(await isReady(ports, actor));
    t.deepEqual(
      (await fetchOne(ports, lease, actor)).entries.map((entry) => entry.id),
      ['b'],
    );
    await ports.close();
  });

  test.serial(title('the same commit twice is applied once'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const target = freshActor('other');
    const lease = await owned(ports, actor);
    await ports.mailboxes.send([message(actor, 'a')], null);
    const step = stepOf(await fetchOne(ports, lease, actor));
    const commit = commitOf(lease, [step], { deliveries: [message(target, 'x')], totals: new Map([['cash:SAR', 5n]]) });
    const results = await ports.mailboxes.commit([commit, commit]);
    t.deepEqual(results, [{ result: 'applied' }, { result: 'already' }]);
    await carry(ports, lease);
    t.is((await ports.mailboxes.read([{ actor: target, after: null }]))[0]?.entries.length, 1);
    t.is((await ports.operations.totals([lease.shard])).get('cash:SAR'), 5n);
    await ports.close();
  });

  test.serial(title('a commit that expects another tip writes nothing and names the stale actors'), async (t) => {
    const ports = await create();
    const shard = layout.shardsOf('toys')[0] ?? '';
    const [one, two] = [actorIn(shard), actorIn(shard)];
    const lease = await owned(ports, one);
    await ports.mailboxes.send([message(one, 'a'), message(two, 'a')], null);
    const steps = [stepOf(await fetchOne(ports, lease, one)), stepOf(await fetchOne(ports, lease, two), 'other')];
    await ports.mailboxes.commit([commitOf(lease, [stepOf(await fetchOne(ports, lease, two))])]);
    t.deepEqual(await ports.mailboxes.commit([commitOf(lease, steps, { totals: new Map([['cash:SAR', 5n]]) })]), [
      { result: 'stale', actors: [two] },
    ]);
    t.is((await fetchOne(ports, lease, one)).tip, null);
    t.is((await ports.operations.totals([shard])).size, 0);
    await ports.close();
  });
}

function ownershipContract(title: Title, create: CreatePorts): void {
  test.serial(title('after a takeover fetch, commit, trim and due of the former owner are fenced'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    const head = await advance({ ports, lease, actor });
    await ports.mailboxes.send([message(actor, 'b')], null);
    const step = stepOf(await fetchOne(ports, lease, actor));
    await ports.mailboxes.commit([commitOf(lease, [], { timers: [] })]);
    await ports.passTime(2 * 60_000);
    const next = await owned(ports, actor, 'w2');
    t.is(next.via, 'expired');
    t.is(await ports.mailboxes.fetch(lease, [{ actor, count: 1 }], false), null);
    t.is(await ports.mailboxes.fetch(lease, [{ actor, count: 1 }], true), null);
    t.deepEqual(await ports.mailboxes.commit([commitOf(lease, [step])]), [{ result: 'fenced' }]);
    t.is(await ports.mailboxes.trim(lease, [{ actor, snapshot: head, keep: 0 }]), null);
    t.is(await ports.mailboxes.due([lease]), 0);
    t.deepEqual((await fetchOne(ports, next, actor)).tip, { ...head, snapshot: null, rules: 1 });
    await ports.close();
  });

  test.serial(title('a careful fetch counts the attempt, and a commit forgets it'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    const careful = async (): Promise<number | undefined> =>
      (await ports.mailboxes.fetch(lease, [{ actor, count: 1 }], true))?.[0]?.attempts;
    t.is(await careful(), 0, 'nothing to try');
    await ports.mailboxes.send([message(actor, 'a')], null);
    t.deepEqual([await careful(), await careful()], [1, 2]);
    const fetched = await fetchOne(ports, lease, actor);
    t.is(fetched.attempts, 2);
    await ports.mailboxes.commit([commitOf(lease, [stepOf(fetched)])]);
    t.is((await fetchOne(ports, lease, actor)).attempts, 0);
    await ports.close();
  });
}

function parkContract(title: Title, create: CreatePorts): void {
  test.serial(title('a parked actor is not ready, gets no entry, and stays so when more is sent'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    await ports.mailboxes.send([message(actor, 'a')], null);
    const [entry] = (await fetchOne(ports, lease, actor)).entries;
    const parks = [{ actor, entry: entry?.entry ?? '', error: 'boom "quoted"', attempts: 1 }];
    t.deepEqual(await ports.mailboxes.commit([commitOf(lease, [], { parks })]), [{ result: 'applied' }]);
    await ports.mailboxes.send([message(actor, 'b')], 1000);
    t.false(await isReady(ports, actor));
    t.deepEqual((await fetchOne(ports, lease, actor)).entries, []);
    const [parked] = await ports.operations.parked([lease.shard]);
    t.like(parked, { actor, shard: lease.shard, entry: entry?.entry, error: 'boom "quoted"', attempts: 1 });
    t.true((await ports.mailboxes.read([{ actor, after: null }]))[0]?.parked);
    await ports.close();
  });

  test.serial(title('an actor that stops in a batch is parked by the commit of the entries before'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    await ports.mailboxes.send([message(actor, 'a'), message(actor, 'b')], null);
    const fetched = await fetchOne(ports, lease, actor);
    const step = stepOf({ ...fetched, entries: fetched.entries.slice(0, 1) });
    const parks = [{ actor, entry: fetched.entries[1]?.entry ?? '', error: 'boom', attempts: 1 }];
    await ports.mailboxes.commit([commitOf(lease, [step], { parks, deliveries: [message(actor, 'to itself')] })]);
    t.false(await isReady(ports, actor));
    t.is((await ports.operations.parked([lease.shard])).length, 1);
    await ports.close();
  });

  test.serial(title('a park whose entry is committed by now is void'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    const head = await advance({ ports, lease, actor });
    await ports.mailboxes.commit([commitOf(lease, [], { parks: [{ actor, entry: head.last, error: 'late', attempts: 1 }] })]);
    t.deepEqual(await ports.operations.parked([lease.shard]), []);
    await ports.close();
  });
}

function consequencesContract(title: Title, create: CreatePorts): void {
  test.serial(title('an actor may send to itself and finds it in its mailbox'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    await ports.mailboxes.send([message(actor, 'a')], null);
    const step = stepOf(await fetchOne(ports, lease, actor));
    await ports.mailboxes.commit([commitOf(lease, [step], { deliveries: [message(actor, 'again')] })]);
    t.true(await isReady(ports, actor));
    t.deepEqual(
      (await fetchOne(ports, lease, actor)).entries.map((entry) => entry.id),
      ['again'],
    );
    await ports.close();
  });

  test.serial(title('a due timer becomes one message, a later one waits, a cancelled one never comes'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    const timer = (key: string, at: number | null): { actor: typeof actor; key: string; at: number | null } => ({ actor, key, at });
    await ports.mailboxes.send([message(actor, 'a')], null);
    const first = stepOf(await fetchOne(ports, lease, actor));
    await ports.mailboxes.commit([
      commitOf(lease, [first], { timers: [timer('due now', 1000), timer('later', 9_000_000_000_000), timer('never', 1000)] }),
    ]);
    await ports.mailboxes.send([message(actor, 'b')], null);
    const second = stepOf(await fetchOne(ports, lease, actor));
    await ports.mailboxes.commit([commitOf(lease, [second], { timers: [timer('never', null)] })]);
    t.deepEqual([await ports.mailboxes.due([lease]), await ports.mailboxes.due([lease])], [1, 0]);
    const { entries } = await fetchOne(ports, lease, actor);
    t.deepEqual(
      entries.map(({ id, type, from }) => ({ id, type, from })),
      [{ id: `${actor} due now@1000`, type: 'TimerDue', from: 'timer' }],
    );
    t.deepEqual(JSON.parse(entries[0]?.body ?? ''), { key: 'due now', at: 1000 });
    await ports.close();
  });
}

function trimContract(title: Title, create: CreatePorts): void {
  test.serial(title('trim names the snapshot, removes what it covers and keeps the newest'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    const head = await advance({ ports, lease, actor }, ['a', 'b', 'c', 'd']);
    const name = { actor, snapshot: head, keep: 2 };
    t.is(await ports.mailboxes.trim(lease, [name]), 1);
    t.is(await ports.mailboxes.trim(lease, [name]), 1, 'it names it still');
    const [look] = await ports.mailboxes.read([{ actor, after: '0-0' }]);
    t.is(look?.tip?.snapshot, `${head.last}~${head.chain}`);
    t.deepEqual(
      look?.entries.map((entry) => entry.id),
      ['c', 'd'],
    );
    const next = await advance({ ports, lease, actor }, ['e']);
    t.like(
      (await fetchOne(ports, lease, actor)).tip,
      { ...next, snapshot: `${head.last}~${head.chain}` },
      'a commit keeps the snapshot part',
    );
    await ports.close();
  });

  test.serial(title('trim refuses a snapshot that is older, ahead of the tip, of another chain, or of an actor without tip'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    const older = await advance({ ports, lease, actor });
    const head = await advance({ ports, lease, actor });
    const trim = (snapshot: typeof head, of = actor): Promise<number | null> =>
      ports.mailboxes.trim(lease, [{ actor: of, snapshot, keep: 0 }]);
    t.is(await trim({ ...head, chain: 'other' }), 0);
    t.is(await trim({ ...head, last: '9000000000000-0' }), 0);
    t.is(await trim(head, actorIn(lease.shard)), 0);
    t.is(await trim(head), 1);
    t.is(await trim(older), 0);
    t.is((await fetchOne(ports, lease, actor)).tip?.snapshot, `${head.last}~${head.chain}`);
    await ports.close();
  });

  test.serial(title('trim never removes an uncommitted entry, whatever is to be kept'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    const head = await advance({ ports, lease, actor }, ['a', 'b']);
    await ports.mailboxes.send([message(actor, 'c'), message(actor, 'd')], null);
    t.is(await ports.mailboxes.trim(lease, [{ actor, snapshot: head, keep: 0 }]), 1);
    t.deepEqual(
      (await fetchOne(ports, lease, actor)).entries.map((entry) => entry.id),
      ['c', 'd'],
    );
    await ports.close();
  });
}

function readContract(title: Title, create: CreatePorts): void {
  test.serial(title('anyone reads tip and entries after the snapshot, or after the entry it has'), async (t) => {
    const ports = await create();
    const actor = freshActor();
    const lease = await owned(ports, actor);
    const head = await advance({ ports, lease, actor }, ['a', 'b']);
    await ports.mailboxes.trim(lease, [{ actor, snapshot: head, keep: 16 }]);
    const next = await advance({ ports, lease, actor }, ['c']);
    await ports.mailboxes.send([message(actor, 'd')], null);
    const stranger = freshActor();
    const looks = await ports.mailboxes.read([
      { actor, after: null },
      { actor: stranger, after: null },
      { actor, after: next.last },
      { actor, after: NO_HEAD.last },
    ]);
    t.deepEqual(
      looks.map((look) => look.entries.map((entry) => entry.id)),
      [['c', 'd'], [], ['d'], ['a', 'b', 'c', 'd']],
    );
    t.deepEqual(
      looks.map((look) => look.tip?.n),
      [3, undefined, 3, 3],
    );
    t.false(looks[0]?.parked);
    await ports.close();
  });
}
