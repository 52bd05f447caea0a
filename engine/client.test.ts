import test from 'ava';
import type { ExecutionContext } from 'ava';
import { CLIENT_LIMITS, createClient } from './client.ts';
import type { Client, ClientLimits } from './client.ts';
import { POSTINGS_PER_PAGE } from './envelope.ts';
import { Fault } from './fault.ts';
import { toJson } from './message.ts';
import type { ActorId, Addressed } from './message.ts';
import { createRig } from './testing/rig.ts';
import { createPurse } from './testing/toy.ts';

const purse = createPurse();

function command(type: string, body: unknown, id: string): Addressed {
  return { to: 'purse:a', type, body: toJson(body), id, from: 'client:test', trace: '' };
}

function to(actor: ActorId, addressed: Addressed): Addressed {
  return { ...addressed, to: actor };
}

function setUp(limits: Partial<ClientLimits> = {}) {
  const rig = createRig();
  const client = createClient({ ...rig, ...rig.ports, limits });
  const counted = { reads: 0 };
  const read = rig.ports.mailboxes.read.bind(rig.ports.mailboxes);
  rig.ports.mailboxes.read = (requests) => {
    counted.reads += 1;
    return read(requests);
  };
  return { rig, client, counted, worker: rig.worker() };
}

type Setup = ReturnType<typeof setUp>;

/** Lets time pass until the promise is settled. */
async function passing<T>({ rig }: Pick<Setup, 'rig'>, promise: Promise<T>): Promise<T> {
  const progress = { settled: false };
  const settle = (): void => void (progress.settled = true);
  promise.then(settle, settle);
  for (let steps = 0; steps < 500 && !progress.settled; steps += 1) await rig.system.advance(10);
  return promise;
}

async function faultOf(t: ExecutionContext, setup: Setup, promise: Promise<unknown>): Promise<string> {
  const error = await t.throwsAsync(passing(setup, promise), { instanceOf: Fault });
  return error.code;
}

async function stop({ rig, client, worker }: Setup): Promise<void> {
  client.close();
  await passing({ rig }, worker.stop());
}

test('a command is answered with what its actor decided, and the state as of that', async (t) => {
  const setup = setUp();
  await setup.worker.start();
  await setup.client.tell([command('Deposit', { amount: '100' }, 'd1')]);
  const answer = await passing(setup, setup.client.ask(command('Pay', { to: 'purse:b', amount: '30' }, 'p1')));
  if (!answer.ok) return t.fail(answer.refusal);
  t.deepEqual([answer.code, answer.answer], ['accepted', { balance: '70' }]);
  t.like(answer.envelope.state, { balance: 70n });
  t.is(answer.asOf, answer.envelope.head.last);
  const other = await passing(setup, setup.client.read(purse, 'b'));
  t.like(other?.envelope.state, { balance: 30n });
  await stop(setup);
});

test('a refusal is an answer with its detail, and nothing has changed', async (t) => {
  const setup = setUp();
  await setup.worker.start();
  const answer = await passing(setup, setup.client.ask(command('Pay', { to: 'purse:b', amount: '30' }, 'p1')));
  t.like(answer, { ok: false, refusal: 'too_little', detail: { balance: '0' } });
  t.is(await passing(setup, setup.client.read(purse, 'b')), null);
  await stop(setup);
});

test('a repeated command gets its first answer; the same key with another body is refused', async (t) => {
  const setup = setUp();
  await setup.worker.start();
  const deposit = command('Deposit', { amount: '100' }, 'd1');
  t.like(await passing(setup, setup.client.ask(deposit)), { ok: true, code: 'accepted' });
  t.like(await passing(setup, setup.client.ask(deposit)), { ok: true, code: 'repeated' });
  const other = command('Deposit', { amount: '200' }, 'd1');
  t.like(await passing(setup, setup.client.ask(other)), { ok: false, refusal: 'idempotency_key_reused' });
  t.like((await passing(setup, setup.client.read(purse, 'a')))?.envelope.state, { balance: 100n });
  await stop(setup);
});

test('a decision that is known before the answer of the send waits for no poll', async (t) => {
  const setup = setUp();
  const { rig, client } = setup;
  await setup.worker.start();
  await passing(setup, client.ask(command('Deposit', { amount: '100' }, 'd1'))); // from now on the client knows the actor
  const send = rig.ports.mailboxes.send.bind(rig.ports.mailboxes);
  rig.ports.mailboxes.send = async (messages, cap) => {
    const sent = await send(messages, cap);
    await rig.system.sleep(60); // meanwhile the owner decides and tells of it
    return sent;
  };
  const began = rig.system.monotonicMs();
  t.like(await passing(setup, client.ask(command('Deposit', { amount: '1' }, 'd2'))), { ok: true, code: 'accepted' });
  t.true(rig.system.monotonicMs() - began < 60 + CLIENT_LIMITS.askPollMs);
  await stop(setup);
});

test('an answer is recalled when the snapshot already covers the command and the client never saw the actor before', async (t) => {
  const setup = setUp();
  const { rig, client } = setup;
  const worker = rig.worker({ flushEntries: 1, entriesKept: 0, flushEveryMs: 10 });
  await worker.start();
  const read = rig.ports.mailboxes.read.bind(rig.ports.mailboxes);
  rig.ports.mailboxes.read = async (requests) => {
    await rig.system.sleep(500); // the decision is long trimmed when the first read arrives
    return read(requests);
  };
  const deposit = command('Deposit', { amount: '100' }, 'd1');
  t.like(await passing(setup, client.ask(deposit)), { ok: true, code: 'accepted' });
  const tip = rig.shard('purse:a').tips.get('purse:a');
  t.is(tip?.snapshot, `${String(tip?.last)}~${String(tip?.chain)}`);
  const other = command('Deposit', { amount: '5' }, 'd1');
  t.like(await passing(setup, client.ask(other)), { ok: false, refusal: 'idempotency_key_reused' });
  client.close();
  await passing(setup, worker.stop());
});

test('while nobody owns the actor the outcome is unknown after the time limit, and the command is decided later all the same', async (t) => {
  const setup = setUp();
  const deposit = command('Deposit', { amount: '100' }, 'd1');
  t.is(await faultOf(t, setup, setup.client.ask(deposit)), 'outcome_unknown');
  await setup.worker.start();
  t.like(await passing(setup, setup.client.ask(deposit)), { ok: true, code: 'repeated' });
  t.like((await passing(setup, setup.client.read(purse, 'a')))?.envelope.state, { balance: 100n });
  await stop(setup);
});

test('a server that lost its tail may give an entry to another message: its decision is no answer to the first', async (t) => {
  const setup = setUp();
  const { mailboxes } = setup.rig.ports;
  const send = mailboxes.send.bind(mailboxes);
  mailboxes.send = ([lost], cap) => send([{ ...command('Deposit', { amount: '100' }, 'in its place'), to: lost?.to ?? 'purse:a' }], cap);
  const asked = setup.client.ask(command('Pay', { to: 'purse:b', amount: '30' }, 'lost'));
  await setup.worker.start();
  t.is(await faultOf(t, setup, asked), 'outcome_unknown');
  t.like((await passing(setup, setup.client.read(purse, 'a')))?.envelope.state, { balance: 100n });
  await stop(setup);
});

test('a parked actor is told as such, before the time limit', async (t) => {
  const setup = setUp();
  await setup.worker.start();
  t.is(await faultOf(t, setup, setup.client.ask(command('Boom', {}, 'b1'))), 'actor_parked');
  t.is(await faultOf(t, setup, setup.client.ask(command('Deposit', { amount: '1' }, 'd1'))), 'actor_parked');
  await stop(setup);
});

test('a full mailbox turns edges away, and what was written before is kept', async (t) => {
  const setup = setUp({ mailboxEntries: 2 });
  const told = setup.client.tell([1, 2, 3].map((n) => command('Deposit', { amount: '1' }, `d${String(n)}`)));
  t.is(await faultOf(t, setup, told), 'mailbox_full');
  t.is(setup.rig.shard('purse:a').mailboxes.get('purse:a')?.entries.length, 2);
  setup.client.close();
});

test('a thousand concurrent commands share their reads', async (t) => {
  const setup = setUp();
  await setup.worker.start();
  const asks = Array.from({ length: 1000 }, (_, n) =>
    setup.client.ask(to(`purse:${n % 50}`, command('Deposit', { amount: '1' }, `d${n}`))),
  );
  const answers = await passing(setup, Promise.all(asks));
  t.true(answers.every((answer) => answer.ok));
  t.true(setup.counted.reads < 100, `${String(setup.counted.reads)} reads`);
  await stop(setup);
});

test('a command is answered without any hint, by looking again and again', async (t) => {
  const setup = setUp();
  setup.rig.ports.hints.committed = () => undefined;
  await setup.worker.start();
  t.like(await passing(setup, setup.client.ask(command('Deposit', { amount: '1' }, 'd1'))), { ok: true });
  await stop(setup);
});

test('a client that closes tells whoever waits that the outcome is unknown', async (t) => {
  const setup = setUp();
  const ask = setup.client.ask(command('Deposit', { amount: '1' }, 'd1'));
  await setup.rig.system.settle();
  setup.client.close();
  t.is(await faultOf(t, setup, ask), 'outcome_unknown');
});

test('reads go on while MongoDB is away, for actors that were seen before', async (t) => {
  const setup = setUp();
  const { rig, client } = setup;
  const worker = rig.worker({ flushEntries: 1, entriesKept: 0, flushEveryMs: 10 });
  await worker.start();
  await client.tell([command('Deposit', { amount: '1' }, 'd1'), to('purse:b', command('Deposit', { amount: '1' }, 'd2'))]);
  await rig.system.advance(1000);
  t.like((await client.read(purse, 'a'))?.envelope.state, { balance: 1n });
  rig.ports.mongo.away = true;
  t.like(await passing(setup, client.ask(command('Deposit', { amount: '1' }, 'd3'))), { ok: true });
  t.like((await client.read(purse, 'a'))?.envelope.state, { balance: 2n });
  t.is(await faultOf(t, setup, client.read(purse, 'b')), 'mongo_away');
  rig.ports.mongo.away = false;
  t.deepEqual(
    (await client.readMany(purse, ['a', 'b', 'c'])).map((one) => one?.envelope.posted ?? null),
    [2, 1, null],
  );
  client.close();
  await passing(setup, worker.stop());
});

async function allPostings(client: Client, limit: number): Promise<{ ns: number[]; pages: number }> {
  const ns: number[] = [];
  let pages = 0;
  let before: string | null = null;
  do {
    const page = await client.postings('purse:a', { before, limit });
    ns.push(...page.postings.map((posting) => posting.n));
    before = page.next;
    pages += 1;
  } while (before !== null);
  return { ns, pages };
}

for (const flushed of [false, true]) {
  test(`postings are walked newest first over all pages, ${flushed ? 'from the ledger' : 'before any page is saved'}`, async (t) => {
    const setup = setUp({ mailboxEntries: 5000 });
    const { rig, client } = setup;
    const worker = rig.worker(flushed ? { flushEntries: 1, flushEveryMs: 10, entriesKept: 0 } : { flushEntries: 10_000, flushAgeMs: 1e9 });
    await worker.start();
    const count = 3 * POSTINGS_PER_PAGE + 20;
    t.deepEqual(await client.postings('purse:a', { before: null, limit: 10 }), { postings: [], next: null, asOf: null });
    await client.tell(
      Array.from({ length: count }, (_, n) => command('Deposit', { amount: '1' }, `d${String(n)}`)).map((one) => ({
        ...one,
        from: 'edge:x',
      })),
    );
    await rig.system.advance(2000);
    t.is(rig.ports.mongo.pages.size, flushed ? 3 : 0);
    const expected = Array.from({ length: count }, (_, n) => count - n);
    t.deepEqual(await allPostings(client, 7), { ns: expected, pages: Math.ceil(count / 7) });
    t.deepEqual(await allPostings(client, 20), { ns: expected, pages: Math.ceil(count / 20) });
    t.deepEqual(await allPostings(client, 500), { ns: expected, pages: 1 });
    client.close();
    await passing(setup, worker.stop());
  });
}

test('whoever follows the postings is told each once, and asks the ledger for none that filled its page on the way', async (t) => {
  const setup = setUp({ mailboxEntries: 5000 });
  const { rig, client } = setup;
  const asked = { finds: 0 };
  const find = rig.ports.ledger.find.bind(rig.ports.ledger);
  rig.ports.ledger.find = (ids) => {
    asked.finds += 1;
    return find(ids);
  };
  await setup.worker.start();
  const told: number[] = [];
  const total = 2 * POSTINGS_PER_PAGE + 20;
  const seen = POSTINGS_PER_PAGE - 5;
  for (let sent = 0; sent < total; sent += 10) {
    const messages = Array.from({ length: 10 }, (_, n) => command('Deposit', { amount: '1' }, `d${String(sent + n)}`));
    await client.tell(messages.map((one) => ({ ...one, from: 'edge:x' })));
    await rig.system.advance(50);
    const { postings, next } = await client.postings('purse:a', { before: null, after: told.at(-1) ?? 0, limit: 50 });
    t.is(next, null);
    told.push(...postings.map(({ n }) => n).reverse());
    t.deepEqual(await client.postings('purse:a', { before: null, after: sent + 10, limit: 50 }).then((page) => page.postings), []);
  }
  t.deepEqual(
    told,
    Array.from({ length: total }, (_, n) => n + 1),
  );
  t.is(asked.finds, 0);
  // Two pages behind, in answers of 7.
  const missed: number[] = [];
  for (let before: string | null = null; ;) {
    const page = await client.postings('purse:a', { before, after: seen, limit: 7 });
    missed.push(...page.postings.map(({ n }) => n));
    if (page.next === null) break;
    before = page.next;
  }
  t.deepEqual(
    missed,
    Array.from({ length: total - seen }, (_, n) => total - n),
  );
  await stop(setup);
});

test('a cursor that is not one, or that names another actor’s page, is refused', async (t) => {
  const setup = setUp();
  await setup.worker.start();
  await passing(setup, setup.client.ask(command('Deposit', { amount: '1' }, 'd1')));
  const forged = (page: string): string => Buffer.from(JSON.stringify({ n: 5, page })).toString('base64url');
  for (const before of ['', 'x', forged('purse:b#1~abc'), forged('purse:a#1~abc'), forged('purse:a')]) {
    t.is(await faultOf(t, setup, setup.client.postings('purse:a', { before, limit: 10 })), 'bad_cursor');
  }
  await stop(setup);
});

test('a watcher is told of its actor’s commits and of no other’s, until it stops', async (t) => {
  const setup = setUp();
  await setup.worker.start();
  let calls = 0;
  const unwatch = setup.client.watch('purse:a', () => (calls += 1));
  await passing(setup, setup.client.ask(to('purse:b', command('Deposit', { amount: '1' }, 'd1'))));
  t.is(calls, 0);
  await passing(setup, setup.client.ask(command('Deposit', { amount: '1' }, 'd2')));
  await setup.rig.system.settle();
  t.is(calls, 1);
  unwatch();
  await passing(setup, setup.client.ask(command('Deposit', { amount: '1' }, 'd3')));
  await setup.rig.system.settle();
  t.is(calls, 1);
  await stop(setup);
});
