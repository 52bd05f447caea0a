import { Refusal } from '../control/refusal.ts';
import { outcomeOf, DECLINED_CARD, PAYING_CARD, type CardOutcome } from './cards.ts';
import { finish, initiate, ONCE, type NewPayment, type Telling } from './payments.ts';
import { timestamp, type InvoiceRecord, type MoyasarState, type PaymentRecord } from './state.ts';
import { formatAmount, type Invoice, type Metadata } from './wire.ts';

export interface InvoiceRequest {
  amount: number;
  currency: string;
  description: string;
  callback_url?: string | null | undefined;
  success_url?: string | null | undefined;
  back_url?: string | null | undefined;
  expired_at?: string | null | undefined;
  metadata?: Metadata | null | undefined;
}

const CALLBACK_TIMEOUT_MS = 10_000;

export function createInvoice(state: MoyasarState, request: InvoiceRequest, live: boolean): Invoice {
  const id = state.random.uuid();
  const now = timestamp(state);
  const invoice: Invoice = {
    id,
    status: 'initiated',
    amount: request.amount,
    currency: request.currency,
    description: request.description,
    logo_url: null,
    amount_format: formatAmount(request.amount, request.currency),
    url: `${state.url()}/invoices/${id}?lang=en`,
    callback_url: request.callback_url ?? null,
    expired_at: request.expired_at ? new Date(request.expired_at).toISOString() : null,
    created_at: now,
    updated_at: now,
    back_url: request.back_url ?? null,
    success_url: request.success_url ?? null,
    metadata: request.metadata ?? null,
    payments: [],
  };
  state.invoices.set(id, { invoice, live });
  return invoice;
}

/** An invoice past its date is expired as soon as somebody looks. */
export function refresh(state: MoyasarState, { invoice }: InvoiceRecord): Invoice {
  const past = invoice.expired_at !== null && Date.parse(invoice.expired_at) <= state.clock.now().getTime();
  if (past && invoice.status === 'initiated') setStatus(state, invoice, 'expired');
  return invoice;
}

export function cancelInvoice(state: MoyasarState, record: InvoiceRecord): Invoice {
  const invoice = refresh(state, record);
  if (invoice.status !== 'initiated') throw new Refusal(400, `Cannot cancel an invoice that is ${invoice.status}`);
  return setStatus(state, invoice, 'canceled');
}

export function expireInvoice(state: MoyasarState, { invoice }: InvoiceRecord): Invoice {
  if (invoice.status !== 'initiated') throw new Refusal(400, `Cannot expire an invoice that is ${invoice.status}`);
  return setStatus(state, invoice, 'expired');
}

export interface PayRequest {
  card?: string | undefined;
  name?: string | undefined;
  /** Overrides what the card would do. */
  outcome?: 'paid' | 'failed' | undefined;
  /** What the provider shall report instead of the invoice's own. */
  amount?: number | undefined;
  currency?: string | undefined;
  /** Pays an invoice that no longer waits. */
  force?: boolean | undefined;
  tell?: Telling | undefined;
}

/** The customer tries to pay. A declined try leaves the invoice open. */
export async function payInvoice(state: MoyasarState, record: InvoiceRecord, request: PayRequest): Promise<PaymentRecord> {
  const invoice = refresh(state, record);
  if (invoice.status !== 'initiated' && request.force !== true) throw new Refusal(409, `The invoice is ${invoice.status}`);
  const { tell = ONCE } = request;
  const number = request.card ?? (request.outcome === 'failed' ? DECLINED_CARD : PAYING_CARD);
  const outcome = decided(number, request.outcome);
  const tried = initiate(state, newPayment(record, request, number));
  invoice.payments.push(tried.payment);
  if (outcome.approved) setStatus(state, invoice, 'paid');
  finish(state, tried, { outcome, tell });
  if (outcome.approved && tell.copies > 0) await notify(state, invoice);
  return tried;
}

function newPayment({ invoice, live }: InvoiceRecord, { amount, currency, name }: PayRequest, number: string): NewPayment {
  return {
    amount: amount ?? invoice.amount,
    currency: currency ?? invoice.currency,
    live,
    card: { number, name: name ?? 'Test Person' },
    description: invoice.description,
    invoiceId: invoice.id,
    metadata: invoice.metadata,
  };
}

function decided(number: string, wanted: 'paid' | 'failed' | undefined): CardOutcome {
  const outcome = outcomeOf(number);
  if (wanted === undefined || outcome.approved === (wanted === 'paid')) return outcome;
  return wanted === 'paid' ? outcomeOf(PAYING_CARD) : outcomeOf(DECLINED_CARD);
}

/** The invoice's own notification: unsigned, sent once, its answer ignored. */
async function notify(state: MoyasarState, invoice: Invoice): Promise<void> {
  const lost = state.faults.draw('WEBHOOK invoice_callback').some(({ kind }) => kind === 'drop' || kind === 'fail');
  if (lost || invoice.callback_url === null) return;
  try {
    const response = await fetch(invoice.callback_url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(invoice),
      redirect: 'manual',
      signal: AbortSignal.timeout(CALLBACK_TIMEOUT_MS),
    });
    await response.arrayBuffer();
  } catch {
    // Nobody is told: the merchant must not rely on this notification.
  }
}

function setStatus(state: MoyasarState, invoice: Invoice, status: Invoice['status']): Invoice {
  invoice.status = status;
  invoice.updated_at = timestamp(state);
  return invoice;
}
