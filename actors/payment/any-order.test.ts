/** Webhooks, re-fetches and rows of one payment in any order, each any number of times: its own books are right at every entry. */
import test from 'ava';
import fc from 'fast-check';
import type { Row } from '../../engine/actor.ts';
import type { Outcome } from '../../engine/envelope.ts';
import { scenario } from '../testing/scenario.ts';
import { payment } from './decide.ts';
import type { ProviderPayment } from './messages.ts';
import type { PaymentState } from './state.ts';
import * as tell from './testing/messages.ts';

const paymentId = fc.constantFrom('p1', 'p1', 'p1', 'p2');
const part = fc.constantFrom(0n, 1000n, 2495n, tell.GROSS);
const gross = fc.constantFrom(tell.GROSS, tell.GROSS, 1000n, 1n);

const seen = fc
  .record({
    id: paymentId,
    status: fc.constantFrom('initiated', 'paid', 'paid', 'failed', 'refunded', 'voided'),
    refunded: part,
    amount: fc.constantFrom(tell.GROSS, tell.GROSS, tell.GROSS, 1n),
    currency: fc.constantFrom('SAR', 'SAR', 'SAR', 'KWD'),
  })
  .map((over): ProviderPayment => tell.payment(over));

const row = fc
  .record({
    index: fc.nat(50),
    type: fc.constantFrom('payment', 'payment', 'refund', 'void', 'chargeback', 'fee'),
    paymentId,
    gross,
    currency: fc.constantFrom('SAR', 'SAR', 'SAR', 'KWD'),
  })
  .map((over) => tell.rowSettled(over));

type Move = { readonly hint: string } | { readonly answer: ProviderPayment | null } | { readonly row: ReturnType<typeof tell.rowSettled> };
const move: fc.Arbitrary<Move> = fc.oneof(
  paymentId.map((hint) => ({ hint })),
  fc.option(seen, { freq: 9 }).map((answer) => ({ answer })),
  row.map((settled) => ({ row: settled })),
);

/** What an entry took in, less what it sent on, is what its rows leave in transit, the other way round. */
function inTransitOf({ sends }: Outcome, received: ReadonlyMap<string, bigint>): Map<string, bigint> {
  const sum = new Map([...received].map(([currency, amount]) => [currency, -amount]));
  for (const { type, body } of sends) {
    const sent = JSON.parse(body) as { amount?: string; money?: string; currency?: string };
    const amount = BigInt(sent.amount ?? '0');
    const sign = type === 'TopUpPending' || sent.money === 'credit' ? 1n : type === 'TopUpReversed' || sent.money === 'debit' ? -1n : 0n;
    const currency = sent.currency ?? '';
    sum.set(currency, (sum.get(currency) ?? 0n) + sign * amount);
  }
  return sum;
}

function totals(rows: readonly Row[], into: Map<string, bigint>): Map<string, bigint> {
  for (const { account, currency, amount } of rows) {
    const key = `${account}:${currency}`;
    into.set(key, (into.get(key) ?? 0n) + amount);
  }
  return into;
}

const nonZero = (sums: ReadonlyMap<string, bigint>) => new Map([...sums].filter(([, amount]) => amount !== 0n).sort());

function messageOf(one: Move, n: number, state: PaymentState) {
  if ('row' in one) return one.row;
  if ('hint' in one) return tell.hint(`e${n}`, one.hint);
  const open = state.fetches.find(({ id }) => one.answer === null || one.answer.id === id);
  const body = { effect: open?.effect ?? 'nobody', paymentId: open?.id ?? 'p1', payment: one.answer, rowsWithinMs: tell.ROWS_WITHIN };
  return { type: 'PaymentFetched' as const, body };
}

test('any order and repetition keeps in-transit and the figures, makes pending once, and takes back no more than was paid', (t) => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 40, size: 'max' }), (moves) => {
      const self = scenario(payment, tell.SELF).given(tell.created(), tell.invoiced());
      const posted = new Map<string, bigint>();
      const counts = { pending: 0n, settled: 0n, reversed: 0n };
      for (const [n, one] of moves.entries()) {
        const message = messageOf(one, n, self.state);
        const carried = payment.carries?.(message) ?? null;
        const { outcome } = self.when(message);
        if (outcome === null) throw new Error('nothing was decided');
        const inTransit = outcome.rows.filter(({ account }) => account === 'in-transit').map((leg) => ({ ...leg, account: 'leg' }));
        const expected = inTransitOf(outcome, carried === null ? new Map() : new Map([[carried.currency, carried.amount]]));
        const actual = new Map([...totals(inTransit, new Map())].map(([key, amount]) => [key.slice('leg:'.length), -amount]));
        t.deepEqual(nonZero(actual), nonZero(expected));
        totals(
          outcome.rows.filter(({ account }) => account !== 'in-transit'),
          posted,
        );
        t.deepEqual(nonZero(totals(payment.figures?.(self.state) ?? [], new Map())), nonZero(posted));
        t.is(self.state.owed === null, !posted.get('psp-receivable:moyasar:SAR'), 'whatever is owed is waited for');
        count(counts, self.sent);
      }
      t.true(counts.pending <= 1n);
      t.true(counts.settled <= 1n);
      t.true(counts.reversed <= counts.pending * tell.GROSS);
    }),
    { numRuns: 300 },
  );
});

function count(
  counts: { pending: bigint; settled: bigint; reversed: bigint },
  sent: readonly { readonly type: string; readonly body: Record<string, unknown> }[],
): void {
  for (const { type, body } of sent) {
    if (type === 'TopUpPending') counts.pending++;
    if (type === 'TopUpSettled') counts.settled++;
    if (type === 'TopUpReversed') counts.reversed += BigInt(String(body['amount']));
  }
}
