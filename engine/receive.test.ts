import test from 'ava';
import type { ActorId } from './message.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { createGuesses } from './receive.ts';
import { createRig } from './testing/rig.ts';

test('an actor that a commit has just written to is fetched before its shard is looked at again', async (t) => {
  const rig = createRig();
  const { mailboxes } = rig.ports;
  /** Per cycle what was asked before anything had answered, and who was fetched. */
  const asked: string[] = [];
  let looking = 0;
  const peek: typeof mailboxes.peek = async (shards, limit) => {
    looking += 1;
    const answer = await mailboxes.peek(shards, limit);
    looking -= 1;
    return answer;
  };
  const ask = (how: string, actor: ActorId): void => void asked.push(`${actor} ${how} ${looking > 0 ? 'beside' : 'after'} the look`);
  const fetch: typeof mailboxes.fetch = (lease, requests, careful) => {
    for (const { actor } of requests) ask('by its tip', actor);
    return mailboxes.fetch(lease, requests, careful);
  };
  const follow: typeof mailboxes.follow = (requests, count) => {
    for (const { actor } of requests) ask('from memory', actor);
    return mailboxes.follow(requests, count);
  };
  const worker = rig.worker({ lanes: 1 }, { ...rig.ports, mailboxes: { ...mailboxes, peek, fetch, follow } });
  await worker.start();
  await rig.send('purse:a', 'Deposit', { amount: '100' });
  await rig.system.advance(100);
  asked.length = 0;
  await rig.send('purse:a', 'Pay', { to: 'purse:b', amount: '30' });
  await rig.system.advance(100);
  t.deepEqual(asked, ['purse:a from memory after the look', 'purse:b by its tip beside the look']);
  t.is((await rig.purse('purse:b')).balance, 30n);
  await worker.stop();
});

test('a guess that is wrong changes nothing: the actor has nothing yet, or is parked', async (t) => {
  const rig = createRig();
  const { mailboxes } = rig.ports;
  let looks = 0;
  const worker = rig.worker(
    { lanes: 1 },
    {
      ...rig.ports,
      mailboxes: {
        ...mailboxes,
        // Whoever is asked for has nothing the first time, as if the write had not come yet.
        fetch: async (lease, requests, careful) => {
          const fetched = await mailboxes.fetch(lease, requests, careful);
          return fetched?.map((one) => (one.actor === 'purse:b' && looks < 3 ? { ...one, entries: [] } : one)) ?? null;
        },
        peek: (shards, limit) => {
          looks += 1;
          return mailboxes.peek(shards, limit);
        },
      },
    },
  );
  await worker.start();
  await rig.send('purse:parked', 'Boom', {});
  await rig.send('purse:a', 'Deposit', { amount: '100' });
  await rig.send('purse:a', 'Pay', { to: 'purse:parked', amount: '10' });
  await rig.send('purse:a', 'Pay', { to: 'purse:b', amount: '30' });
  await rig.system.advance(300);
  t.is((await rig.purse('purse:b')).balance, 30n);
  t.is((await rig.purse('purse:parked')).balance, 0n);
  await worker.stop();
});

test('who is ready and has nothing after its place in memory stands elsewhere: it is loaded anew', async (t) => {
  const rig = createRig({ shards: 1 });
  const worker = rig.worker();
  await worker.start();
  await rig.send('purse:a', 'Deposit', { amount: '100' });
  await rig.system.advance(300);
  const shard = rig.shard('purse:a');
  const tip = shard.tips.get('purse:a');
  await rig.send('purse:a', 'Deposit', { amount: '30' });
  await rig.system.advance(300);
  t.is((await rig.purse('purse:a')).balance, 130n);
  // A server that lost its last commit, and nothing else.
  if (tip !== undefined) shard.tips.set('purse:a', tip);
  shard.ready.set('purse:a', 1);
  t.is((await rig.purse('purse:a')).balance, 100n);
  await rig.system.advance(300);
  t.is((await rig.purse('purse:a')).balance, 130n);
  t.false(shard.ready.has('purse:a'));
  await worker.stop();
});

test('a mailbox of which following says nothing is fetched, and the others are followed', async (t) => {
  const rig = createRig({ shards: 1 });
  const { mailboxes } = rig.ports;
  const follow: typeof mailboxes.follow = async (requests, count) =>
    (await mailboxes.follow(requests, count)).map((one, index) => (requests[index]?.actor === 'purse:a' ? null : one));
  const worker = rig.worker({}, { ...rig.ports, mailboxes: { ...mailboxes, follow } });
  await worker.start();
  for (const amount of ['1', '2', '3']) {
    for (const actor of ['purse:a', 'purse:b'] as const) await rig.send(actor, 'Deposit', { amount });
    await rig.system.advance(300);
  }
  t.deepEqual([(await rig.purse('purse:a')).balance, (await rig.purse('purse:b')).balance], [6n, 6n]);
  await worker.stop();
});

test('a parked actor in memory is not followed: what made it stop is not decided again for a message from another', async (t) => {
  const rig = createRig({ shards: 1 });
  const { mailboxes } = rig.ports;
  const followed: ActorId[] = [];
  const follow: typeof mailboxes.follow = (requests, count) => {
    for (const { actor } of requests) followed.push(actor);
    return mailboxes.follow(requests, count);
  };
  const worker = rig.worker({}, { ...rig.ports, mailboxes: { ...mailboxes, follow } });
  await worker.start();
  await rig.send('purse:b', 'Deposit', { amount: '5' });
  await rig.send('purse:a', 'Deposit', { amount: '100' });
  await rig.system.advance(300);
  await rig.send('purse:b', 'Boom', {});
  await rig.system.advance(300);
  t.deepEqual(followed, ['purse:b']);
  await rig.send('purse:a', 'Pay', { to: 'purse:b', amount: '30' });
  await rig.system.advance(300);
  t.deepEqual(followed, ['purse:b', 'purse:a']);
  t.true(rig.shard('purse:b').parked.has('purse:b'));
  t.is((await rig.purse('purse:b')).balance, 5n);
  await worker.stop();
});

test('what could not be remembered until it is saved waits in its mailbox, and goes on when the database is back', async (t) => {
  const rig = createRig({ shards: 1 });
  const worker = rig.worker({ unsavedEntries: 10, entriesPerActor: 4, entriesPerActorShared: 4, lanes: 1 });
  await worker.start();
  await rig.send('purse:a', 'Deposit', { amount: '1' });
  await rig.system.advance(20_000);
  const decided = await decidedWhileAway(rig, () => rig.send('purse:a', 'Deposit', { amount: '1' }));
  t.true(decided > 10 && decided <= 1 + 10 + 4, `${String(decided)} decided`);
  await rig.system.advance(30_000);
  t.is((await rig.purse('purse:a')).balance, 101n);
  await rig.send('purse:b', 'Deposit', { amount: '1' });
  await rig.system.advance(1_000);
  t.is((await rig.purse('purse:b')).balance, 1n);
  await worker.stop();
});

test('what was sent waits to be journalled only up to a size: then more waits in its mailbox', async (t) => {
  const rig = createRig({ shards: 1 });
  // About 500 a payment, with the bookkeeping around it.
  const worker = rig.worker({ unsavedChars: 10_000, entriesPerActor: 4, entriesPerActorShared: 4, lanes: 1 });
  await worker.start();
  await rig.send('purse:a', 'Deposit', { amount: '1000' });
  await rig.system.advance(20_000);
  const decided = await decidedWhileAway(rig, () => rig.send('purse:a', 'Pay', { to: 'purse:b', amount: '1' }));
  t.true(decided > 5 && decided < 40, `${String(decided)} decided`);
  await rig.system.advance(60_000);
  t.is((await rig.purse('purse:b')).balance, 100n);
  await worker.stop();
});

/** How far `purse:a` comes with a hundred messages while the database is away; it is back when this resolves. */
async function decidedWhileAway(rig: ReturnType<typeof createRig>, send: () => Promise<unknown>): Promise<number> {
  rig.ports.mongo.away = true;
  for (let n = 0; n < 100; n += 1) await send();
  await rig.system.advance(5_000);
  rig.ports.mongo.away = false;
  return rig.shard('purse:a').tips.get('purse:a')?.n ?? 0;
}

test('guesses are kept of own shards only, each once, and no more than fit', (t) => {
  const guesses = createGuesses({ guessesPerShard: 3 });
  guesses.add('t0', 'purse:early');
  t.deepEqual(guesses.take('t0'), []);
  for (const name of ['a', 'b', 'a', 'c', 'd']) guesses.add('t0', `purse:${name}`);
  guesses.add('t1', 'purse:a');
  t.deepEqual(guesses.take('t0'), ['purse:a', 'purse:b', 'purse:c']);
  t.deepEqual(guesses.take('t0'), []);
  t.deepEqual(guesses.take('t1'), []);
  t.true(DEFAULT_LIMITS.guessesPerShard > 0);
});
