/** Whatever customers, provider, bank and operators do, in any order: the books balance at every entry and no state leaves its bounds. */
import test from 'ava';
import fc from 'fast-check';
import { toCanonicalJson } from '../../engine/message.ts';
import { breakKind } from '../break/decide.ts';
import { owner } from '../owner/decide.ts';
import { payment } from '../payment/decide.ts';
import type { ProviderPayment } from '../payment/messages.ts';
import * as pay from '../payment/testing/messages.ts';
import { reference } from '../reference/decide.ts';
import { virtualAccount } from '../virtual-account/decide.ts';
import * as wallet from '../virtual-account/testing/messages.ts';
import { World } from './run-messages.ts';
import type { Telling } from './run-messages.ts';
import { T0 } from './scenario.ts';

const KINDS = [owner, virtualAccount, payment, reference, breakKind];
const STATE_BYTES_MAX = 256 * 1024;

const topUp = fc.constantFrom('t1', 't2', 't3');
const amount = fc.bigInt({ min: 1n, max: 20_000n });
const line = fc.integer({ min: 1, max: 9 }).map((n) => `acc/line-${n}`);
const outgoing = fc.integer({ min: 1, max: 3 }).map((n) => `${n}`);
const gross = fc.oneof({ weight: 4, arbitrary: fc.constant(pay.GROSS) }, { weight: 1, arbitrary: amount });
const currency = fc.oneof({ weight: 9, arbitrary: fc.constant('SAR') }, { weight: 1, arbitrary: fc.constant('KWD') });

const toWallet = (message: { readonly type: string; readonly body: unknown }): Telling => ({ to: wallet.SELF, ...message });

const bankAndOperators = fc.oneof(
  fc.tuple(amount, line, currency).map(([a, source, c]) => toWallet(wallet.credited(a, { source, currency: c }))),
  fc.tuple(amount, line, currency).map(([a, source, c]) => toWallet(wallet.recalled(a, { source, currency: c }))),
  fc.tuple(amount, outgoing).map(([a, ref]) => toWallet(wallet.debited(a, { reference: ref }))),
  fc.tuple(amount, outgoing, currency).map(([a, ref, c]) => toWallet(wallet.outgoingSettled(a, { reference: ref, currency: c }))),
  fc.constantFrom('active' as const, 'frozen' as const, 'active' as const).map((status) => toWallet(wallet.setStatus(status))),
);

const customers = topUp.map((topUpId) => toWallet(wallet.requested(pay.GROSS, { topUpId })));

const providerStatus = fc.constantFrom('initiated', 'paid', 'paid', 'paid', 'failed', 'refunded', 'voided');
const providerSays = fc
  .tuple(topUp, fc.constantFrom('a', 'a', 'a', 'b'), providerStatus, gross, fc.bigInt({ min: 0n, max: pay.GROSS }), currency)
  .map(([topUpId, which, status, a, refunded, c]) => ({
    topUpId,
    seen: pay.payment({ id: `${topUpId}-${which}`, invoiceId: `inv-${topUpId}`, status, amount: a, refunded, currency: c }),
  }));

const rows = fc
  .record({
    topUpId: topUp,
    which: fc.constantFrom('a', 'a', 'a', 'b'),
    type: fc.constantFrom('payment', 'payment', 'refund', 'void', 'chargeback', 'fee'),
    gross,
    fee: fc.bigInt({ min: 0n, max: 6000n }),
    currency,
    policy: fc.constantFrom('platform', 'customer'),
    index: fc.nat(400),
    direct: fc.boolean(),
  })
  .map((made): Telling => {
    const { topUpId, which, type, fee, policy, index, direct } = made;
    const paymentId = `${topUpId}-${which}`;
    const over = { type, paymentId, gross: made.gross, fee, tax: 0n, currency: made.currency, index };
    const row = pay.rowSettled(over, { feePolicy: policy, rowGraceMs: 1000 });
    const carried = payment.carries?.(row) ?? null;
    const body = JSON.stringify(row.body, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
    const orElse = { reason: 'unknown_payment', subject: `doc/1/${index}`, evidence: {} };
    const forward = { type: row.type, body, key: `doc/1/${index}`, graceMs: 1000, orElse, answer: { page: pay.PAGE, index } };
    const money = { amount: carried?.amount ?? 0n, currency: made.currency };
    if (direct) return { to: `payment:${topUpId}`, ...row };
    return { to: `reference:moyasar:payment:${paymentId}`, type: 'Forward', body: { ...forward, ...money } };
  });

type Move = { readonly tell: Telling } | { readonly provider: { topUpId: string; seen: ProviderPayment } } | { readonly passMs: number };

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 3, arbitrary: bankAndOperators.map((tell) => ({ tell })) },
  { weight: 1, arbitrary: customers.map((tell) => ({ tell })) },
  { weight: 3, arbitrary: providerSays.map((provider) => ({ provider })) },
  { weight: 3, arbitrary: rows.map((tell) => ({ tell })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 * 60_000 }).map((passMs) => ({ passMs })) },
);

function play(moves: readonly Move[]): World {
  const world = new World(KINDS, ['settlement-page']);
  world.tell({ to: wallet.SELF, ...wallet.opened() });
  const truth = new Map<string, ProviderPayment>();
  for (const one of moves) {
    if ('tell' in one) world.tell(one.tell);
    else if ('passMs' in one) world.passTo(world.now + one.passMs);
    else {
      truth.set(one.provider.seen.id, one.provider.seen);
      const hint = pay.hint(`e${world.history.length}`, one.provider.seen.id);
      world.tell({ to: `payment:${one.provider.topUpId}`, ...hint });
    }
    answerCalls(world, truth);
  }
  return world;
}

/** The provider answers everything that it was asked, and knows only what it said. */
function answerCalls(world: World, truth: ReadonlyMap<string, ProviderPayment>): void {
  for (let call = world.effects.shift(); call !== undefined; call = world.effects.shift()) {
    const { actor, id: effect, type } = call;
    const topUpId = actor.slice('payment:'.length);
    const body = JSON.parse(call.body) as { paymentId?: string; invoiceId?: string };
    const invoiceId = body.invoiceId ?? `inv-${topUpId}`;
    const paymentId = body.paymentId ?? '';
    const payments = [...truth.values()].filter((one) => one.invoiceId === invoiceId);
    const answers: Record<string, Omit<Telling, 'to'>> = {
      'moyasar.create_invoice': { ...pay.invoiced(invoiceId), body: { ...pay.invoiced(invoiceId).body, effect, expiresAt: T0 + pay.HOUR } },
      'moyasar.cancel_invoice': { type: 'InvoiceCanceled', body: { effect, invoiceId } },
      'moyasar.fetch_invoice': { type: 'InvoiceFetched', body: { effect, invoiceId, status: 'initiated', payments } },
      'moyasar.fetch_payment': { type: 'PaymentFetched', body: { effect, paymentId, payment: truth.get(paymentId) ?? null } },
    };
    const answer = answers[type];
    if (answer !== undefined) world.tell({ to: actor, ...answer });
  }
}

test('any order of events keeps the identity, the figures and the bounds', (t) => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60, size: 'max' }), (moves) => {
      const world = play(moves);
      t.deepEqual(world.differences(), []);
      for (const { actor, state } of world.actors.values()) {
        t.true(toCanonicalJson(state).length < STATE_BYTES_MAX, `the state of ${actor} is bounded`);
      }
    }),
    { numRuns: 150 },
  );
});

test('what was kept is let go in the end: after all patience nothing waits with a reference or a payment', (t) => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 40, size: 'max' }), (moves) => {
      const world = play(moves).passTo(T0 + 30 * 24 * pay.HOUR);
      const waiting = [...world.timers.values()].filter(({ key }) => key !== 'poll');
      t.deepEqual(waiting, []);
      t.deepEqual(world.differences(), []);
    }),
    { numRuns: 50 },
  );
});
