import test from 'ava';
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
  const fetch: typeof mailboxes.fetch = (lease, requests, careful) => {
    for (const { actor } of requests) asked.push(`${actor} ${looking > 0 ? 'beside the look' : 'after the look'}`);
    return mailboxes.fetch(lease, requests, careful);
  };
  const worker = rig.worker({ lanes: 1 }, { ...rig.ports, mailboxes: { ...mailboxes, peek, fetch } });
  await worker.start();
  await rig.send('purse:a', 'Deposit', { amount: '100' });
  await rig.system.advance(100);
  asked.length = 0;
  await rig.send('purse:a', 'Pay', { to: 'purse:b', amount: '30' });
  await rig.system.advance(100);
  t.deepEqual(asked, ['purse:a after the look', 'purse:b beside the look']);
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
