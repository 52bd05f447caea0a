import { z } from 'zod';
import { Refusal } from '../control/refusal.ts';
import { decimal } from './money.ts';
import { debit, post } from './rows.ts';
import { amountOf, notify, type AnbState, type OutgoingPayment } from './state.ts';

const paymentBody = z.object({
  sequenceNumber: z.string().regex(/^\d{1,16}$/),
  valueDate: z.string().regex(/^\d{6}$/),
  currency: z.string().regex(/^[A-Z]{3}$/),
  amount: z
    .string()
    .max(10)
    .regex(/^\d+(\.\d{1,2})?$/),
  feeIncluded: z.union([z.boolean(), z.enum(['true', 'false'])]).optional(),
  orderingParty: z.string().regex(/^[A-Za-z ]{2,35}$/),
  debitAccount: z.string().regex(/^\d{16}$/),
  destinationBankBIC: z.string().min(8).max(11),
  channel: z.enum(['ANB', 'IPS', 'SARIE', 'SWIFT']),
  creditAccount: z.string().min(1).max(34),
  beneficiaryName: z.string().min(1),
  narrative: z.string().optional(),
  transactionComment: z.string().optional(),
  purposeOfTransfer: z.string().optional(),
});
type PaymentBody = z.output<typeof paymentBody>;

/** VAT included. The instant fee is 0.575, which the bank does not round up. */
const FEES: Readonly<Record<PaymentBody['channel'], string>> = { ANB: '0', IPS: '0.57', SARIE: '3.45', SWIFT: '57.50' };
const INSTANT_MAX = 2_000_000n;

/** Accepts an outgoing transfer and books it at once. A used sequence number is refused: that is the duplicate guard. */
export function pay(state: AnbState, body: unknown): OutgoingPayment {
  const parsed = paymentBody.safeParse(body);
  if (!parsed.success) throw new Refusal(400, z.prettifyError(parsed.error));
  const request = parsed.data;
  const amount = amountOf(request.amount);
  const used = [...state.payments.values()].some(({ sequenceNumber }) => sequenceNumber === request.sequenceNumber);
  if (used) throw new Refusal(400, 'Duplicate sequence number');
  if (request.channel === 'IPS' && amount > INSTANT_MAX) throw new Refusal(400, 'Amount is over the limit of the channel');
  const payment = book(state, request, amount);
  notify(state, 'payment.received', payment);
  // The key has a space on the bank's own page.
  notify(state, 'payment. completed', payment);
  return payment;
}

function book(state: AnbState, request: PaymentBody, amount: bigint): OutgoingPayment {
  const included = request.feeIncluded === true || request.feeIncluded === 'true';
  const fee = FEES[request.channel];
  const row = debit(state, {
    account: request.debitAccount,
    amount: request.amount,
    fee: included ? '0' : fee,
    narr2: request.narrative ?? request.beneficiaryName,
    sequenceNumber: request.sequenceNumber,
    channel: request.channel,
  });
  const received = included ? amount - amountOf(fee) : amount;
  const own = state.ledger.accounts().find((account) => request.creditAccount.endsWith(account));
  if (own !== undefined)
    post(state, { account: own, amount: decimal(received), refNum: row.refNum, narr1: row.narr1, narr2: row.narr2, narr3: row.narr3 });
  const payment: OutgoingPayment = {
    id: state.random.uuid(),
    sequenceNumber: request.sequenceNumber,
    status: 'PROCESSED',
    amount: request.amount,
    currency: request.currency,
    channel: request.channel,
    fee,
    refNum: row.refNum,
    reference: row.narr1,
  };
  state.payments.set(payment.id, payment);
  return payment;
}
