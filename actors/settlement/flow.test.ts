/** A document's whole way: settlement, pages, clearing, references and breaks together, up to the payments' doors. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { accept, defineKind, send } from '../../engine/actor.ts';
import { breakKind } from '../break/decide.ts';
import { clearing } from '../clearing/decide.ts';
import { paymentMessages, rowSign } from '../payment/messages.ts';
import type { SettlementRow } from '../payment/messages.ts';
import { carrying, move } from '../postings.ts';
import { reference } from '../reference/decide.ts';
import { settlementPage } from '../settlement-page/decide.ts';
import { settlementPageMessages } from '../settlement-page/messages.ts';
import { World } from '../testing/run-messages.ts';
import { T0 } from '../testing/scenario.ts';
import { settlement } from './decide.ts';

const ACCOUNT = '0108';
const DATE = '2026-11-23';
const DAY_MS = 86_400_000;
const TERMS = { feePolicy: 'platform' as const, rates: [], vatPercent: '15', tolerance: 1n, rowGraceMs: 60_000, windowDays: 3 };

/** Stands where a payment stands: takes its row at gross and answers the page. */
const payment = defineKind({
  name: 'payment',
  role: 'payments',
  rules: 1,
  messages: { RowSettled: paymentMessages.RowSettled },
  state: paymentMessages.RowSettled.pick({ document: true }),
  initial: () => ({ document: '' }),
  decide: (state, { body: { row, page } }) => {
    const answer = { type: 'RowAnswered' as const, body: { index: row.index, outcome: 'credited' as const } };
    const gross = rowSign(row.type) * row.gross;
    const rows = move(row.currency, gross, { debit: 'in-transit', credit: 'psp-receivable:moyasar' });
    return accept(state, { rows, sends: [send(settlementPageMessages, page, answer)] });
  },
  carries: ({ body: { row } }) => carrying(row.currency, rowSign(row.type) * row.gross),
});

const row = (paymentId: string | null, gross: bigint, over: Partial<SettlementRow> = {}): Omit<SettlementRow, 'index'> => {
  const fee = gross / 50n;
  return { type: 'payment', paymentId, currency: 'SAR', gross, net: gross - fee, fee, tax: 0n, ...over };
};
const refund = (paymentId: string, gross: bigint) => row(paymentId, gross, { type: 'refund', net: -gross - 115n, fee: 115n, tax: 15n });

interface Document {
  readonly id: string;
  readonly rows: readonly Omit<SettlementRow, 'index'>[];
  readonly date?: string;
}
const TRANSFER_FEE = 46n;
const netOf = ({ rows }: Document) => rows.reduce((sum, { net }) => sum + net, -TRANSFER_FEE);
const grossOf = ({ rows }: Document) => rows.reduce((sum, { type, gross }) => sum + rowSign(type) * gross, 0n);

function world(...known: string[]): World {
  const made = new World([settlement, settlementPage, clearing, reference, breakKind, payment]);
  for (const id of known) {
    made.tell({ to: `reference:moyasar:payment:${id}`, type: 'Bind', body: { to: `payment:${id}` }, from: 'payment:x' });
  }
  return made;
}

/** Announces the document and answers its calls, two rows a page. */
function announce(it: World, { id, rows, date = DATE }: Document): void {
  const to = `settlement:moyasar:${id}` as const;
  const pages = Math.max(1, Math.ceil(rows.length / 2));
  const facts = {
    amount: rows.reduce((sum, { net }) => sum + net, 0n),
    fee: TRANSFER_FEE,
    tax: 6n,
    currency: 'SAR',
    count: rows.length,
    date,
  };
  it.tell({ to, type: 'AnnounceDocument', body: { account: ACCOUNT, eventId: `event-${id}` }, from: 'edge:omnibus' });
  it.tell({ to, type: 'DocumentFetched', body: { effect: 'document/1', document: facts, terms: TERMS }, from: 'effect' });
  for (let page = 1; page <= pages; page++) {
    const part = rows.slice(2 * page - 2, 2 * page).map((one, index) => ({ ...one, index }));
    const body = { effect: `page-${page}/${page + 1}`, page, next: page < pages ? page + 1 : null, rows: part };
    it.tell({ to, type: 'DocumentPageFetched', body, from: 'effect' });
  }
}

/** A line at the bank that looks like the provider's. */
function pay(it: World, source: string, money: { amount: bigint; postDate?: string }): void {
  const { amount, postDate = DATE } = money;
  const body = { source, amount, currency: 'SAR', postDate, party: 'MOYASAR', windowDays: 3 };
  it.tell({ to: `clearing:moyasar:${ACCOUNT}:SAR`, type: 'CreditSeen', body });
}

const totals = (it: World) => ({
  suspense: it.total('suspense'),
  inTransit: it.total('in-transit'),
  due: it.total('platform-due'),
  receivable: it.total('psp-receivable:moyasar'),
});
const statusOf = (it: World, id: string) => it.state(settlement, `moyasar:${id}`).status;
const breakOf = (it: World, id: string) => it.state(breakKind, id);

const DOC: Document = { id: 'doc-1', rows: [row('p-1', 10_000n), row('p-2', 50_000n), refund('p-3', 5_000n)] };
const KNOWN = ['p-1', 'p-2', 'p-3'];

function paidOut(t: ExecutionContext, it: World, document: Document): void {
  t.is(statusOf(it, document.id), 'settled');
  t.deepEqual(totals(it), { suspense: 0n, inTransit: 0n, due: grossOf(document) - netOf(document), receivable: -grossOf(document) });
}

test('case 1: a bank line before its document ends as if it had come after it', (t) => {
  const it = world(...KNOWN);
  pay(it, 'line-1', { amount: netOf(DOC) });
  t.is(it.total('suspense'), netOf(DOC));
  announce(it, DOC);
  paidOut(t, it, DOC);
});

test('case 2: a document before its bank line', (t) => {
  const it = world(...KNOWN);
  announce(it, DOC);
  t.is(statusOf(it, 'doc-1'), 'expected');
  pay(it, 'line-1', { amount: netOf(DOC) });
  paidOut(t, it, DOC);
});

test('case 3: announced and fetched again before and after its payment, a document is paid once', (t) => {
  const it = world(...KNOWN);
  announce(it, DOC);
  announce(it, DOC);
  pay(it, 'line-1', { amount: netOf(DOC) });
  announce(it, DOC);
  paidOut(t, it, DOC);
});

test('case 4: a credit that differs credits nobody, stays in suspense and is an open break', (t) => {
  const it = world(...KNOWN);
  announce(it, DOC);
  pay(it, 'line-1', { amount: netOf(DOC) - 1n });
  it.passTo(T0 + 5 * DAY_MS);
  t.is(statusOf(it, 'doc-1'), 'expected');
  t.like(breakOf(it, 'payout_amount_mismatch:doc-1'), { status: 'open', held: 0n, amount: netOf(DOC) - 1n });
  t.deepEqual(totals(it), { suspense: netOf(DOC) - 1n, inTransit: 0n, due: 0n, receivable: 0n });
  pay(it, 'line-2', { amount: netOf(DOC) });
  t.like(breakOf(it, 'payout_amount_mismatch:doc-1'), { status: 'resolved' });
  t.is(statusOf(it, 'doc-1'), 'settled');
  t.is(it.total('suspense'), netOf(DOC) - 1n);
});

test('overdue breaks close by themselves when the other half comes late', (t) => {
  const it = world(...KNOWN);
  announce(it, DOC);
  it.passTo(T0 + 5 * DAY_MS);
  t.is(breakOf(it, 'settlement_overdue:doc-1').status, 'open');
  pay(it, 'line-1', { amount: netOf(DOC) });
  t.is(breakOf(it, 'settlement_overdue:doc-1').status, 'resolved');
  paidOut(t, it, DOC);
});

test('case 10: a partial refund inside a later settlement', (t) => {
  const it = world(...KNOWN);
  const first: Document = { id: 'doc-1', rows: [row('p-1', 10_000n)] };
  const later: Document = { id: 'doc-2', rows: [row('p-2', 8_000n), refund('p-1', 2_500n)], date: '2026-11-26' };
  announce(it, first);
  pay(it, 'line-1', { amount: netOf(first) });
  announce(it, later);
  pay(it, 'line-2', { amount: netOf(later), postDate: '2026-11-26' });
  t.deepEqual([statusOf(it, 'doc-1'), statusOf(it, 'doc-2')], ['settled', 'settled']);
  t.is(it.total('psp-receivable:moyasar'), -15_500n);
});

test('case 11: a chargeback with its penalty; the penalty is owed by the platform', (t) => {
  const penalty = row(null, 0n, { type: 'chargeback_penalty', net: -7_500n, fee: 7_500n });
  const document: Document = {
    id: 'doc-1',
    rows: [row('p-1', 50_000n), row('p-2', 10_000n, { type: 'chargeback', net: -10_000n, fee: 0n }), penalty],
  };
  const it = world(...KNOWN);
  announce(it, document);
  pay(it, 'line-1', { amount: netOf(document) });
  paidOut(t, it, document);
  t.is(it.total('platform-due'), 1_000n + 7_500n + TRANSFER_FEE);
});

test('case 13: a net-negative settlement is carried into the next, which pays less', (t) => {
  const it = world(...KNOWN);
  const negative: Document = { id: 'doc-1', rows: [refund('p-1', 5_000n)] };
  const next: Document = { id: 'doc-2', rows: [row('p-2', 50_000n)], date: '2026-11-26' };
  announce(it, negative);
  t.is(statusOf(it, 'doc-1'), 'carried');
  const owed = 5_000n + 115n + TRANSFER_FEE;
  t.deepEqual(totals(it), { suspense: 0n, inTransit: 0n, due: 161n, receivable: 5_000n - owed });
  t.is(it.figures().get('psp-receivable:moyasar:SAR'), -owed);
  announce(it, next);
  pay(it, 'line-1', { amount: netOf(next) - owed, postDate: '2026-11-26' });
  t.is(statusOf(it, 'doc-2'), 'settled');
  const costs = grossOf(next) - netOf(next) + 161n;
  t.deepEqual(totals(it), { suspense: 0n, inTransit: 0n, due: costs, receivable: 5_000n - 50_000n });
  t.is(it.figures().get('psp-receivable:moyasar:SAR'), undefined);
});

test('case 15: a row for a payment never seen waits, then is a break with its money; the other rows are credited', (t) => {
  const it = world('p-1', 'p-3');
  announce(it, DOC);
  pay(it, 'line-1', { amount: netOf(DOC) });
  t.is(statusOf(it, 'doc-1'), 'funded');
  t.is(it.total('suspense'), 50_000n);
  it.passTo(T0 + 2 * TERMS.rowGraceMs);
  t.like(breakOf(it, 'unknown_payment:doc-1/1/1'), { status: 'open', held: 50_000n });
  t.is(statusOf(it, 'doc-1'), 'settled');
  t.like(it.state(settlementPage, 'moyasar:doc-1:1'), { status: 'done', credited: 1, broken: 1, rows: [] });
});

test('case 15: a row that names no payment is a break with its money at once', (t) => {
  const document: Document = { id: 'doc-1', rows: [row('p-1', 10_000n), row(null, 700n)] };
  const it = world('p-1');
  announce(it, document);
  pay(it, 'line-1', { amount: netOf(document) });
  t.like(breakOf(it, 'unknown_payment:doc-1/1/1'), { status: 'open', held: 700n });
  t.is(statusOf(it, 'doc-1'), 'settled');
  t.is(it.total('suspense'), 700n);
});

test('case 16: two documents and two credits of one amount on one day are all paid, in the order of their dates', (t) => {
  const it = world(...KNOWN);
  const twins: Document[] = ['doc-1', 'doc-2'].map((id) => ({ id, rows: [row(id === 'doc-1' ? 'p-1' : 'p-2', 10_000n)] }));
  for (const twin of twins) announce(it, twin);
  pay(it, 'line-1', { amount: 9_754n });
  t.is(it.total('suspense'), 9_754n, 'nobody can say which one is paid');
  pay(it, 'line-2', { amount: 9_754n });
  t.deepEqual([statusOf(it, 'doc-1'), statusOf(it, 'doc-2')], ['settled', 'settled']);
  t.deepEqual([it.state(settlement, 'moyasar:doc-1').source, it.state(settlement, 'moyasar:doc-2').source], ['line-1', 'line-2']);
});

test('case 18: rows in another currency stop the document before any money moves', (t) => {
  const it = world(...KNOWN);
  announce(it, { id: 'doc-1', rows: [row('p-1', 10_000n), row('p-2', 1_234n, { currency: 'KWD' })] });
  t.is(statusOf(it, 'doc-1'), 'mismatched');
  t.is(breakOf(it, 'currency_mismatch:doc-1').status, 'open');
  t.deepEqual([...it.totals], []);
});
