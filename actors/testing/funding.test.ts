/** Both ways of funding a wallet: owner, wallet, payment, reference, settlement page and break together, money checked at every entry. */
import test from 'ava';
import { breakKind } from '../break/decide.ts';
import { numberRange } from '../number-range/decide.ts';
import { owner } from '../owner/decide.ts';
import { payment } from '../payment/decide.ts';
import type { SettlementRow, SettlementTerms } from '../payment/messages.ts';
import * as pay from '../payment/testing/messages.ts';
import { reference } from '../reference/decide.ts';
import { settlementPage } from '../settlement-page/decide.ts';
import { virtualAccount } from '../virtual-account/decide.ts';
import * as wallet from '../virtual-account/testing/messages.ts';
import { World } from './run-messages.ts';
import { T0 } from './scenario.ts';

const KINDS = [owner, numberRange, virtualAccount, payment, reference, breakKind, settlementPage];
const ALICE = 'owner:alice' as const;

function opened(): World {
  const body = { key: 'k', fingerprint: 'f', number: wallet.NUMBER, iban: wallet.IBAN, currency: 'SAR', name: null };
  return new World(KINDS, ['settlement']).tell({ to: ALICE, type: 'OpenWallet', body });
}

const toWallet = (message: { readonly type: string; readonly body: unknown }) => ({ to: wallet.SELF, ...message });

/** A top-up whose invoice exists, bound by its reference. */
function requested(world: World, topUpId: string): World {
  world.tell(toWallet(wallet.requested(pay.GROSS, { topUpId })));
  return world.tell({ to: `payment:${topUpId}`, ...pay.invoiced(`inv-${topUpId}`) });
}

/** The provider's webhook, through the invoice's reference, and the re-fetch that follows from it. */
function paid(world: World, topUpId: string, over: Parameters<typeof pay.payment>[0] = {}): World {
  const seen = pay.payment({ id: `p-${topUpId}`, invoiceId: `inv-${topUpId}`, ...over });
  const { type, body } = pay.hint(`event-${world.history.length}`, seen.id);
  const orElse = { reason: 'unknown_payment', subject: seen.id, evidence: {} };
  const forward = { type, body: JSON.stringify(body), key: null, amount: 0n, currency: null, graceMs: 0, orElse, answer: null };
  world.tell({ to: `reference:moyasar:invoice:inv-${topUpId}`, type: 'Forward', body: forward });
  const call = world.state(payment, topUpId).fetches[0];
  const answer = { effect: call?.effect ?? '', paymentId: seen.id, payment: seen };
  return world.tell({ to: `payment:${topUpId}`, type: 'PaymentFetched', body: answer });
}

/** A document of one page, funded: its signed gross arrives. */
function settled(world: World, document: string, rows: readonly SettlementRow[]): World {
  return settledBy(world, { document, rows, terms: {} });
}

interface Document {
  readonly document: string;
  readonly rows: readonly SettlementRow[];
  readonly terms: Partial<SettlementTerms>;
}

/** A document under other terms than usual. */
function settledBy(world: World, { document, rows, terms }: Document): World {
  const to = `settlement-page:moyasar:${document}:1` as const;
  const agreed = pay.terms(terms);
  const stored = {
    settlement: `settlement:moyasar:${document}`,
    provider: 'moyasar',
    document,
    page: 1,
    currency: 'SAR',
    rows,
    terms: agreed,
  };
  const amount = rows.reduce((sum, row) => sum + (row.type === 'payment' ? row.gross : -row.gross), 0n);
  return world.tell({ to, type: 'StorePage', body: stored }, { to, type: 'ReleasePage', body: { amount, currency: 'SAR' } });
}

/** A row on its way through the reference of its payment. */
function forwarded({ type, body }: ReturnType<typeof pay.rowSettled>, { key, currency }: { key: string; currency: string }) {
  const text = JSON.stringify(body, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
  const orElse = { reason: 'unknown_payment', subject: key, evidence: {} };
  const money = { amount: body.row.gross, currency, graceMs: pay.HOUR };
  return { type: 'Forward', body: { type, body: text, key, orElse, answer: { page: pay.PAGE, index: body.row.index }, ...money } };
}

const rowOf = (topUpId: string, over: Partial<SettlementRow> = {}) => pay.row({ paymentId: `p-${topUpId}`, ...over });
const refundOf = (topUpId: string, gross: bigint) => rowOf(topUpId, { index: 1, type: 'refund', gross, net: -gross, fee: 0n, tax: 0n });

test('a top-up goes from the request to an available balance; pending is what the provider holds', (t) => {
  const world = requested(opened(), 't1');
  t.is(world.state(payment, 't1').status, 'awaiting_payment');
  paid(world, 't1');
  t.is(world.total('va-pending'), pay.GROSS);
  t.is(world.total('psp-receivable:moyasar'), pay.GROSS);
  settled(world, 'd1', [rowOf('t1')]);
  t.like(world.state(virtualAccount, wallet.NUMBER), { available: pay.GROSS, endedTopUps: [{ id: 't1', status: 'paid' }] });
  t.like(world.state(settlementPage, 'moyasar:d1:1'), { status: 'done', credited: 1, broken: 0 });
  t.deepEqual(world.differences(), []);
});

test('under the customer policy the wallet gets the net and the company its fee back', (t) => {
  const world = settledBy(paid(requested(opened(), 't1'), 't1'), {
    document: 'd1',
    rows: [rowOf('t1')],
    terms: { feePolicy: 'customer' },
  });
  t.is(world.total('va'), pay.GROSS - 173n);
  t.is(world.total('platform-due'), -173n);
  t.deepEqual(world.differences(), []);
});

test('case 3: page and webhook delivered twice credit once', (t) => {
  const world = settled(paid(paid(requested(opened(), 't1'), 't1'), 't1'), 'd1', [rowOf('t1')]);
  t.is(world.total('va'), pay.GROSS);
  settled(world, 'd2', [rowOf('t1')]); // the same row in another document: its money waits, the wallet is not credited again
  t.is(world.total('va'), pay.GROSS);
  t.is(world.total('suspense'), pay.GROSS);
  t.is(world.state(breakKind, 'payment_settled_twice:d2/1/0').status, 'open');
  t.deepEqual(world.differences(), []);
});

test('a settlement row may come before its payment was ever seen: kept by the reference, credited when it is verified', (t) => {
  const world = settled(requested(opened(), 't1'), 'd1', [rowOf('t1')]);
  t.is(world.total('suspense'), pay.GROSS);
  paid(world, 't1');
  t.like({ va: world.total('va'), suspense: world.total('suspense') }, { va: pay.GROSS, suspense: 0n });
  t.deepEqual(world.differences(), []);
});

test('case 15: a row for a payment never seen becomes a break that holds its money; the other rows are credited', (t) => {
  const world = settled(paid(requested(opened(), 't1'), 't1'), 'd1', [rowOf('t1'), rowOf('never', { index: 1 })]);
  t.is(world.total('va'), pay.GROSS);
  t.is(world.passTo(T0 + 2 * pay.HOUR).state(breakKind, 'unknown_payment:d1/1/1').status, 'open');
  t.is(world.total('suspense'), pay.GROSS);
  t.like(world.state(settlementPage, 'moyasar:d1:1'), { status: 'done', credited: 1, broken: 1 });
  t.deepEqual(world.differences(), []);
});

test('case 16: two equal top-ups on one day are both credited, each by its own row', (t) => {
  const world = paid(paid(requested(requested(opened(), 't1'), 't2'), 't2'), 't1');
  settled(world, 'd1', [rowOf('t2')]);
  t.like(world.state(virtualAccount, wallet.NUMBER), {
    available: pay.GROSS,
    topUps: [{ id: 't1', status: 'processing' }],
    endedTopUps: [{ id: 't2' }],
  });
  settled(world, 'd2', [rowOf('t1')]);
  t.is(world.total('va'), 2n * pay.GROSS);
  t.deepEqual(world.differences(), []);
});

test('case 17: paid, refunded, and then a late payment_paid: the wallet keeps nothing and the row clears the provider', (t) => {
  const world = paid(requested(opened(), 't1'), 't1');
  const refund = { status: 'refunded' as const, refunded: pay.GROSS };
  paid(paid(world, 't1', refund), 't1', refund);
  t.like({ pending: world.total('va-pending'), provider: world.total('psp-receivable:moyasar') }, { pending: 0n, provider: 0n });
  settled(world, 'd1', [rowOf('t1'), refundOf('t1', pay.GROSS)]);
  t.like({ va: world.total('va'), provider: world.total('psp-receivable:moyasar') }, { va: 0n, provider: 0n });
  t.is(world.state(virtualAccount, wallet.NUMBER).endedTopUps[0]?.status, 'refunded');
  t.deepEqual(world.differences(), []);
});

test('case 18: a payment in the wrong currency is not pending, and its row goes to a break in that currency', (t) => {
  const world = paid(requested(opened(), 't1'), 't1', { currency: 'KWD', amount: 4990n });
  t.is(world.total('va-pending'), 0n);
  t.is(world.state(breakKind, 'currency_mismatch:p-t1').status, 'open');
  world.tell({
    to: 'reference:moyasar:payment:p-t1',
    ...forwarded(pay.rowSettled({ paymentId: 'p-t1', currency: 'KWD' }), { key: 'd1/1/0', currency: 'KWD' }),
  });
  const { fetches } = world.state(payment, 't1');
  const seen = pay.payment({ id: 'p-t1', invoiceId: 'inv-t1', currency: 'KWD' });
  world.tell({ to: 'payment:t1', type: 'PaymentFetched', body: { effect: fetches[0]?.effect ?? '', paymentId: 'p-t1', payment: seen } });
  t.is(world.total('suspense', 'KWD'), pay.GROSS);
  t.is(world.state(breakKind, 'currency_mismatch:doc/1/0').status, 'open');
  t.deepEqual(world.differences(), []);
});

test('a chargeback after the money was spent is owed by the customer, and the next transfer pays it', (t) => {
  const world = settled(paid(requested(opened(), 't1'), 't1'), 'd1', [rowOf('t1')]);
  world.tell(toWallet(wallet.debited(4000n)));
  settled(world, 'd2', [rowOf('t1', { type: 'chargeback', net: -pay.GROSS, fee: 0n, tax: 0n })]);
  t.like(world.state(virtualAccount, wallet.NUMBER), { available: 0n, owing: 4000n });
  t.is(world.state(breakKind, 'reversal_exceeds_balance:t1').status, 'open');
  world.tell(toWallet(wallet.credited(5000n)));
  t.like(world.state(virtualAccount, wallet.NUMBER), { available: 1000n, owing: 0n });
  t.is(world.total('psp-receivable:moyasar'), 0n);
  t.deepEqual(world.differences(), []);
});

test('an outgoing is found by its bank debit through the reference, and the bank’s fee is the company’s', (t) => {
  const world = opened().tell(toWallet(wallet.credited(10_000n)), toWallet(wallet.debited(5000n)));
  const { type, body } = wallet.outgoingSettled(5345n);
  const text = JSON.stringify({ ...body, amount: body.amount.toString() });
  const orElse = { reason: 'unexpected_debit', subject: body.source, evidence: {} };
  const forward = { type, body: text, key: 'acc/line-5/settled', amount: -5345n, currency: 'SAR', graceMs: 1000, orElse, answer: null };
  world.tell({ to: `reference:anb:outgoing:${body.reference}`, type: 'Forward', body: forward });
  t.like(
    { va: world.total('va'), outgoing: world.total('outgoing'), due: world.total('platform-due') },
    { va: 5000n, outgoing: 0n, due: 345n },
  );
  t.deepEqual(world.differences(), []);
});

test('case 5: a transfer to a retired number waits in a break, and a recall takes it back from there', (t) => {
  const world = opened().tell(toWallet(wallet.setStatus('retired')), toWallet(wallet.credited(900n)));
  const held = world.state(breakKind, 'inactive_account_credit:acc/line-1');
  t.like(held, { status: 'open', evidence: { owner: 'alice' } });
  t.is(world.total('suspense'), 900n);
  world.tell(toWallet(wallet.recalled(900n, { source: 'acc/line-1' })));
  t.is(world.total('suspense'), 0n);
  t.deepEqual(world.differences(), []);
});
