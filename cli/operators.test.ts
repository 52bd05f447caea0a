import test from 'ava';
import { Fault } from '../engine/fault.ts';
import type { ActorFacts, Replay } from '../engine/inspect.ts';
import type { StoredEntry } from '../engine/message.ts';
import { auditLines } from './audit.ts';
import { inspected } from './inspect.ts';
import { entryOf } from './looking.ts';
import { parkedLines } from './parked.ts';
import { replayed } from './replay.ts';

const NOW = 1_000_000;
const entry: StoredEntry = { entry: '808000-0', id: 'm1', type: 'Credit', body: '{"amount":"3300"}', from: 'statement-lines:1', trace: '' };
const facts: ActorFacts = {
  ...{ actor: 'virtual-account:1', shard: 'w3', owner: 'wallet/a', tip: null, lag: 1, waiting: [entry], entries: [] },
  ...{ parked: null, envelope: null, stateBytes: 0, fault: null },
};

test('inspect says how long the oldest entry waits', (t) => {
  const lines = inspected(facts, NOW);
  t.true(lines.includes('lag       1, the oldest for 3m 12s'));
  t.true(lines.includes('tip       - (nothing is committed)'));
  t.deepEqual(lines.slice(-2), ['waiting:', '808000-0  Credit  statement-lines:1  {"amount":"3300"}']);
});

test('inspect says why a state cannot be shown, and since when an actor is parked', (t) => {
  const fault = new Fault({ code: 'snapshot_missing', retry: 'never', message: 'it is gone' });
  const parked = { actor: 'virtual-account:1', shard: 'w3', entry: '808000-0', error: 'threw', attempts: 1, since: NOW - 41_000 } as const;
  const lines = inspected({ ...facts, fault, parked }, NOW);
  t.true(lines.includes('state     snapshot_missing: it is gone'));
  t.true(lines.includes('parked    at 808000-0 for 41s: threw'));
});

test('who is parked longest stands first', (t) => {
  const one = { actor: 'virtual-account:1', shard: 'w3', entry: '1-0', error: 'young', attempts: 0, since: NOW - 1_000 } as const;
  const other = { ...one, actor: 'payment:2', error: 'old', since: NOW - 60_000 } as const;
  t.deepEqual(parkedLines([one, other], NOW), [
    'actor              entry  for    attempts  error',
    'payment:2          1-0    1m 0s  0         old',
    'virtual-account:1  1-0    1s     0         young',
  ]);
  t.deepEqual(parkedLines([], NOW), ['nothing is parked']);
});

test('an audit names each divergence in words', (t) => {
  const fault = new Fault({ code: 'replay_diverged', retry: 'never', message: 'another chain' });
  t.deepEqual(
    auditLines({
      ...{ actors: 2, postings: 3 },
      divergences: [
        { what: 'actor', actor: 'payment:1', fault },
        { what: 'total', shard: 'w1', account: 'va:SAR', total: 5n, actors: 4n },
        { what: 'moving', shard: 'o2' },
      ],
    }),
    [
      '2 actors, 3 postings, 3 divergences',
      'payment:1: replay_diverged: another chain',
      "w1: the total of va:SAR is 5, its actors' postings sum up to 4",
      'o2: money moved whenever it was looked at',
    ],
  );
});

function replayFrom(last: `${number}-${number}`, n: number, proven: boolean | null): Replay {
  const head = { last, n, chain: 'c' };
  const kept = { recent: [], postings: [], posted: 0, page: null, sums: {}, heard: [], size: 0 };
  return { from: { actor: 'virtual-account:1', head, rules: 1, state: {}, ...kept }, tip: null, steps: [], proven };
}

test('a replay that ends before the snapshot proves nothing and says so', (t) => {
  t.deepEqual(replayed(replayFrom('50-0', 4, true), '10-0'), [
    'from 50-0 (4 entries before)',
    '10-0 is before that: the snapshot covers it',
  ]);
});

test('a replay says whether the chain is the tip’s', (t) => {
  t.deepEqual(replayed(replayFrom('0-0', 0, true)), ['from the beginning', 'the chain is the tip’s: proven']);
  t.deepEqual(replayed(replayFrom('0-0', 0, false)), ['from the beginning', 'THE CHAIN DIFFERS from the tip’s']);
  t.deepEqual(replayed(replayFrom('0-0', 0, null)), ['from the beginning', 'the tip was not reached']);
});

test('what is no entry id is refused in one line', (t) => {
  t.is(entryOf('12-0'), '12-0');
  t.throws(() => entryOf('abc'), { message: 'abc is no entry id: it must be <ms>-<sequence>' });
});
