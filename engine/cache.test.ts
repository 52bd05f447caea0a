import test from 'ava';
import { createCache } from './cache.ts';
import { freshEnvelope } from './envelope.ts';
import type { ActorId } from './message.ts';
import { createPurse } from './testing/toy.ts';

const purse = createPurse();

function advance(cache: ReturnType<typeof createCache>, actor: ActorId, { n, entries }: { n: number; entries: number }): void {
  const fresh = freshEnvelope(purse, actor);
  const envelope = { ...fresh, head: { last: `1-${n}`, n, chain: `c${String(n)}` } } as const;
  const heard = Array.from({ length: entries }, (_, at) => ({ id: `m${String(at)}`, from: 'purse:x', entry: envelope.head.last }) as const);
  const traffic = { to: envelope.head, sent: [], heard };
  cache.advance({ shard: actor === 'purse:b' ? 't1' : 't0', envelope, entries, pages: [], before: fresh.head, traffic, nowMs: n });
}

test('unsaved entries are counted from commit to snapshot, and not of actors that are dropped', (t) => {
  const cache = createCache({ hotActors: 10 });
  const counted = (): number => cache.unsaved.entries;
  advance(cache, 'purse:a', { n: 3, entries: 3 });
  advance(cache, 'purse:a', { n: 8, entries: 5 });
  advance(cache, 'purse:b', { n: 2, entries: 2 });
  advance(cache, 'purse:c', { n: 1, entries: 1 });
  t.is(counted(), 11);
  t.true(cache.unsaved.chars > 11 * 100, 'what they heard is to be journalled');
  cache.saved('purse:a', { head: { last: '1-3', n: 3, chain: 'c3' }, takenMs: 5, pages: 0, traffic: 1 });
  t.is(counted(), 8);
  t.deepEqual(
    [...cache.dirty()].map(({ envelope }) => envelope.actor),
    ['purse:b', 'purse:c', 'purse:a'],
  );
  cache.drop('purse:c');
  cache.drop('purse:c');
  t.is(counted(), 7);
  cache.dropShards(new Set(['t1']));
  t.is(counted(), 5);
  cache.saved('purse:a', { head: { last: '1-8', n: 8, chain: 'c8' }, takenMs: 9, pages: 0, traffic: 0 });
  t.deepEqual([counted(), cache.unsaved.chars, cache.dirtySize, cache.size], [0, 0, 0, 1]);
});
