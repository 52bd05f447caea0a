import test from 'ava';
import { KINDS } from '../actors/kinds.ts';
import { numberRange } from '../actors/number-range/decide.ts';
import { decideEntry, freshEnvelope } from '../engine/envelope.ts';
import type { StoredEntry } from '../engine/message.ts';
import { createRegistry } from '../engine/registry.ts';
import { kindsUpTo } from './kinds.ts';

const RANGE = 'number-range:123170000000000-123179999999999';
const ENTRY: StoredEntry = { entry: '1000-0', id: 'a', type: 'TakeBlock', body: '{"size":10}', from: 'client:test', trace: '' };

test('newer rules stand beside the former ones, and the newest decides', (t) => {
  const registry = createRegistry(kindsUpTo(2));
  t.is(registry.kinds.length, KINDS.length);
  t.is(registry.kindOf(RANGE).rules, numberRange.rules + 2);
  t.is(registry.kindOf(RANGE, numberRange.rules + 1).rules, numberRange.rules + 1);
});

test('newer rules decide the same state under another chain, so that a replay by the wrong version is seen', (t) => {
  const [old, newer] = [numberRange.rules, numberRange.rules + 1].map((rules) => {
    const kind = createRegistry(kindsUpTo(1)).kindOf(RANGE, rules);
    return decideEntry(kind, freshEnvelope(kind, RANGE), ENTRY);
  });
  t.is(old?.code, 'accepted');
  t.deepEqual(newer?.envelope.state, old?.envelope.state);
  t.not(newer?.envelope.head.chain, old?.envelope.head.chain);
});
