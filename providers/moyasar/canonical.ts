/** From Moyasar's words to ours. Amounts stay decimal strings of minor units: what comes out is the body of a message. */
import type { z } from 'zod';
import type { rowType, settlementRow } from '../../actors/payment/messages.ts';
import { providerPayment, rowType as rowTypes } from '../../actors/payment/messages.ts';
import { Fault } from '../../engine/fault.ts';
import { dateInRiyadh, malformed } from '../calls.ts';
import type { WirePayment, WireSettlement, WireSettlementLine } from './wire.ts';

type PaymentBody = z.input<typeof providerPayment>;
type RowBody = z.input<typeof settlementRow>;

/** Tries that ended without money, whatever the provider calls them. */
const ENDED: ReadonlySet<string> = new Set(['abandoned', 'expired', 'canceled']);

export function paymentOf(wire: WirePayment): PaymentBody {
  return {
    id: wire.id,
    status: statusOf(wire.status),
    amount: wire.amount.toString(),
    currency: wire.currency,
    refunded: (wire.refunded ?? 0).toString(),
    fee: (wire.fee ?? 0).toString(),
    invoiceId: wire.invoice_id ?? null,
    scheme: wire.source?.company ?? null,
    message: wire.source?.message ?? null,
  };
}

function statusOf(status: string): PaymentBody['status'] {
  const known = providerPayment.shape.status.safeParse(ENDED.has(status) ? 'failed' : status);
  if (known.success) return known.data;
  throw new Fault({ code: 'moyasar_status_unknown', retry: 'never', message: `a payment is ${status.slice(0, 40)}` });
}

export interface DocumentBody {
  readonly amount: string;
  readonly fee: string;
  readonly tax: string;
  readonly currency: string;
  readonly count: number;
  readonly date: string;
}

export function documentOf(wire: WireSettlement): DocumentBody {
  const count = wire.settlement_count ?? wire.transaction_count ?? null;
  const created = new Date(wire.created_at);
  if (count === null) throw malformed('moyasar', 'a settlement without a count of its lines');
  if (Number.isNaN(created.getTime())) throw malformed('moyasar', 'a settlement without a readable date');
  const { amount, fee, tax, currency } = wire;
  return { amount: `${amount}`, fee: `${fee}`, tax: `${tax}`, currency, count, date: dateInRiyadh(created) };
}

export function rowOf(wire: WireSettlementLine, index: number): RowBody {
  const gross = wire.payment_amount ?? 0;
  return {
    index,
    type: rowTypeOf(wire.type),
    paymentId: wire.payment_id ?? null,
    currency: wire.currency,
    gross: Math.abs(gross).toString(),
    net: wire.amount.toString(),
    fee: (wire.fee ?? 0).toString(),
    tax: (wire.tax ?? 0).toString(),
  };
}

/** A kind of row that we do not know may move a customer's money: nobody guesses, a person looks. */
function rowTypeOf(type: string): z.output<typeof rowType> {
  const known = rowTypes.safeParse(type);
  if (known.success) return known.data;
  throw new Fault({ code: 'moyasar_row_unknown', retry: 'never', message: `a settlement line of type ${type.slice(0, 40)}` });
}
