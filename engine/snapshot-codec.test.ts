import test from 'ava';
import { z } from 'zod';
import { accept, defineKind } from './actor.ts';
import { decideEntry, freshEnvelope } from './envelope.ts';
import type { Kind, MessageSchemas } from './actor.ts';
import { decodeEnvelope, encodeEnvelope, parseSnapshotName, snapshotId } from './snapshot-codec.ts';

const amount = z.union([z.bigint(), z.string().transform((text) => BigInt(text))]);
const addition = z.object({ amount });
const purse: Kind = defineKind<{ total: bigint }, MessageSchemas, string>({
  name: 'purse',
  role: 'wallet',
  rules: 1,
  messages: { Add: addition },
  state: z.object({ total: amount }),
  initial: () => ({ total: 0n }),
  decide(state, entry) {
    const { amount: added } = addition.parse(entry.body);
    const total = state.total + added;
    const rows = [
      { account: 'wallet', currency: 'SAR', amount: -added },
      { account: 'bank', currency: 'SAR', amount: added },
    ];
    return accept({ total }, { rows, answer: { total }, note: { z: 1, a: added } });
  },
});

function oneEntryLater() {
  const entry = { entry: '5-0', id: 'k', type: 'Add', body: '{"amount":"900000000000000"}', from: 'client:a', trace: '' } as const;
  return decideEntry(purse, freshEnvelope(purse, 'purse:1'), entry).envelope;
}

test('an envelope that was encoded and decoded is the same envelope, amounts included', (t) => {
  const decoded = decodeEnvelope(purse, encodeEnvelope(oneEntryLater()));
  t.deepEqual(decoded.state, { total: 900000000000000n });
  t.is(decoded.sums['bank:SAR'], 900000000000000n);
  t.is(decoded.recent.length, 1);
  t.is(encodeEnvelope(decoded), encodeEnvelope(oneEntryLater()));
});

test('a snapshot of one kind is not taken for one of another', (t) => {
  t.throws(() => decodeEnvelope({ ...purse, name: 'other' }, encodeEnvelope(oneEntryLater())), { message: /not one of other/ });
});

test('the name of a snapshot tells the actor, the last entry and the chain', (t) => {
  t.is(snapshotId('purse:1:2', '5-0~ab~c'), 'purse:1:2@5-0~ab~c');
  t.deepEqual(parseSnapshotName('5-0~ab~c'), { last: '5-0', chain: 'ab~c' });
});
