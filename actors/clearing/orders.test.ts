/** Whatever comes first: random orders of the same documents and credits end in the same joins. */
import test from 'ava';
import fc from 'fast-check';
import { scenario } from '../testing/scenario.ts';
import { clearing } from './decide.ts';
import { byPlace } from './state.ts';

const DAYS = 3;
/** Weeks apart: windows of different batches never touch, those of one batch always do. */
const dateOf = (batch: number, day: number) => new Date(Date.UTC(2026, 0, 5 + 14 * batch + day)).toISOString().slice(0, 10);

interface Batch {
  readonly amount: bigint;
  readonly documents: number;
  readonly credits: number;
}
const batches = fc.array(
  fc.record({ amount: fc.bigInt(1n, 3n), documents: fc.integer({ min: 0, max: 3 }), credits: fc.integer({ min: 0, max: 3 }) }),
  { minLength: 1, maxLength: 4 },
);

function messagesOf(all: readonly Batch[]) {
  return all.flatMap(({ amount, documents, credits }, batch) => [
    ...Array.from({ length: documents }, (_, n) => ({
      type: 'DocumentReady' as const,
      body: {
        settlement: `settlement:moyasar:${batch}.${n}` as const,
        document: `${batch}.${n}`,
        net: amount,
        currency: 'SAR',
        date: dateOf(batch, 0),
        windowDays: DAYS,
      },
    })),
    ...Array.from({ length: credits }, (_, n) => ({
      type: 'CreditSeen' as const,
      body: { source: `${batch}.${n}`, amount, currency: 'SAR', postDate: dateOf(batch, DAYS - n), party: null, windowDays: DAYS },
    })),
  ]);
}

/** Equal amounts of one batch are equal money; which of them met is told by batch. */
function outcomeOf(messages: ReturnType<typeof messagesOf>) {
  const it = scenario(clearing, 'clearing:moyasar:0108:SAR');
  const joins: string[] = [];
  for (const message of messages) {
    it.when(message);
    joins.push(...it.sent.map(({ to, body }) => `${to.split(/[:.]/)[2]}=${String(body['source']).split('.')[0]}`));
  }
  const { documents, credits } = it.state;
  return {
    joins: joins.sort(),
    documents: documents.length,
    credits: credits.length,
    left: credits.reduce((sum, { amount }) => sum + amount, 0n),
  };
}

/** Batches of unequal counts join as many as came in equal numbers on the way, which depends on the order; equal ones all join. */
test('case 16: random orders of documents and credits with equal amounts end in the same joins', (t) => {
  const cases = batches.chain((all) => {
    const equal = all.map((batch) => ({ ...batch, credits: batch.documents }));
    const messages = messagesOf(equal);
    return fc.tuple(fc.constant(messages), fc.shuffledSubarray(messages, { minLength: messages.length }));
  });
  fc.assert(
    fc.property(cases, ([ordered, shuffled]) => {
      const outcome = outcomeOf(shuffled);
      t.deepEqual(outcome, outcomeOf(ordered));
      t.deepEqual([outcome.documents, outcome.credits], [0, 0]);
    }),
    { numRuns: 200 },
  );
});

test('whatever the order and the counts, suspense is what waits, nothing is paid twice, and no join crosses a window', (t) => {
  const cases = batches.chain((all) => {
    const messages = messagesOf(all);
    return fc.shuffledSubarray(messages, { minLength: messages.length });
  });
  fc.assert(
    fc.property(cases, (messages) => {
      const { joins, documents, credits } = outcomeOf(messages);
      t.is(joins.length + documents, messages.filter(({ type }) => type === 'DocumentReady').length);
      t.is(joins.length + credits, messages.filter(({ type }) => type === 'CreditSeen').length);
      for (const join of joins) t.is(join.split('=')[0], join.split('=')[1]);
    }),
    { numRuns: 200 },
  );
});

test('the order of documents is their date, then their arrival', (t) => {
  const places = [
    { date: '2026-01-02', arrival: 1 },
    { date: '2026-01-01', arrival: 3 },
    { date: '2026-01-01', arrival: 2 },
  ];
  t.deepEqual(
    places.sort(byPlace).map(({ arrival }) => arrival),
    [2, 3, 1],
  );
});
