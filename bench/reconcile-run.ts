/**
 * The work of `reconcile`, in a process of its own so that its memory is only what this takes: wallets and payments are told of in messages,
 * then documents of settlement rows and the bank's credits, and then every break, wallet and total is compared with what the seed says.
 * Usage: `reconcile-run.js <options as JSON>`; prints one JSON line.
 */
import { z } from 'zod';
import { breakKind } from '../actors/break/decide.ts';
import { payment } from '../actors/payment/decide.ts';
import { paymentMessages, ROWS_WITHIN_MS } from '../actors/payment/messages.ts';
import type { SettlementTerms } from '../actors/payment/messages.ts';
import { settlement } from '../actors/settlement/decide.ts';
import { settlementMessages } from '../actors/settlement/messages.ts';
import type { Attribution } from '../actors/statement-line.ts';
import { statementLinesMessages } from '../actors/statement-lines/messages.ts';
import { virtualAccount } from '../actors/virtual-account/decide.ts';
import { virtualAccountMessages } from '../actors/virtual-account/messages.ts';
import { kindOf, toJson } from '../engine/message.ts';
import type { ActorId } from '../engine/message.ts';
import { message } from '../http/command.ts';
import { Books } from './books.ts';
import { makeCase, NOISES } from './reconcile-rows.ts';
import type { Case, ExpectedPayment, Line, Noise } from './reconcile-rows.ts';

const ACCOUNT = '0108000000010016';
const DATE = '2026-11-23';
const HOUR_MS = 3_600_000;
const PAGE_ROWS = 500;
/** Of one document: the provider pays out once a day. */
const DOCUMENT_ROWS = 2_000;
const TRANSFER_FEE = 46n;
const FACTS = { from: 'edge:bench', trace: '' } as const;
const TERMS: SettlementTerms = {
  ...{ feePolicy: 'platform', vatPercent: '15', tolerance: 1n, rowGraceMs: HOUR_MS, windowDays: 7 },
  rates: [
    { scheme: 'mada', percent: '1', fixed: 100n },
    { scheme: '*', percent: '2.75', fixed: 100n },
  ],
};
const ATTRIBUTION: Attribution = {
  ...{ numberFrom: '123170000000000', numberTo: '123179999999999', ibanPrefix: '30100' },
  locators: ['iban', 'narrative2', 'narrative1', 'narrative3', 'joined'],
  providers: [{ provider: 'moyasar', patterns: ['MOYASAR'] }],
  ...{ platformIbans: [], chargeCodes: [], returnCodes: [] },
};

/** The breaks that tell of it: the row of another amount is broken, so the right one is missing as well. */
const REASONS: Readonly<Record<Noise, readonly string[]>> = {
  missing: ['settlement_overdue'],
  doubled: ['payment_settled_twice'],
  unknown: ['unknown_payment'],
  other_amount: ['payment_amount_mismatch', 'settlement_overdue'],
  other_fee: ['fee_variance'],
};

function expectPayments(books: Books, payments: readonly ExpectedPayment[]): void {
  for (const wallet of new Set(payments.map((one) => one.wallet))) {
    const body = { owner: 'bench', iban: `SA00${wallet}`, currency: 'SAR', name: null };
    const facts = { type: 'OpenAccount', body, id: `${wallet}/open`, ...FACTS } as const;
    books.tell(message(virtualAccountMessages, `virtual-account:${wallet}`, facts));
  }
  for (const one of payments) pay(books, one);
}

/** Requested, invoiced, paid at the provider and verified. */
function pay(books: Books, { id, topUpId, wallet, gross }: ExpectedPayment): void {
  const to: ActorId = `payment:${topUpId}`;
  const request = { topUpId, owner: 'bench', amount: gross, currency: 'SAR', description: null, fingerprint: topUpId };
  const requested = { type: 'RequestTopUp', body: request, id: `${topUpId}/request`, ...FACTS } as const;
  books.tell(message(virtualAccountMessages, `virtual-account:${wallet}`, requested));
  const invoiceId = `invoice-${topUpId}`;
  const invoice = { effect: 'create-1', invoiceId, url: 'https://checkout.example', expiresAt: Date.UTC(2027, 0), pollEveryMs: HOUR_MS };
  books.tell(message(paymentMessages, to, { type: 'InvoiceCreated', body: invoice, id: `${topUpId}/invoice`, ...FACTS }));
  const hint = { eventId: 'paid', eventType: 'payment_paid', paymentId: id };
  books.tell(message(paymentMessages, to, { type: 'ProviderHint', body: hint, id: `${topUpId}/hint`, ...FACTS }));
  const seen = {
    id,
    status: 'paid',
    amount: gross,
    currency: 'SAR',
    refunded: 0n,
    fee: 0n,
    invoiceId,
    scheme: 'mada',
    message: null,
  } as const;
  const fetched = { effect: `fetch-${id}-1`, paymentId: id, payment: seen, rowsWithinMs: ROWS_WITHIN_MS };
  books.tell(message(paymentMessages, to, { type: 'PaymentFetched', body: fetched, id: `${topUpId}/fetched`, ...FACTS }));
}

/** Every second credit is at the bank before its document; then patience ends for the rows whose payment nobody knows, and for the payments without a row. */
function reconcile(books: Books, lines: readonly Line[]): void {
  for (let at = 0; at < lines.length; at += DOCUMENT_ROWS) {
    const number = at / DOCUMENT_ROWS;
    const document = `document-${String(number)}`;
    const rows = lines.slice(at, at + DOCUMENT_ROWS);
    if (number % 2 === 0) seeCredit(books, document, rows);
    announce(books, document, rows);
    if (number % 2 === 1) seeCredit(books, document, rows);
  }
  books.pass(2 * HOUR_MS);
  books.pass(ROWS_WITHIN_MS);
}

/** The line on the bank's statement, proven by its page already: whose it is is for the product to say. */
function seeCredit(books: Books, document: string, rows: readonly Line[]): void {
  const money = { mark: 'C', amount: netOf(rows) - TRANSFER_FEE, currency: 'SAR', balance: null } as const;
  const texts = { narratives: [`SARIE ${document}`, '', ''], iban: null, party: 'MOYASAR FINANCIAL', code: null };
  const line = { postDate: DATE, valueDate: DATE, postingTime: '09:00:00', reference: document, serial: '1', ...money, ...texts };
  const body = { account: ACCOUNT, date: DATE, currency: 'SAR', lines: [line], attribution: ATTRIBUTION };
  const facts = { type: 'PostLines', body, id: `${document}/lines`, ...FACTS } as const;
  books.tell(message(statementLinesMessages, `statement-lines:${ACCOUNT}:${DATE}:0`, facts));
}

function announce(books: Books, document: string, rows: readonly Line[]): void {
  const to: ActorId = `settlement:moyasar:${document}`;
  const announced = { account: ACCOUNT, eventId: document };
  books.tell(message(settlementMessages, to, { type: 'AnnounceDocument', body: announced, id: `${document}/event`, ...FACTS }));
  const facts = { amount: netOf(rows), fee: TRANSFER_FEE, tax: 6n, currency: 'SAR', count: rows.length, date: DATE };
  const fetched = { effect: 'document/1', document: facts, terms: TERMS };
  books.tell(message(settlementMessages, to, { type: 'DocumentFetched', body: fetched, id: `${document}/fetched`, ...FACTS }));
  const pages = Math.ceil(rows.length / PAGE_ROWS);
  for (let page = 1; page <= pages; page += 1) {
    const part = rows.slice((page - 1) * PAGE_ROWS, page * PAGE_ROWS).map((row, index) => ({ ...row, index }));
    const body = { effect: `page-${String(page)}/${String(page + 1)}`, page, next: page < pages ? page + 1 : null, rows: part };
    books.tell(message(settlementMessages, to, { type: 'DocumentPageFetched', body, id: `${document}/${String(page)}`, ...FACTS }));
  }
}

function netOf(rows: readonly Line[]): bigint {
  return rows.reduce((sum, { net }) => sum + net, 0n);
}

interface Found {
  /** `<reason> <payment id>` of every break. */
  readonly breaks: ReadonlySet<string>;
  readonly held: bigint;
  /** Top-up ids of payments that no row has settled. */
  readonly open: ReadonlySet<string>;
  readonly available: ReadonlyMap<string, bigint>;
  /** Documents that are not wholly settled. */
  readonly unsettled: number;
}

function look(books: Books): Found {
  const found = { breaks: new Set<string>(), held: 0n, open: new Set<string>(), available: new Map<string, bigint>(), unsettled: 0 };
  for (const [actor, envelope] of books.actors) {
    const state: unknown = JSON.parse(toJson(envelope.state));
    switch (kindOf(actor)) {
      case 'break': {
        const { reason, evidence, held } = breakKind.state.parse(state);
        const name = `${reason ?? ''} ${evidence['payment'] ?? ''}`;
        found.breaks.add(found.breaks.has(name) ? `${name} again` : name);
        found.held += held;
        break;
      }
      case 'payment': {
        const one = payment.state.parse(state);
        if (one.payment?.settled === null) found.open.add(actor.slice('payment:'.length));
        break;
      }
      case 'virtual-account':
        found.available.set(actor.slice('virtual-account:'.length), virtualAccount.state.parse(state).available);
        break;
      case 'settlement':
        found.unsettled += settlement.state.parse(state).status === 'settled' ? 0 : 1;
    }
  }
  return found;
}

/** Of one kind of noise: how many there are, and how many of them were found as what they are. */
interface Count {
  readonly made: number;
  readonly found: number;
}

function compare(books: Books, made: Case): { counts: Map<Noise, Count>; problems: string[] } {
  const found = look(books);
  const [breaks, open] = [new Set(found.breaks), new Set(found.open)];
  const counts = new Map<Noise, Count>();
  for (const noise of NOISES) {
    const ours = made.payments.filter((one) => one.noise === noise);
    const isThere = ({ id, topUpId }: Pick<ExpectedPayment, 'id' | 'topUpId'>): boolean => {
      const isOpen = noise === 'missing' || noise === 'other_amount' ? open.delete(topUpId) : true;
      const told = REASONS[noise].filter((reason) => breaks.delete(`${reason} ${id}`));
      return isOpen && told.length === REASONS[noise].length;
    };
    const all = noise === 'unknown' ? made.unknown.map((id) => ({ id, topUpId: '' })) : ours;
    counts.set(noise, { made: all.length, found: all.filter(isThere).length });
  }
  const problems = problemsOf(books, made, found);
  return { counts, problems: [...problems, ...tooMany('break', breaks), ...tooMany('open payment', open)] };
}

function tooMany(what: string, left: ReadonlySet<string>): string[] {
  const [first] = left;
  return first === undefined ? [] : [`${String(left.size)} times too many: ${what} ${first}`];
}

/** Wallets and totals against the seed's own sums. */
function problemsOf(books: Books, { payments, lines }: Case, found: Found): string[] {
  const due = new Map<string, bigint>();
  const paid = netOf(lines) - TRANSFER_FEE * BigInt(Math.ceil(lines.length / DOCUMENT_ROWS));
  let unpaid = 0n;
  for (const { wallet, gross, noise } of payments) {
    const isOpen = noise === 'missing' || noise === 'other_amount';
    if (isOpen) unpaid += gross;
    due.set(wallet, (due.get(wallet) ?? 0n) + (isOpen ? 0n : gross));
  }
  const wrong = [...due].filter(([wallet, amount]) => found.available.get(wallet) !== amount).length;
  const total = (account: string): bigint => books.totals.get(`${account}:SAR`) ?? 0n;
  const checks: readonly (readonly [string, boolean])[] = [
    [`${String(wrong)} wallets with a wrong balance`, wrong === 0],
    [`${String(found.unsettled)} documents not settled`, found.unsettled === 0],
    [`psp-receivable is ${String(total('psp-receivable:moyasar'))}, not ${String(unpaid)}`, total('psp-receivable:moyasar') === unpaid],
    [`suspense is ${String(-total('suspense'))}, breaks hold ${String(found.held)}`, -total('suspense') === found.held],
    [`bank is ${String(total('bank'))}, not ${String(paid)}`, total('bank') === paid],
    [`in-transit is ${String(total('in-transit'))} at rest`, total('in-transit') === 0n],
  ];
  return checks.filter(([, holds]) => !holds).map(([what]) => what);
}

const options = z.object({ rows: z.number(), noise: z.number(), seed: z.number() }).parse(JSON.parse(process.argv[2] ?? ''));
const made = makeCase(options);
const books = new Books();
expectPayments(books, made.payments);
const entriesBefore = books.entries;
const begun = performance.now();
const cpu = process.cpuUsage();
reconcile(books, made.lines);
const seconds = (performance.now() - begun) / 1_000;
const { user, system } = process.cpuUsage(cpu);
const peakMiB = Math.round(process.resourceUsage().maxRSS / 1_024); // before we look, which takes memory of its own
const entries = books.entries - entriesBefore;
const { counts, problems } = compare(books, made);
const figures = { seconds, cpuSeconds: (user + system) / 1e6, peakMiB, entries, actors: books.actors.size };
process.stdout.write(`${JSON.stringify({ lines: made.lines.length, ...figures, counts: Object.fromEntries(counts), problems })}\n`);
