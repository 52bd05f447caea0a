/** What actors ask of Moyasar. Every call may be repeated: reads are harmless, an invoice made twice is canceled by its payment. */
import { z } from 'zod';
import type { paymentMessages, SettlementTerms } from '../../actors/payment/messages.ts';
import type { referenceMessages } from '../../actors/reference/messages.ts';
import type { settlementMessages } from '../../actors/settlement/messages.ts';
import { idOf, toJson } from '../../engine/message.ts';
import { Fault } from '../../engine/fault.ts';
import type { EffectCall, EffectHandler } from '../../engine/effect-call.ts';
import { documentOf, paymentOf, rowOf } from './canonical.ts';
import { createMoyasarClient } from './client.ts';
import type { MoyasarClient, MoyasarClientOptions } from './client.ts';
import * as wire from './wire.ts';

/** Rows of one of our pages. The size of the provider's pages is not published. */
export const ROWS_MAX = 500;
/** Our page of the provider's page p is p; of its rows beyond 500, p + 1,000,000, p + 2,000,000 and so on: unique, and readable as long as it can be. */
const PART_STRIDE = 1_000_000;
/** Metadata is anybody's text; this much of it may name an actor of ours. */
const TOP_UP_ID = /^[\w-]{1,64}$/;

export interface MoyasarEffectsOptions extends MoyasarClientOptions {
  /** Where customers reach us, for the way back from the provider's page. */
  publicUrl(): string;
  readonly terms: SettlementTerms;
  /** How often a payment looks at its invoice while no webhook comes. */
  readonly pollEveryMs: number;
  readonly invoiceLifetimeMs: number;
  /** By when Moyasar settles a payment that it tells of. */
  readonly rowsWithinMs: number;
  /** The clock; tests bring theirs. */
  readonly now: () => Date;
}

interface Parts {
  readonly client: MoyasarClient;
  readonly options: MoyasarEffectsOptions;
  /** As a message carries them. */
  readonly terms: z.input<typeof settlementMessages.DocumentFetched>['terms'];
  readonly now: () => Date;
}

type Result<T extends z.ZodType> = Omit<z.input<T>, 'effect'>;
type OwnerFound = Result<typeof referenceMessages.OwnerFound>;
type Run = (parts: Parts, call: EffectCall, signal: AbortSignal) => Promise<{ readonly type: string; readonly body: object }>;

const RUNS: Readonly<Record<string, Run>> = {
  'moyasar.create_invoice': createInvoice,
  'moyasar.cancel_invoice': cancelInvoice,
  'moyasar.fetch_invoice': fetchInvoice,
  'moyasar.fetch_payment': fetchPayment,
  'moyasar.find_owner': findOwner,
  'moyasar.fetch_settlement': fetchSettlement,
  'moyasar.fetch_settlement_page': fetchSettlementPage,
};

/** By effect type. */
export function createMoyasarEffects(options: MoyasarEffectsOptions): Map<string, EffectHandler> {
  const terms = JSON.parse(toJson(options.terms)) as Parts['terms'];
  const parts: Parts = { client: createMoyasarClient(options), options, terms, now: options.now };
  const handler = (run: Run): EffectHandler => ({
    provider: 'moyasar',
    run: async (effect, signal) => {
      const { type, body } = await run(parts, effect, signal);
      return { type, body: { effect: effect.id, ...body } };
    },
  });
  return new Map(Object.entries(RUNS).map(([type, run]) => [type, handler(run)]));
}

function bodyOf<S extends z.ZodType>(schema: S, { body }: EffectCall): z.output<S> {
  return schema.parse(body);
}

const invoiceWanted = z.object({ amount: z.string().regex(/^\d{1,15}$/), currency: z.string(), description: z.string().nullish() });

/** Made anew at every attempt: the provider has no idempotency key for invoices. Its metadata lets `findOwner` tell whose it is. */
async function createInvoice({ client, options, now }: Parts, effect: EffectCall, signal: AbortSignal) {
  const { amount, currency, description } = bodyOf(invoiceWanted, effect);
  const topUpId = idOf(effect.actor);
  const expires = new Date(now().getTime() + options.invoiceLifetimeMs);
  const back = `${options.publicUrl()}/checkout/${encodeURIComponent(topUpId)}`;
  const body = {
    amount: Number(amount),
    currency,
    description: description ?? 'Wallet top-up',
    success_url: back,
    back_url: back,
    expired_at: expires.toISOString(),
    metadata: { top_up_id: topUpId, effect: effect.id },
  };
  const made = await client.request(wire.invoice, { method: 'POST', path: '/invoices', body, signal });
  const result: Result<typeof paymentMessages.InvoiceCreated> = {
    invoiceId: made.id,
    url: made.url,
    expiresAt: expires.getTime(),
    pollEveryMs: options.pollEveryMs,
  };
  return { type: 'InvoiceCreated', body: result };
}

const invoiceNamed = z.object({ invoiceId: z.string().min(1) });

/** An invoice that can no longer be canceled (paid, expired, canceled before, unknown) is not open either: a re-fetch tells which. */
async function cancelInvoice({ client }: Parts, effect: EffectCall, signal: AbortSignal) {
  const { invoiceId } = bodyOf(invoiceNamed, effect);
  const request = { path: `/invoices/${encodeURIComponent(invoiceId)}/cancel`, signal };
  try {
    await client.find(z.unknown(), { ...request, method: 'POST' }).catch((fault: unknown) => {
      // Sources disagree about the verb.
      if (!isFault(fault, 'moyasar_not_allowed')) throw fault;
      return client.find(z.unknown(), { ...request, method: 'PUT' });
    });
  } catch (fault) {
    if (!isFault(fault, 'moyasar_rejected')) throw fault;
  }
  const result: Result<typeof paymentMessages.InvoiceCanceled> = { invoiceId };
  return { type: 'InvoiceCanceled', body: result };
}

function isFault(error: unknown, code: string): boolean {
  return error instanceof Fault && error.code === code;
}

async function fetchInvoice({ client, options: { rowsWithinMs } }: Parts, effect: EffectCall, signal: AbortSignal) {
  const { invoiceId } = bodyOf(invoiceNamed, effect);
  const path = `/invoices/${encodeURIComponent(invoiceId)}`;
  const { status, payments } = await client.request(wire.invoice, { method: 'GET', path, signal });
  const result: Result<typeof paymentMessages.InvoiceFetched> = {
    invoiceId,
    status,
    payments: (payments ?? []).map(paymentOf),
    rowsWithinMs,
  };
  return { type: 'InvoiceFetched', body: result };
}

async function fetchPayment({ client, options: { rowsWithinMs } }: Parts, effect: EffectCall, signal: AbortSignal) {
  const { paymentId } = bodyOf(z.object({ paymentId: z.string().min(1) }), effect);
  const found = await client.find(wire.payment, { method: 'GET', path: `/payments/${encodeURIComponent(paymentId)}`, signal });
  const result: Result<typeof paymentMessages.PaymentFetched> = {
    paymentId,
    payment: found === null ? null : paymentOf(found),
    rowsWithinMs,
  };
  return { type: 'PaymentFetched', body: result };
}

const searched = z.object({ kind: z.enum(['invoice', 'payment']), id: z.string().min(1) });

/** Whose an invoice or a payment is: the top-up that we named in the invoice when we made it. */
async function findOwner({ client, now }: Parts, effect: EffectCall, signal: AbortSignal) {
  const { kind, id } = bodyOf(searched, effect);
  const find = <S extends z.ZodType>(schema: S, path: string) => client.find(schema, { method: 'GET', path, signal });
  const payment = kind === 'payment' ? await find(wire.payment, `/payments/${encodeURIComponent(id)}`) : null;
  const invoiceId = kind === 'invoice' ? id : (payment?.invoice_id ?? null);
  const invoice = invoiceId === null ? null : await find(wire.invoice, `/invoices/${encodeURIComponent(invoiceId)}`);
  const named = z.object({ top_up_id: z.string().regex(TOP_UP_ID) }).safeParse(invoice?.metadata);
  if (invoice === null || !named.success) return { type: 'OwnerFound', body: { owner: null } satisfies OwnerFound };
  const end = Date.parse(invoice.expired_at ?? '');
  const expiresAt = Number.isNaN(end) ? now().getTime() : end;
  const result: OwnerFound = { owner: { topUpId: named.data.top_up_id, invoice: { invoiceId: invoice.id, url: invoice.url, expiresAt } } };
  return { type: 'OwnerFound', body: result };
}

async function fetchSettlement({ client, terms }: Parts, effect: EffectCall, signal: AbortSignal) {
  const { document } = bodyOf(z.object({ document: z.string().min(1) }), effect);
  const found = await client.find(wire.settlement, { method: 'GET', path: `/settlements/${encodeURIComponent(document)}`, signal });
  const result: Result<typeof settlementMessages.DocumentFetched> = { document: found === null ? null : documentOf(found), terms };
  return { type: 'DocumentFetched', body: result };
}

async function fetchSettlementPage({ client }: Parts, effect: EffectCall, signal: AbortSignal) {
  const { document, page } = bodyOf(z.object({ document: z.string().min(1), page: z.int().min(1) }), effect);
  const [theirs, part] = [page % PART_STRIDE, Math.floor(page / PART_STRIDE)];
  const path = `/settlements/${encodeURIComponent(document)}/lines?page=${theirs}`;
  const { lines, meta } = await client.request(wire.settlementLines, { method: 'GET', path, signal });
  const rows = lines.slice(part * ROWS_MAX, (part + 1) * ROWS_MAX).map(rowOf);
  const more = lines.length > (part + 1) * ROWS_MAX;
  const next = more ? page + PART_STRIDE : (meta.next_page ?? null);
  const result: Result<typeof settlementMessages.DocumentPageFetched> = { page, next, rows };
  return { type: 'DocumentPageFetched', body: result };
}
