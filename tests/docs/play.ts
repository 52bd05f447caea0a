/** Both ways of funding a wallet and what else happens to money, played by the real actors: who says what to whom, with real bodies. */
import { Statement, ACCOUNT, AHMED, ATTRIBUTION, lineOf, SARA } from '../../actors/bank-account/testing/statement.ts';
import type { FetchStatement } from '../../actors/bank-account/messages.ts';
import { KINDS } from '../../actors/kinds.ts';
import type { SettlementRow, SettlementTerms } from '../../actors/payment/messages.ts';
import * as pay from '../../actors/payment/testing/messages.ts';
import type { StatementLine } from '../../actors/statement-line.ts';
import { World } from '../../actors/testing/run-messages.ts';
import { T0 } from '../../actors/testing/scenario.ts';
import * as wallet from '../../actors/virtual-account/testing/messages.ts';
import type { ActorId, Addressed } from '../../engine/message.ts';
import type { EffectRecord } from '../../engine/ports.ts';

const DAY_MS = 86_400_000;
const TODAY = '2026-11-23';
const OUTGOING = '0000000000000077';
const RETURNED = '0000000000000078';
const TRANSFER_FEE = 46n;

interface Document {
  readonly rows: readonly SettlementRow[];
  readonly terms: SettlementTerms;
}

/** The outside world: what bank and provider would answer. */
class Stage {
  readonly world = new World(KINDS);
  readonly statement = new Statement();
  readonly documents = new Map<string, Document>();
  /** Paid at the provider unless said otherwise. */
  readonly payments = new Map<string, Parameters<typeof pay.payment>[0]>();
  /** Invoices that we made and do not know of. */
  readonly forgotten = new Map<string, object>();
  /** Effects of these types fail for good. */
  readonly failing = new Set<string>();
  #answered = 0;

  say(from: string, to: ActorId, message: { readonly type: string; readonly body: unknown }): this {
    this.world.tell({ ...message, to, from });
    return this.settle();
  }

  toWallet(from: string, message: { readonly type: string; readonly body: unknown }): this {
    return this.say(from, wallet.SELF, message);
  }

  /** Answers every effect until none is open. */
  settle(): this {
    for (let next = this.world.effects[this.#answered]; next !== undefined; next = this.world.effects[this.#answered]) {
      this.#answered += 1;
      const from = `effect:${next.type}`;
      this.world.tell({ to: next.actor, from, ...(this.failing.has(next.type) ? failure(next) : this.#answer(next)) });
    }
    return this;
  }

  passTo(at: number): this {
    this.world.passTo(at);
    return this.settle();
  }

  lines(...lines: readonly StatementLine[]): this {
    this.statement.today = TODAY;
    this.statement.add(...lines);
    return this.say('edge:omnibus', `bank-account:${ACCOUNT}`, {
      type: 'PullStatement',
      body: { why: 'webhook:statement.created', date: null },
    });
  }

  #answer(record: EffectRecord): { readonly type: string; readonly body: unknown } {
    const body = JSON.parse(record.body) as Readonly<Record<string, string>> & FetchStatement;
    const effect = record.id;
    const [invoiceId = '', paymentId = '', document = ''] = [body['invoiceId'], body['paymentId'], body['document']];
    switch (record.type) {
      case 'anb.fetch_statement':
        return { type: 'StatementPageFetched', body: { effect, ...this.statement.page(body) } };
      case 'moyasar.create_invoice':
        return pay.invoiced(`inv-${record.actor.slice('payment:'.length)}-${effect}`, effect);
      case 'moyasar.cancel_invoice':
        return { type: 'InvoiceCanceled', body: { effect, invoiceId } };
      case 'moyasar.fetch_invoice':
        return { type: 'InvoiceFetched', body: { effect, invoiceId, status: 'expired', payments: [] } };
      case 'moyasar.fetch_payment':
        return {
          type: 'PaymentFetched',
          body: { effect, paymentId, payment: pay.payment({ id: paymentId, ...this.payments.get(paymentId) }) },
        };
      case 'moyasar.find_owner':
        return { type: 'OwnerFound', body: { effect, owner: this.forgotten.get(body['id'] ?? '') ?? null } };
      default:
        return this.#answerOfSettlement(record, document);
    }
  }

  #answerOfSettlement({ id: effect, type }: EffectRecord, document: string): { readonly type: string; readonly body: unknown } {
    if (type === 'moyasar.fetch_settlement') return { type: 'DocumentFetched', body: { effect, ...this.#document(document) } };
    return { type: 'DocumentPageFetched', body: { effect, page: 1, next: null, rows: this.documents.get(document)?.rows ?? [] } };
  }

  #document(id: string): { readonly document: object; readonly terms: SettlementTerms } {
    const { rows, terms } = this.documents.get(id) ?? { rows: [], terms: pay.terms() };
    const amount = rows.reduce((sum, { net }) => sum + net, 0n);
    return { document: { amount, fee: TRANSFER_FEE, tax: 6n, currency: 'SAR', count: rows.length, date: TODAY }, terms };
  }
}

function failure({ id, type }: EffectRecord): { readonly type: string; readonly body: unknown } {
  return { type: 'EffectExhausted', body: { effect: id, type, code: 'unavailable', message: 'no answer within 10 s' } };
}

export interface Played {
  /** Every message that was decided, in order. */
  readonly messages: readonly Addressed[];
  readonly effects: readonly EffectRecord[];
}

export function play(): Played {
  const stage = new Stage();
  open(stage);
  for (const topUpId of ['t1', 't2', 't3']) topUp(stage, topUpId);
  forgotten(stage);
  stage.lines(
    lineOf({ reference: 'N1', postDate: TODAY }),
    lineOf({ reference: 'N2', postDate: TODAY, narratives: ['WHO', '', ''], party: 'WHO' }),
  );
  payOut(stage, 'doc-1', { rows: [pay.row({ paymentId: 'p-t1' })] });
  payOut(stage, 'doc-2', { rows: [pay.row({ paymentId: 'p-t2' }), pay.row({ index: 1, paymentId: null })], feePolicy: 'customer' });
  takeBack(stage);
  outgoings(stage);
  operators(stage);
  late(stage);
  return { messages: stage.world.history.map(({ message }) => message), effects: stage.world.effects };
}

const SETTINGS = {
  currency: 'SAR',
  from: '2026-11-20',
  pullEveryMs: 60_000,
  pageSize: 20,
  buckets: 16,
  lookbackDays: 3,
  attribution: ATTRIBUTION,
};

function open(stage: Stage): void {
  stage.say('edge:omnibus', `bank-account:${ACCOUNT}`, { type: 'OpenBankAccount', body: SETTINGS });
  stage.say('edge:gateway', 'number-range:123170000000000-123179999999999', { type: 'TakeBlock', body: { size: 1000 } });
  const body = { key: 'q2h1…', fingerprint: 'cq2J…', number: wallet.NUMBER, iban: wallet.IBAN, currency: 'SAR', name: 'Rainy days' };
  stage.say('edge:gateway', 'owner:alice', { type: 'OpenWallet', body });
}

/** Requested, paid at the provider, told by its webhook, fetched. */
function topUp(stage: Stage, topUpId: string): void {
  stage.toWallet('client:gateway', wallet.requested(pay.GROSS, { topUpId }));
  stage.payments.set(`p-${topUpId}`, { invoiceId: `inv-${topUpId}-create-1` });
  hint(stage, topUpId);
}

/** Paid by an invoice that was forgotten, as after a lost tail. */
function forgotten(stage: Stage): void {
  const { effect: _effect, pollEveryMs: _pollEveryMs, ...invoice } = pay.invoiced('inv-t6-forgotten').body;
  stage.toWallet('client:gateway', wallet.requested(pay.GROSS, { topUpId: 't6' }));
  stage.forgotten.set(invoice.invoiceId, { topUpId: 't6', invoice });
  stage.payments.set('p-t6', { invoiceId: invoice.invoiceId });
  hint(stage, 't6', { invoice: invoice.invoiceId });
}

function hint(stage: Stage, topUpId: string, { event = 'payment_paid', invoice = `inv-${topUpId}-create-1` } = {}): void {
  const paymentId = `p-${topUpId}`;
  const body = JSON.stringify({ eventId: `event-${topUpId}-${event}`, eventType: event, paymentId });
  const orElse = { reason: 'unknown_payment', subject: `moyasar/${paymentId}`, evidence: {} };
  const forward = { type: 'ProviderHint', body, key: null, amount: 0n, currency: null, graceMs: 0, orElse, answer: null };
  stage.say('edge:payments', `reference:moyasar:invoice:${invoice}`, { type: 'Forward', body: forward });
}

type Announced = Partial<SettlementTerms> & { readonly rows?: readonly SettlementRow[] };

function announce(stage: Stage, id: string, { rows = [], ...terms }: Announced): void {
  stage.documents.set(id, { rows, terms: pay.terms(terms) });
  stage.say('edge:omnibus', `settlement:moyasar:${id}`, { type: 'AnnounceDocument', body: { account: ACCOUNT, eventId: `event-${id}` } });
}

/** The document, and then its bank line. */
function payOut(stage: Stage, id: string, { rows = [], ...terms }: Announced): void {
  announce(stage, id, { rows, ...terms });
  const amount = rows.reduce((sum, { net }) => sum + net, -TRANSFER_FEE);
  const narratives = ['MOYASAR SETTLEMENT', 'TEST MERCHANT', ''];
  stage.lines(lineOf({ reference: `PAYOUT-${id}`, postDate: TODAY, amount, narratives, party: 'MOYASAR' }));
}

/** A refund, a document that is worth less than nothing, a recall by the bank. */
function takeBack(stage: Stage): void {
  stage.payments.set('p-t3', { invoiceId: 'inv-t3-create-1', status: 'refunded', refunded: pay.GROSS });
  hint(stage, 't3', { event: 'payment_refunded' });
  announce(stage, 'doc-3', { rows: [pay.row({ type: 'refund', paymentId: 'p-t3', net: -pay.GROSS, fee: 0n, tax: 0n })] });
  stage.lines(lineOf({ reference: 'N3', postDate: TODAY, mark: 'RC', amount: 1000n }));
}

function outgoings(stage: Stage): void {
  stage.toWallet('client:ops', wallet.debited(3000n, { reference: OUTGOING }));
  stage.lines(lineOf({ reference: 'N4', postDate: TODAY, mark: 'D', amount: 3345n, narratives: ['', '', OUTGOING] }));
  stage.lines(lineOf({ reference: 'N5', postDate: TODAY, mark: 'D', amount: 99n, narratives: ['', '', ''] }));
}

function operators(stage: Stage): void {
  const unknown = `break:unattributed_credit:${ACCOUNT}/${TODAY}/N2/2` as const;
  const by = 'olga';
  stage.say('client:ops', unknown, { type: 'AssignBreak', body: { assignee: 'omar', by } });
  stage.say('client:ops', unknown, { type: 'CommentBreak', body: { text: 'The sender was asked.', by } });
  const toWallet = { resolution: 'assign_to_wallet', wallet: AHMED, reference: null, reason: 'The sender named the wallet.', by };
  stage.say('client:ops', unknown, { type: 'ResolveBreak', body: toWallet });
  stage.lines(lineOf({ reference: 'N6', postDate: TODAY, narratives: ['WHO', '', ''] }));
  const back = { ...toWallet, resolution: 'return_to_sender', wallet: null, reference: RETURNED };
  stage.say('client:ops', `break:unattributed_credit:${ACCOUNT}/${TODAY}/N6/2`, { type: 'ResolveBreak', body: back });
  stage.lines(lineOf({ reference: 'N7', postDate: TODAY, mark: 'D', amount: 10_000n, narratives: ['', '', RETURNED] }));
  stage.toWallet('client:ops', wallet.setStatus('frozen'));
  stage.lines(lineOf({ reference: 'N9', postDate: TODAY, amount: 900n })); // goes on to a break
  stage.toWallet('client:ops', wallet.setStatus('active'));
  // A recall for a number that was never opened: whoever holds its money is a break.
  stage.lines(lineOf({ reference: 'N8', postDate: TODAY, mark: 'RC', amount: 700n, narratives: ['WHO', SARA, ''] }));
  // The day again from its start, in pages that were never cut so.
  for (const pageSize of [5, 7])
    stage.say('edge:omnibus', `bank-account:${ACCOUNT}`, { type: 'OpenBankAccount', body: { ...SETTINGS, pageSize } });
  stage.say('client:ops', `bank-account:${ACCOUNT}`, { type: 'PullStatement', body: { why: 'operator:olga', date: TODAY } });
}

/** What waits too long, and what fails for good. */
function late(stage: Stage): void {
  announce(stage, 'doc-4', { rows: [pay.row({ paymentId: 'p-t9', gross: 20_000n, net: 19_700n, fee: 300n, tax: 39n })], windowDays: 0 });
  stage.toWallet('client:gateway', wallet.requested(pay.GROSS, { topUpId: 't4' }));
  stage.passTo(T0 + 3 * DAY_MS);
  stage.lines(lineOf({ reference: 'PAYOUT-doc-4', postDate: TODAY, amount: 14_618n, narratives: ['MOYASAR', '', ''], party: 'MOYASAR' }));
  stage.passTo(T0 + 4 * DAY_MS);
  const failing = ['anb.fetch_statement', 'moyasar.create_invoice', 'moyasar.find_owner', 'moyasar.fetch_settlement'];
  for (const type of failing) stage.failing.add(type);
  hint(stage, 't9');
  stage.say('client:ops', `bank-account:${ACCOUNT}`, { type: 'PullStatement', body: { why: 'operator:olga', date: TODAY } });
  stage.toWallet('client:gateway', wallet.requested(pay.GROSS, { topUpId: 't5' }));
  announce(stage, 'doc-5', {});
  // The answer to a repeated creation, when the top-up is long paid: that invoice is canceled.
  stage.say('effect:moyasar.create_invoice', 'payment:t1', pay.invoiced('inv-t1-again', 'create-1'));
  stage.passTo(T0 + 5 * DAY_MS);
}
