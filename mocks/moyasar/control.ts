import { z } from 'zod';
import { commonRoutes, verb, view, type ControlRoute } from '../control/routes.ts';
import { Refusal } from '../control/refusal.ts';
import { cancelInvoice, createInvoice, expireInvoice, payInvoice, refresh } from './invoices.ts';
import { capture, changed, chargeBack, refund, voidPayment, type Telling } from './payments.ts';
import { invoiceBody } from './requests.ts';
import { announce, expectedCredit, settle } from './settlements.ts';
import { find, type InvoiceRecord, type MoyasarState, type PaymentRecord, type SettlementRecord } from './state.ts';
import { decimalText, type Settlement, type SettlementLine } from './wire.ts';

/** `webhook: false` keeps the merchant in the dark; `copies` sends the same event more than once. */
const telling = { webhook: z.boolean().optional(), copies: z.int().positive().optional() };
const tellBody = z.strictObject(telling);
const amountBody = z.strictObject({ amount: z.int().positive().optional(), ...telling });

export const payBody = z.strictObject({
  card: z.string().optional(),
  name: z.string().optional(),
  outcome: z.enum(['paid', 'failed']).optional(),
  amount: z.int().positive().optional(),
  currency: z.string().optional(),
  force: z.boolean().optional(),
  ...telling,
});
export const chargebackBody = z.strictObject({ amount: z.int().positive().optional(), penalty: z.int().positive().optional() });
const statuses = [
  'initiated',
  'paid',
  'failed',
  'authorized',
  'captured',
  'refunded',
  'voided',
  'verified',
  'abandoned',
  'expired',
  'canceled',
] as const;
export const stateBody = z.strictObject({
  status: z.enum(statuses),
  refunded: z.int().optional(),
  amount: z.int().optional(),
  currency: z.string().optional(),
  ...telling,
});
const line = z.strictObject({
  payment_id: z.string().optional(),
  type: z.string().optional(),
  currency: z.string().optional(),
  payment_amount: z.int().optional(),
  amount: z.int().optional(),
  fee: z.int().optional(),
  tax: z.int().optional(),
  reference_number: z.string().optional(),
});
export const settleBody = z.strictObject({
  paymentIds: z.array(z.string()).optional(),
  transferFee: z.int().optional(),
  transferFeeTax: z.int().optional(),
  amountDelta: z.int().optional(),
  feeOverrides: z.record(z.string(), z.int()).optional(),
  extraLines: z.array(line).optional(),
  currency: z.string().optional(),
  lineCurrency: z.string().optional(),
  live: z.boolean().optional(),
  ...telling,
});

/** What `settle` answers. */
export interface Settled {
  settlement: Settlement;
  lines: SettlementLine[];
  /** Minor units that the bank will credit. */
  expectedCredit: number;
  /** The same as decimal text, for the fake bank. */
  expectedCreditText: string;
}

export function controlRoutes(state: MoyasarState): ControlRoute[] {
  return [...invoiceVerbs(state), ...paymentVerbs(state), ...forcedVerbs(state), ...settlementVerbs(state), ...commonRoutes(state)];
}

function told({ webhook, copies }: { webhook?: boolean | undefined; copies?: number | undefined }): Telling {
  return { copies: webhook === false ? 0 : (copies ?? 1) };
}

function invoiceVerbs(state: MoyasarState): ControlRoute[] {
  const invoice = (params: Readonly<Record<string, string>>): InvoiceRecord => find(state.invoices, params['id'] ?? '', null);
  return [
    view('GET', '/invoices', {
      does: 'lists all invoices',
      run: () => ({ invoices: [...state.invoices.values()].map((record) => refresh(state, record)) }),
    }),
    view('GET', '/invoices/:id', { does: 'one invoice with its payments', run: ({ params }) => refresh(state, invoice(params)) }),
    verb({
      method: 'POST',
      path: '/invoices',
      does: 'makes an invoice as the merchant would',
      body: invoiceBody,
      run: (body) => createInvoice(state, body, false),
    }),
    verb({
      method: 'POST',
      path: '/invoices/:id/pay',
      does: 'the customer pays: with a test card, or with a wanted outcome; amount and currency make the provider lie',
      body: payBody,
      run: async (body, { params }) => (await payInvoice(state, invoice(params), { ...body, tell: told(body) })).payment,
    }),
    verb({
      method: 'POST',
      path: '/invoices/:id/decline',
      does: 'the customer tries a card without money',
      body: tellBody,
      run: async (body, { params }) => (await payInvoice(state, invoice(params), { outcome: 'failed', tell: told(body) })).payment,
    }),
    view('POST', '/invoices/:id/expire', { does: 'the invoice runs out', run: ({ params }) => expireInvoice(state, invoice(params)) }),
    view('POST', '/invoices/:id/cancel', { does: 'the invoice is canceled', run: ({ params }) => cancelInvoice(state, invoice(params)) }),
  ];
}

function paymentVerbs(state: MoyasarState): ControlRoute[] {
  const payment = (params: Readonly<Record<string, string>>): PaymentRecord => find(state.payments, params['id'] ?? '', null);
  return [
    view('GET', '/payments', {
      does: 'lists all payments with the settlement that holds them',
      run: () => ({ payments: [...state.payments.values()].map((record) => ({ ...record.payment, settledIn: record.settledIn })) }),
    }),
    verb({
      method: 'POST',
      path: '/payments/:id/refund',
      does: 'the merchant refunds all that is left, or an amount in minor units',
      body: amountBody,
      run: (body, { params }) => {
        const record = payment(params);
        refund(state, record, { amount: body.amount, tell: told(body) });
        return record.payment;
      },
    }),
    verb({
      method: 'POST',
      path: '/payments/:id/void',
      does: 'the merchant voids before settlement',
      body: tellBody,
      run: (body, { params }) => {
        const record = payment(params);
        voidPayment(state, record, told(body));
        return record.payment;
      },
    }),
    verb({
      method: 'POST',
      path: '/payments/:id/capture',
      does: 'the merchant captures an authorised payment',
      body: amountBody,
      run: (body, { params }) => {
        const record = payment(params);
        capture(state, record, { amount: body.amount, tell: told(body) });
        return record.payment;
      },
    }),
  ];
}

/** What no merchant can do. */
function forcedVerbs(state: MoyasarState): ControlRoute[] {
  const payment = (params: Readonly<Record<string, string>>): PaymentRecord => find(state.payments, params['id'] ?? '', null);
  return [
    verb({
      method: 'POST',
      path: '/payments/:id/chargeback',
      does: 'rows for the next settlement; no event',
      body: chargebackBody,
      run: (body, { params }) => {
        const record = payment(params);
        chargeBack(state, record, body);
        return record.payment;
      },
    }),
    verb({
      method: 'POST',
      path: '/payments/:id/state',
      does: 'forces a status, whatever was before, and tells of it',
      body: stateBody,
      run: ({ webhook, copies, ...change }, { params }) => {
        const record = payment(params);
        Object.assign(record.payment, Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)));
        changed(state, record, told({ webhook, copies }));
        return record.payment;
      },
    }),
    verb({
      method: 'POST',
      path: '/payments/:id/resend',
      does: 'sends the last event of this payment again, or the last of a type',
      body: z.strictObject({ type: z.string().optional(), copies: z.int().positive().optional() }),
      run: (body, { params }) => resend(state, params['id'] ?? '', body),
    }),
  ];
}

function resend({ webhooks }: MoyasarState, id: string, of: { type?: string | undefined; copies?: number | undefined }): unknown {
  const events = webhooks.events().filter(({ data }) => typeof data === 'object' && data !== null && 'id' in data && data.id === id);
  const last = events.findLast(({ type }) => of.type === undefined || type === of.type);
  if (!last) throw new Refusal(404, 'No such event');
  const { type, createdAt, data } = webhooks.resend(last.id, of.copies);
  return { id: last.id, type, createdAt, data };
}

function settlementVerbs(state: MoyasarState): ControlRoute[] {
  const settlement = (params: Readonly<Record<string, string>>): SettlementRecord => find(state.settlements, params['id'] ?? '', null);
  return [
    verb({
      method: 'POST',
      path: '/settlements',
      does: 'pays out what waits: all, or the rows of some payments; deltas and extra lines make it wrong',
      body: settleBody,
      run: ({ webhook, copies, ...request }) => settled(settle(state, { ...request, copies: told({ webhook, copies }).copies })),
    }),
    view('GET', '/settlements', {
      does: 'lists all settlements',
      run: () => ({ settlements: [...state.settlements.values()].map(settled) }),
    }),
    verb({
      method: 'POST',
      path: '/settlements/:id/announce',
      does: 'sends balance_transferred as a new event',
      body: z.strictObject({ copies: z.int().positive().optional() }),
      run: ({ copies }, { params }) => ({ eventId: announce(state, settlement(params), copies ?? 1) }),
    }),
    verb({
      method: 'POST',
      path: '/settlements/:id/resend',
      does: 'sends its last event again, same id and body',
      body: z.strictObject({ copies: z.int().positive().optional() }),
      run: (body, { params }) => resend(state, params['id'] ?? '', body),
    }),
  ];
}

function settled({ settlement, lines }: SettlementRecord): Settled {
  const credit = expectedCredit(settlement);
  return { settlement, lines, expectedCredit: credit, expectedCreditText: decimalText(credit, settlement.currency) };
}
