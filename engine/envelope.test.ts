import test from 'ava';
import { z } from 'zod';
import { accept, defineKind } from './actor.ts';
import { decideEntry, freshEnvelope, POSTINGS_PER_PAGE, RECENT_MAX, RECENT_MS, STATE_CHARS_MAX } from './envelope.ts';
import type { Envelope } from './envelope.ts';
import { toJson } from './message.ts';
import type { EntryId, StoredEntry } from './message.ts';
import { decodeEnvelope, decodePostings, encodeEnvelope } from './snapshot-codec.ts';

const pad = defineKind<{ text: string }, { Write: z.ZodObject<{ text: z.ZodString }> }, never>({
  name: 'pad',
  role: 'toys',
  rules: 1,
  messages: { Write: z.object({ text: z.string() }) },
  state: z.object({ text: z.string() }),
  initial: () => ({ text: '' }),
  decide: (state, { body }) => accept({ text: state.text + body.text }, { answer: { length: state.text.length + body.text.length } }),
});

interface Said {
  readonly id: string;
  readonly text: string;
  readonly from?: string;
  readonly at?: number;
}

function say(envelope: Envelope, { id, text, from = 'client:test', at = 1_000 }: Said) {
  const entry: EntryId = `${at + envelope.head.n}-0`;
  return decideEntry(pad, envelope, { entry, id, type: 'Write', body: toJson({ text }), from, trace: '' });
}

const fresh = (): Envelope => freshEnvelope(pad, 'pad:1');

test('a repeated client command gets the first answer and changes nothing', (t) => {
  const first = say(fresh(), { id: 'a', text: 'xy' });
  const again = say(first.envelope, { id: 'a', text: 'xy' });
  t.is(again.code, 'repeated');
  t.deepEqual(again.answer, first.answer);
  t.is(again.envelope.state, first.envelope.state);
});

test('a repeated command has the same chain for the owner and for whoever folds from a snapshot', (t) => {
  const unordered = defineKind({
    ...pad,
    decide: (state: { readonly text: string }) => accept({ text: state.text }, { answer: { z: 1, a: { y: 2n, b: 3 } } }),
  });
  const entry = (at: number): StoredEntry => ({
    entry: `${at}-0`,
    id: 'a',
    type: 'Write',
    body: '{"text":"x"}',
    from: 'client:test',
    trace: '',
  });
  const first = decideEntry(unordered, fresh(), entry(1_000));
  const again = decideEntry(unordered, first.envelope, entry(1_001));
  const replayed = decideEntry(unordered, decodeEnvelope(unordered, encodeEnvelope(first.envelope)), entry(1_001));
  t.is(again.code, 'repeated');
  t.is(replayed.envelope.head.chain, again.envelope.head.chain);
});

test('a repeated key with another body is refused', (t) => {
  const first = say(fresh(), { id: 'a', text: 'xy' });
  t.is(say(first.envelope, { id: 'a', text: 'other' }).code, 'idempotency_key_reused');
});

test('a key is forgotten after a day of entry time', (t) => {
  const first = say(fresh(), { id: 'a', text: 'xy' });
  const later = say(first.envelope, { id: 'b', text: '', at: 1_000 + RECENT_MS + 10 });
  t.deepEqual(
    later.envelope.recent.map((one) => one.id),
    ['b'],
  );
});

test('more client commands in a day than are remembered are turned away, messages between actors are not', (t) => {
  let envelope = fresh();
  for (let n = 0; n < RECENT_MAX; n += 1) envelope = say(envelope, { id: String(n), text: '' }).envelope;
  t.is(say(envelope, { id: 'one more', text: '' }).code, 'too_many_recent_commands');
  t.is(say(envelope, { id: 'internal', text: '', from: 'pad:2' }).code, 'accepted');
});

test('a state that has grown to its limit takes no more client commands, messages between actors it does', (t) => {
  let envelope = say(fresh(), { id: 'big', text: 'x'.repeat(STATE_CHARS_MAX), from: 'pad:2' }).envelope;
  while (envelope.head.n < 64) envelope = say(envelope, { id: String(envelope.head.n), text: '', from: 'pad:2' }).envelope;
  t.is(say(envelope, { id: 'command', text: 'y' }).code, 'actor_full');
  t.is(say(envelope, { id: 'internal', text: 'y', from: 'pad:2' }).code, 'accepted');
});

test('the chain differs when an entry, its id or its outcome differs', (t) => {
  const chains = [
    say(fresh(), { id: 'a', text: 'xy' }),
    say(fresh(), { id: 'b', text: 'xy' }),
    say(fresh(), { id: 'a', text: 'xyz' }),
    say(fresh(), { id: 'a', text: 'xy', at: 2_000 }),
  ].map((outcome) => outcome.envelope.head.chain);
  t.is(new Set(chains).size, chains.length);
});

test('an unknown message type and a body that does not parse are poison', (t) => {
  const stored = { entry: '1-0', id: 'a', from: 'pad:2', trace: '' } as const;
  t.throws(() => decideEntry(pad, fresh(), { ...stored, type: 'Draw', body: '{}' }), { message: /unknown message type/ });
  t.throws(() => decideEntry(pad, fresh(), { ...stored, type: 'Write', body: '{"text":1}' }));
});

test('rows that do not balance, and amounts out of range, are poison', (t) => {
  const posting = (amount: bigint, other: bigint) =>
    defineKind<{ n: number }, { Post: z.ZodObject }, never>({
      ...{
        name: 'pad',
        role: 'toys',
        rules: 1,
        messages: { Post: z.object({}) },
        state: z.object({ n: z.number() }),
        initial: () => ({ n: 0 }),
      },
      decide: (state) =>
        accept(state, {
          rows: [
            { account: 'a', currency: 'SAR', amount },
            { account: 'b', currency: 'SAR', amount: other },
          ],
        }),
    });
  const stored = { entry: '1-0', id: 'a', type: 'Post', body: '{}', from: 'pad:2', trace: '' } as const;
  const decided = (amount: bigint, other: bigint) => decideEntry(posting(amount, other), fresh(), stored);
  t.throws(() => decided(1n, -2n), { message: /do not balance/ });
  t.throws(() => decided(10n ** 15n, -(10n ** 15n)), { message: /out of range/ });
  t.deepEqual(decided(1n, -1n).envelope.sums, { 'a:SAR': 1n, 'b:SAR': -1n });
});

test('a snapshot with more postings than a page has now, of when pages were longer, files them all with the next', (t) => {
  const noting = defineKind({ ...pad, decide: (state: { readonly text: string }) => accept({ text: state.text }, { note: 'x' }) });
  const tell = (envelope: Envelope) =>
    decideEntry(noting, envelope, {
      entry: `${1_000 + envelope.head.n}-0`,
      id: 'a',
      type: 'Write',
      body: '{"text":""}',
      from: 'pad:2',
      trace: '',
    });
  let envelope = fresh();
  for (let n = 1; n < POSTINGS_PER_PAGE; n += 1) ({ envelope } = tell(envelope));
  const longer = {
    ...envelope,
    postings: [...envelope.postings, ...envelope.postings],
    posted: 100 + 2 * envelope.posted,
    page: 'pad:1#1~c',
  };
  const after = tell(decodeEnvelope(noting, encodeEnvelope(longer)));
  t.is(after.filled?.previous, 'pad:1#1~c');
  t.is(decodePostings(after.filled?.bytes ?? '').length, 2 * POSTINGS_PER_PAGE - 1);
  t.deepEqual(after.envelope.postings, []);
  t.is(after.envelope.page, after.filled?.id ?? null);
});
