import { Refusal } from '../control/refusal.ts';
import { paymentFee } from './fees.ts';
import { rowHead } from './payments.ts';
import { emit, timestamp, type MoyasarState, type PaymentRecord, type SettlementRecord } from './state.ts';
import { decimalText, type Settlement, type SettlementLine } from './wire.ts';

/** A row that the provider makes up; what is not given gets a default, and the payment is one that nobody knows. */
export type ExtraLine = { [Key in keyof SettlementLine]?: SettlementLine[Key] | undefined };

export interface SettleRequest {
  /** Only rows of these payments; default all that wait. */
  paymentIds?: readonly string[] | undefined;
  transferFee?: number | undefined;
  transferFeeTax?: number | undefined;
  /** Makes the document's amount differ from the sum of its lines. */
  amountDelta?: number | undefined;
  /** Settled fee (VAT included) per payment, where it differs from the estimate. */
  feeOverrides?: Readonly<Record<string, number>> | undefined;
  extraLines?: readonly ExtraLine[] | undefined;
  /** Of the document. */
  currency?: string | undefined;
  /** Of its rows. */
  lineCurrency?: string | undefined;
  live?: boolean | undefined;
  /** How often `balance_transferred` is sent. */
  copies?: number | undefined;
}

/** Collects what waits into one payout and announces it. Rows sum to `amount`; the bank credits `amount - fee`. */
export function settle(state: MoyasarState, request: SettleRequest): SettlementRecord {
  const live = request.live ?? false;
  const records = chosen(state, request.paymentIds, live);
  const id = state.random.uuid();
  const rows = [...records.flatMap((record) => takePayment(state, record, { id, request })), ...records.flatMap(takeDue)];
  const lines = [...rows, ...(request.extraLines ?? []).map((line) => extra(state, line))].map((line) => ({
    ...line,
    currency: request.lineCurrency ?? line.currency,
  }));
  if (lines.length === 0) throw new Refusal(409, 'Nothing waits for a settlement');
  const settlement: Settlement = {
    id,
    recipient_type: 'Entity',
    recipient_id: state.recipientId,
    currency: request.currency ?? lines[0]?.currency ?? 'SAR',
    amount: lines.reduce((sum, { amount }) => sum + amount, request.amountDelta ?? 0),
    fee: request.transferFee ?? state.options.transferFee ?? 46,
    tax: request.transferFeeTax ?? taxWithin(state, request),
    reference: null,
    settlement_count: lines.length,
    invoice_url: `${state.url()}/settlements/${id}/invoice.pdf`,
    csv_list_url: `${state.url()}/settlements/${id}/list.csv`,
    pdf_list_url: null,
    created_at: timestamp(state),
  };
  const record: SettlementRecord = { settlement, lines, live };
  state.settlements.set(id, record);
  announce(state, record, request.copies ?? 1);
  return record;
}

/** Sends `balance_transferred`, whose count has another name than in the document. */
export function announce(state: MoyasarState, { settlement, live }: SettlementRecord, copies: number): string {
  const { id, recipient_type, recipient_id, currency, amount, fee, tax, reference, settlement_count, created_at } = settlement;
  const data = { id, recipient_type, recipient_id, currency, amount, fee, tax, reference, transaction_count: settlement_count, created_at };
  return emit(state, { type: 'balance_transferred', data, live }, copies);
}

/** What the bank will credit, in minor units; not above zero means that no money comes. */
export function expectedCredit({ amount, fee }: Settlement): number {
  return amount - fee;
}

function chosen(state: MoyasarState, ids: readonly string[] | undefined, live: boolean): PaymentRecord[] {
  if (!ids) return [...state.payments.values()].filter((record) => record.live === live);
  return ids.map((id) => {
    const record = state.payments.get(id);
    if (!record) throw new Refusal(404, `No payment ${id}`);
    return record;
  });
}

function taxWithin(state: MoyasarState, { transferFee }: SettleRequest): number {
  const fee = transferFee ?? state.options.transferFee ?? 46;
  if (transferFee === undefined && state.options.transferFeeTax !== undefined) return state.options.transferFeeTax;
  const vat = state.fees.vatBasisPoints;
  return Math.round((fee * vat) / (10_000 + vat));
}

function takePayment(state: MoyasarState, record: PaymentRecord, of: { id: string; request: SettleRequest }): SettlementLine[] {
  const { payment } = record;
  if (record.settledIn !== null || !['paid', 'captured', 'refunded'].includes(payment.status)) return [];
  record.settledIn = of.id;
  const gross = payment.captured > 0 ? payment.captured : payment.amount;
  const contract = paymentFee(state.fees, payment.source.company, gross);
  const override = of.request.feeOverrides?.[payment.id];
  const fee = override ?? contract.fee;
  const vat = state.fees.vatBasisPoints;
  const tax = override === undefined ? contract.tax : Math.round((fee * vat) / (10_000 + vat));
  const when = payment.captured_at === null ? { created_at: payment.created_at } : { captured_at: payment.captured_at };
  return [{ ...rowHead(payment), type: 'payment', payment_amount: gross, amount: gross - fee, fee, tax, ...when }];
}

function takeDue(record: PaymentRecord): SettlementLine[] {
  return record.due.splice(0);
}

function extra(state: MoyasarState, line: ExtraLine): SettlementLine {
  const defaults: SettlementLine = {
    payment_id: state.random.uuid(),
    type: 'payment',
    currency: 'SAR',
    payment_amount: 0,
    amount: 0,
    fee: 0,
    tax: 0,
    reference_number: `6${state.random.digits(11)}`,
  };
  const given = Object.fromEntries(Object.entries(line).filter(([, value]) => value !== undefined));
  return { ...defaults, ...given, created_at: timestamp(state) };
}

const CSV_HEAD = 'payment_id,description,scheme,source,type,currency,amount,net_amount,fee,vat,total_fee,transaction_date';

/** The same rows as the e-mailed file has them: `pay` for `payment`, a signed amount, and a fee without its VAT. */
export function settlementCsv(state: MoyasarState, { lines }: SettlementRecord): string {
  const rows = lines.map((line) => {
    const payment = state.payments.get(line.payment_id)?.payment;
    const money = (amount: number): string => decimalText(amount, line.currency);
    const gross = line.amount < 0 ? -Math.abs(line.payment_amount) : line.payment_amount;
    const at = (line.refunded_at ?? line.captured_at ?? line.created_at ?? '').slice(0, 19).replace('T', ' ');
    const type = line.type === 'payment' ? 'pay' : line.type;
    return [
      line.payment_id,
      payment?.description ?? '',
      payment?.source.company ?? '',
      'Credit Card',
      type,
      line.currency,
      money(gross),
      money(line.amount),
      money(line.fee - line.tax),
      money(line.tax),
      money(line.fee),
      `${at} UTC`,
    ];
  });
  return [CSV_HEAD, ...rows.map((row) => row.map(quoted).join(','))].join('\n') + '\n';
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
