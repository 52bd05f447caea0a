import test from 'ava';
import { createMemoryMongo, createMemorySnapshots } from '../mocks/memory/long-memory.ts';
import { newestSnapshots } from './newest.ts';

async function newestOf(documents: Readonly<Record<string, number>>): Promise<Record<string, string>> {
  const mongo = createMemoryMongo();
  const snapshots = createMemorySnapshots(mongo);
  await snapshots.insert(Object.entries(documents).map(([id, n]) => ({ id, bytes: JSON.stringify({ head: { n } }) })));
  // One name per page: whatever page an actor begins or ends on.
  const paged = { ...snapshots, names: (after: string | null) => snapshots.names(after, 1) };
  const found: Record<string, string> = {};
  for await (const batch of newestSnapshots(paged))
    for (const { actor, name, ambiguous } of batch) {
      if (found[actor] !== undefined) throw new Error(`${actor} came twice`);
      found[actor] = ambiguous ? `${name}?` : name;
    }
  return found;
}

test('the newest snapshot is the one with the latest entry, not the last in the order of the text', async (t) => {
  t.deepEqual(await newestOf({ 'toy:a@9-0~x': 1, 'toy:a@10-2~y': 3, 'toy:a@10-1~z': 2, 'toy:b@1-0~x': 1 }), {
    'toy:a': '10-2~y',
    'toy:b': '1-0~x',
  });
});

test('actors whose ids begin with another actor’s name and an @ are told apart, and each comes once', async (t) => {
  const ids = {
    'owner:foo@1-0~x': 1,
    'owner:foo@1and1.com@5-0~y': 1,
    'owner:foo@177.de@7-0~z': 1,
    'owner:foo@1780-0~w': 2,
    'owner:foo@2-0~v': 1,
  };
  t.deepEqual(await newestOf(ids), { 'owner:foo': '1780-0~w', 'owner:foo@1and1.com': '5-0~y', 'owner:foo@177.de': '7-0~z' });
});

test('of two snapshots at one entry the one with more entries stands; with as many, the choice is told', async (t) => {
  t.deepEqual(await newestOf({ 'toy:a@5-0~x': 3, 'toy:a@5-0~a': 4 }), { 'toy:a': '5-0~a' });
  t.deepEqual(await newestOf({ 'toy:a@5-0~x': 3, 'toy:a@5-0~a': 3 }), { 'toy:a': '5-0~x?' });
});
