/**
 * Settlement rows of a payment.
 *
 * P6  A row posts, is kept, or goes to a break; its page is told once whether it was credited or is broken.
 * P7  A row that is here before its payment was re-fetched waits as suspense, for so long as the terms say.
 * P8  Rows of a payment are added up: what is more than its gross is broken, whoever sent it.
 */
import { send } from '../../engine/actor.ts';
import type { Row, Send } from '../../engine/actor.ts';
import { breakActor, breakMessages } from '../break/messages.ts';
import type { BreakReason } from '../break/messages.ts';
import { move } from '../postings.ts';
import { settlementPageMessages } from '../settlement-page/messages.ts';
import { virtualAccountMessages } from '../virtual-account/messages.ts';
import { carriedBy, withFetch } from './calls.ts';
import { feeVariance, size } from './fees.ts';
import { rowSign } from './messages.ts';
import type { ProviderPayment, SettlementRow } from './messages.ts';
import { accountOf, mismatchOf, RECEIVABLE, reverse, tookMoney } from './provider-facts.ts';
import type { Cause } from './provider-facts.ts';
import { KEPT_ROWS_MAX } from './state.ts';
import type { KeptRow, PaymentState, VerifiedPayment } from './state.ts';
import { findingOf, step, then } from './step.ts';
import type { Facts, Step } from './step.ts';

/** A row and where it came from. */
export type SettledRow = Omit<KeptRow, 'n' | 'until'>;

/** A row and the verified payment it is about. */
interface Judged {
  readonly settled: SettledRow;
  readonly payment: VerifiedPayment;
}

/** `<document>/<page>/<index>`: names the row for ever. */
export function rowKey({ document, page, row }: SettledRow): string {
  return `${document}/${page.slice(page.lastIndexOf(':') + 1)}/${row.index}`;
}

export function rowSettled(state: PaymentState, settled: SettledRow, facts: Facts): Step {
  const { row } = settled;
  if (rowSign(row.type) === 0n) return step(state, [answered(settled, 'credited')]); // a cost, posted by its settlement
  if (row.paymentId === null) return broken(state, settled, 'unknown_payment');
  if (state.payment?.id === row.paymentId) return judge(state, { settled, payment: state.payment }, facts);
  if (state.others.includes(row.paymentId)) return broken(state, settled, 'status_conflict');
  if (state.kept.length >= KEPT_ROWS_MAX) return broken(state, settled, 'unknown_payment');
  return keep(state, settled, facts.at);
}

function keep(state: PaymentState, settled: SettledRow, at: number): Step {
  const n = state.keptCount + 1;
  const kept: KeptRow = { ...settled, n, until: at + settled.terms.rowGraceMs };
  const asked = withFetch(state, 'payment', settled.row.paymentId ?? '');
  const rows = move(settled.row.currency, carriedBy(settled), { debit: 'in-transit', credit: 'suspense' });
  return step({ ...asked, keptCount: n, kept: [...state.kept, kept] }, [], rows);
}

/** The payment was looked at: its waiting rows are judged, or broken when they cannot be ours; one that is under way still lets them wait. */
export function letGo(state: PaymentState, seen: ProviderPayment, facts: Facts): Step {
  if (!tookMoney(seen) && seen.status !== 'failed') return step(state);
  return release(state, seen.id, (next, kept) => {
    if (next.payment?.id === seen.id) return judge(next, { settled: kept, payment: next.payment }, facts);
    if (next.others.includes(seen.id)) return broken(next, kept, 'status_conflict');
    return broken(next, kept, (tookMoney(seen) ? mismatchOf(next, seen) : null) ?? 'status_conflict');
  });
}

/** The provider does not know the payment. */
export function letGoUnknown(state: PaymentState, paymentId: string): Step {
  return release(state, paymentId, (next, kept) => broken(next, kept, 'unknown_payment'));
}

/** Patience has ended for one row. */
export function giveUp(state: PaymentState, timer: string): Step {
  const kept = state.kept.find(({ n }) => timer === `row-${n}`);
  return kept === undefined ? step(state) : freed(state, kept, (next) => broken(next, kept, 'unknown_payment'));
}

function release(state: PaymentState, paymentId: string, how: (state: PaymentState, kept: KeptRow) => Step): Step {
  const waiting = state.kept.filter(({ row }) => row.paymentId === paymentId);
  return waiting.reduce((done, kept) => then(done, (next) => freed(next, kept, (free) => how(free, kept))), step(state));
}

function freed(state: PaymentState, kept: KeptRow, next: (state: PaymentState) => Step): Step {
  const left = { ...state, kept: state.kept.filter(({ n }) => n !== kept.n) };
  return then(step(left, [], move(kept.row.currency, carriedBy(kept), { debit: 'suspense', credit: 'in-transit' })), next);
}

function judge(state: PaymentState, judged: Judged, facts: Facts): Step {
  const { settled, payment } = judged;
  const { row } = settled;
  if (row.currency !== state.currency) return broken(state, settled, 'currency_mismatch');
  if (rowSign(row.type) < 0n) return reversal(state, judged, facts);
  if (row.gross !== payment.amount) return broken(state, settled, 'payment_amount_mismatch');
  if (payment.settled !== null) return broken(state, settled, 'payment_settled_twice');
  return credit(state, judged, facts);
}

/** Proven: the provider has paid this payment out. The fee is posted as charged and only compared with the contract. */
function credit(state: PaymentState, { settled, payment }: Judged, { topUpId, at }: Facts): Step {
  const { row, document, terms } = settled;
  const { gross, fee, tax, currency } = row;
  const key = rowKey(settled);
  const next: PaymentState = {
    ...state,
    status: state.status === 'processing' ? 'paid' : state.status,
    payment: { ...payment, settled: { document, row: key, gross, fee, tax, at } },
  };
  const body = { topUpId, gross, fee: terms.feePolicy === 'customer' ? fee : 0n, currency, document, row: key };
  const told = send(virtualAccountMessages, accountOf(state), { type: 'TopUpSettled', id: `${key}/settled`, body });
  const sends = [told, answered(settled, 'credited'), ...varianceOf(settled, payment)];
  return step(next, sends, move(currency, gross, { debit: 'in-transit', credit: RECEIVABLE }));
}

function varianceOf(settled: SettledRow, { scheme, estimatedFee, id }: VerifiedPayment): Send[] {
  const { row, terms } = settled;
  const check = feeVariance(row, terms, scheme);
  if (check === null) return [];
  const charged = { fee: (row.fee - row.tax).toString(), tax: row.tax.toString() };
  const agreed = { expectedFee: check.expectedFee.toString(), expectedTax: check.expectedTax.toString() };
  const evidence = { payment: id, scheme: scheme ?? '*', ...charged, ...agreed, estimated: estimatedFee.toString() };
  const amount = size(check.difference);
  return [findingOf({ reason: 'fee_variance', subject: rowKey(settled), severity: 'low', amount, currency: row.currency, evidence })];
}

/** The settled half of money taken back: clears what "known" credited, or makes it known when the row is first. */
function reversal(state: PaymentState, { settled, payment }: Judged, facts: Facts): Step {
  const { row } = settled;
  if (takenWith(row, payment) > payment.amount) return broken(state, settled, 'payment_amount_mismatch');
  const cleared = step(state, [], move(row.currency, row.gross, { debit: RECEIVABLE, credit: 'in-transit' }));
  const known = then(cleared, (next) => (row.type === 'chargeback' ? chargeback(next, settled, facts) : refunded(next, settled, facts)));
  return { ...known, sends: [...known.sends, answered(settled, 'credited')] };
}

/** All that would be taken back, by refunds and chargebacks, once this row counts. */
function takenWith({ type, gross }: SettlementRow, { reversed, reversedSettled, chargedBack }: VerifiedPayment): bigint {
  if (type === 'chargeback') return reversed + chargedBack + gross;
  const refunds = reversedSettled + gross;
  return (refunds > reversed ? refunds : reversed) + chargedBack;
}

function chargeback(state: PaymentState, settled: SettledRow, facts: Facts): Step {
  const { row } = settled;
  const evidence = { payment: row.paymentId ?? '', topUp: facts.topUpId, document: settled.document };
  const subject = rowKey(settled);
  const found = findingOf({ reason: 'chargeback', subject, severity: 'high', amount: row.gross, currency: row.currency, evidence });
  return then(reverse(state, { amount: row.gross, cause: 'chargeback' }, facts), (next) => step(next, [found]));
}

function refunded(state: PaymentState, { row }: SettledRow, facts: Facts): Step {
  const { payment } = state;
  if (payment === null) return step(state);
  const reversedSettled = payment.reversedSettled + row.gross;
  const news = reversedSettled - payment.reversed;
  const next = { ...state, payment: { ...payment, reversedSettled } };
  const cause: Cause = row.type === 'void' ? 'void' : 'refund';
  return news > 0n ? reverse(next, { amount: news, cause }, facts) : step(next);
}

/** Its money goes on to a break, and the page hears that this row was not credited. */
function broken(state: PaymentState, settled: SettledRow, reason: BreakReason): Step {
  const { row, document } = settled;
  const subject = rowKey(settled);
  const carried = carriedBy(settled);
  const ours = { topUpAmount: state.amount.toString(), topUpStatus: state.status, settledBy: state.payment?.settled?.row ?? 'none' };
  const theirs = { document, type: row.type, payment: row.paymentId ?? 'none', gross: row.gross.toString(), fee: row.fee.toString() };
  const money = carried < 0n ? ('debit' as const) : ('credit' as const);
  const body = {
    reason,
    subject,
    severity: 'high' as const,
    money,
    amount: size(carried),
    currency: row.currency,
    evidence: { ...theirs, ...ours },
  };
  const opened = send(breakMessages, breakActor(reason, subject), { type: 'OpenBreak', id: `${subject}/break`, body });
  return step(state, [opened, answered(settled, 'broken')]);
}

function answered({ page, row }: SettledRow, outcome: 'credited' | 'broken'): Send {
  return send(settlementPageMessages, page, { type: 'RowAnswered', body: { index: row.index, outcome } });
}

/** The fee that a customer bears, on its way from the wallet to the company. */
export function feeCollected(currency: string, amount: bigint): Row[] {
  return move(currency, amount, { debit: 'in-transit', credit: 'platform-due' });
}
