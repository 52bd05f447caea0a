import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { Refusal } from '../control/refusal.ts';
import { outcomeByAmount, outcomeOf, PAYING_CARD } from './cards.ts';
import { cancelInvoice, createInvoice, refresh } from './invoices.ts';
import { capture, finish, initiate, refund, voidPayment, type NewPayment } from './payments.ts';
import {
  bulkBody,
  invoiceBody,
  invoiceChange,
  parse,
  partAmount,
  paymentBody,
  paymentChange,
  webhookBody,
  type PaymentBody,
} from './requests.ts';
import { find, timestamp, type InvoiceRecord, type MoyasarState, type PaymentRecord } from './state.ts';
import { formatAmount, paged, type Invoice, type Payment } from './wire.ts';

const PAGE_SIZE = 40;
const EVENTS = ['paid', 'failed', 'voided', 'authorized', 'captured', 'refunded', 'abandoned', 'verified', 'canceled', 'expired']
  .map((status) => `payment_${status}`)
  .concat('balance_transferred');

/** The routes under `/v1`, with the provider's authentication. */
export function apiRouter(state: MoyasarState): Router {
  const router = new Router({ prefix: '/v1' });
  router.use(authentication(state));
  invoiceRoutes(router, state);
  paymentRoutes(router, state);
  settlementRoutes(router, state);
  webhookRoutes(router, state);
  return router;
}

/** The provider's error body. */
export function errorBody(status: number, refusal?: Refusal): unknown {
  const [type, message] = ERRORS[status] ?? ['api_error', 'Something went wrong'];
  return { type, message: refusal?.message ?? message, errors: refusal?.fields ?? null };
}

const ERRORS: Readonly<Record<number, [string, string]>> = {
  400: ['invalid_request_error', 'Bad request'],
  401: ['authentication_error', 'Invalid authorization credentials'],
  403: ['api_error', 'User not authorized'],
  404: ['invalid_request_error', 'Object not found'],
  405: ['api_error', 'Entity not activated to use live account'],
  429: ['rate_limit_error', 'Too many requests'],
  503: ['api_error', 'We are down for maintenance'],
};

/** Basic, the key as user name. A publishable key may only create payments. */
function authentication({ options }: MoyasarState): Middleware {
  const secret = options.secretKeys ?? ['sk_test_mock'];
  const publishable = options.publishableKeys ?? ['pk_test_mock'];
  return async (ctx, next) => {
    if (ctx.path.startsWith('/v1/card_auth/')) {
      await next();
      return;
    }
    const [scheme, credentials] = ctx.get('authorization').split(' ');
    const key =
      Buffer.from(credentials ?? '', 'base64')
        .toString('utf8')
        .split(':')[0] ?? '';
    const known = scheme?.toLowerCase() === 'basic' && (secret.includes(key) || publishable.includes(key));
    if (!known) throw new Refusal(401, 'Invalid authorization credentials');
    const mayDo = secret.includes(key) || (ctx.method === 'POST' && ctx.path === '/v1/payments');
    if (!mayDo) throw new Refusal(403, 'User not authorized');
    ctx.state['live'] = /^[sp]k_live_/.test(key);
    await next();
  };
}

function isLive(ctx: Context): boolean {
  return ctx.state['live'] === true;
}

function invoiceRoutes(router: Router, state: MoyasarState): void {
  const invoiceOf = (ctx: Context, id: string | undefined): InvoiceRecord => find(state.invoices, id ?? '', isLive(ctx));
  router.post('/invoices', (ctx) => {
    ctx.body = createInvoice(state, parse(invoiceBody, ctx.request.body), isLive(ctx));
    ctx.status = 201;
  });
  router.post('/invoices/bulk', (ctx) => {
    const { invoices } = parse(bulkBody, ctx.request.body);
    ctx.body = { invoices: invoices.map((invoice) => createInvoice(state, invoice, isLive(ctx))) };
    ctx.status = 201;
  });
  router.get('/invoices', (ctx) => {
    const wanted = ofMode(state.invoices, isLive(ctx)).map((record) => refresh(state, record));
    const { items, meta } = listed(state, ctx, wanted);
    ctx.body = { invoices: items.map(listedInvoice), meta };
  });
  router.get('/invoices/:id', (ctx) => {
    ctx.body = refresh(state, invoiceOf(ctx, ctx.params['id']));
  });
  router.put('/invoices/:id', (ctx) => {
    const invoice = refresh(state, invoiceOf(ctx, ctx.params['id']));
    if (invoice.status !== 'initiated') throw new Refusal(400, `Cannot update an invoice that is ${invoice.status}`);
    Object.assign(invoice, parse(invoiceChange, ctx.request.body), { updated_at: timestamp(state) });
    invoice.amount_format = formatAmount(invoice.amount, invoice.currency);
    ctx.body = invoice;
  });
  router.register('/invoices/:id/cancel', ['POST', 'PUT'], (ctx) => {
    ctx.body = cancelInvoice(state, invoiceOf(ctx, ctx.params['id']));
  });
}

/** A list shows the payment that paid instead of all tries. */
function listedInvoice({ payments, ...rest }: Invoice): unknown {
  const paid = payments.find(({ status }) => status !== 'failed' && status !== 'initiated');
  return { ...rest, payment_id: paid?.id ?? null, paid_at: paid?.updated_at ?? null };
}

function paymentRoutes(router: Router, state: MoyasarState): void {
  const paymentOf = (ctx: Context, id: string | undefined): PaymentRecord => find(state.payments, id ?? '', isLive(ctx));
  router.post('/payments', (ctx) => {
    ctx.body = createPayment(state, parse(paymentBody, ctx.request.body), isLive(ctx));
    ctx.status = 201;
  });
  router.get('/payments', (ctx) => {
    const wanted = ofMode(state.payments, isLive(ctx)).map(({ payment }) => payment);
    const { items, meta } = listed(
      state,
      ctx,
      wanted.filter((payment) => paymentFits(payment, ctx)),
    );
    ctx.body = { payments: items, meta };
  });
  router.get('/payments/:id', (ctx) => {
    ctx.body = paymentOf(ctx, ctx.params['id']).payment;
  });
  router.put('/payments/:id', (ctx) => {
    const { payment } = paymentOf(ctx, ctx.params['id']);
    Object.assign(payment, parse(paymentChange, ctx.request.body), { updated_at: timestamp(state) });
    ctx.body = payment;
  });
  router.post('/payments/:id/refund', (ctx) => {
    const record = paymentOf(ctx, ctx.params['id']);
    refund(state, record, parse(partAmount, ctx.request.body));
    ctx.body = record.payment;
  });
  router.post('/payments/:id/capture', (ctx) => {
    const record = paymentOf(ctx, ctx.params['id']);
    capture(state, record, parse(partAmount, ctx.request.body));
    ctx.body = record.payment;
  });
  router.post('/payments/:id/void', (ctx) => {
    const record = paymentOf(ctx, ctx.params['id']);
    voidPayment(state, record);
    ctx.body = record.payment;
  });
  router.get('/card_auth/:id/prepare', (ctx) => {
    cardAuthentication(state, ctx, ctx.params['id'] ?? '');
  });
}

/** Without 3DS the answer is final; with it, the customer's browser goes to `source.transaction_url` first. */
function createPayment(state: MoyasarState, body: PaymentBody, live: boolean): Payment {
  const { source } = body;
  const id = body.given_id ?? undefined;
  if (id !== undefined && state.payments.has(id)) throw new Refusal(400, 'Validation Failed', { given_id: ['has already been taken'] });
  if (source.type === 'creditcard' && !body.callback_url) throw new Refusal(400, 'Validation Failed', { callback_url: ["can't be blank"] });
  const manual = source.manual ?? false;
  const common = {
    amount: body.amount,
    currency: body.currency,
    live,
    description: body.description,
    callbackUrl: body.callback_url,
    metadata: body.metadata,
  };
  const record = initiate(state, { ...common, id, card: cardOf(source) });
  if (source.type !== 'creditcard') finish(state, record, { outcome: outcomeByAmount(body.amount), manual });
  else if (source['3ds'] === false) finish(state, record, { outcome: outcomeOf(source.number), manual });
  else state.awaiting.set(record.payment.id, { number: source.number, manual });
  return record.payment;
}

function cardOf(source: PaymentBody['source']): NewPayment['card'] {
  if (source.type === 'creditcard') return { number: source.number, name: source.name, type: source.type };
  return { number: PAYING_CARD, name: null, type: source.type };
}

function cardAuthentication(state: MoyasarState, ctx: Context, id: string): void {
  const record = find(state.payments, id, null);
  const waiting = state.awaiting.get(id);
  if (waiting) {
    state.awaiting.delete(id);
    finish(state, record, { outcome: outcomeOf(waiting.number), manual: waiting.manual });
  }
  const { payment } = record;
  if (payment.callback_url === null) throw new Refusal(404, 'Object not found');
  const back = new URL(payment.callback_url);
  back.searchParams.set('id', id);
  back.searchParams.set('status', payment.status);
  back.searchParams.set('message', payment.source.message ?? '');
  ctx.redirect(back.toString());
}

function paymentFits({ id, status, updated_at, source, metadata }: Payment, ctx: Context): boolean {
  const asked = (name: string): string | undefined => queryText(ctx, name);
  if (asked('id') !== undefined && asked('id') !== id) return false;
  if (asked('status') !== undefined && asked('status') !== status) return false;
  if (!between(updated_at, asked('updated[gt]'), asked('updated[lt]'))) return false;
  if (asked('card_last_digits') !== undefined && !source.number.endsWith(asked('card_last_digits') ?? '')) return false;
  if (asked('receipt_no') !== undefined && asked('receipt_no') !== source.reference_number) return false;
  const keys = Object.keys(ctx.query)
    .map((name) => /^metadata\[(.+)\]$/.exec(name)?.[1])
    .filter((key) => key !== undefined);
  return keys.every((key) => metadata?.[key] === asked(`metadata[${key}]`));
}

function settlementRoutes(router: Router, state: MoyasarState): void {
  router.get('/settlements', (ctx) => {
    const wanted = ofMode(state.settlements, isLive(ctx)).map(({ settlement }) => settlement);
    const { items, meta } = listed(
      state,
      ctx,
      wanted.filter(({ id }) => (queryText(ctx, 'id') ?? id) === id),
    );
    ctx.body = { settlements: items, meta };
  });
  router.get('/settlements/:id', (ctx) => {
    ctx.body = find(state.settlements, ctx.params['id'] ?? '', isLive(ctx)).settlement;
  });
  router.get('/settlements/:id/lines', (ctx) => {
    const { lines } = find(state.settlements, ctx.params['id'] ?? '', isLive(ctx));
    const { items, meta } = paged(lines, pageNumber(ctx), state.options.linesPageSize ?? PAGE_SIZE);
    ctx.body = { lines: items, meta };
  });
}

function webhookRoutes(router: Router, { webhooks }: MoyasarState): void {
  const shown = (id: string): unknown => {
    const target = webhooks.targets.get(id);
    if (!target) throw new Refusal(404, 'Object not found');
    return { id: target.id, http_method: target.method.toLowerCase(), url: target.url, events: target.events ?? EVENTS };
  };
  router.post('/webhooks', (ctx) => {
    const { url, http_method, shared_secret, events } = parse(webhookBody, ctx.request.body);
    ctx.body = shown(webhooks.add({ url, method: http_method, secret: shared_secret, events }).id);
    ctx.status = 201;
  });
  router.get('/webhooks', (ctx) => {
    ctx.body = { webhooks: [...webhooks.targets.keys()].map(shown) };
  });
  router.get('/webhooks/available_events', (ctx) => {
    ctx.body = { events: EVENTS };
  });
  router.get('/webhooks/attempts', (ctx) => {
    ctx.body = { webhook_attempts: webhooks.attempts() };
  });
  router.get('/webhooks/attempts/:id', (ctx) => {
    const attempt = webhooks.attempts().find(({ id }) => id === ctx.params['id']);
    if (!attempt) throw new Refusal(404, 'Object not found');
    ctx.body = attempt;
  });
  router.get('/webhooks/:id', (ctx) => {
    ctx.body = shown(ctx.params['id'] ?? '');
  });
  router.delete('/webhooks/:id', (ctx) => {
    webhooks.targets.delete(ctx.params['id'] ?? '');
    ctx.status = 204;
  });
}

function ofMode<T extends { live: boolean }>(records: ReadonlyMap<string, T>, live: boolean): T[] {
  return [...records.values()].filter((record) => record.live === live);
}

/** Newest first, within `created[gt]` and `created[lt]`, one page. */
function listed<T extends { created_at: string }>(state: MoyasarState, ctx: Context, items: readonly T[]): ReturnType<typeof paged<T>> {
  const wanted = items.filter(({ created_at }) => between(created_at, queryText(ctx, 'created[gt]'), queryText(ctx, 'created[lt]')));
  return paged(wanted.reverse(), pageNumber(ctx), state.options.pageSize ?? PAGE_SIZE);
}

function between(at: string, after: string | undefined, before: string | undefined): boolean {
  const moment = Date.parse(at);
  if (after !== undefined && moment <= Date.parse(after)) return false;
  return before === undefined || moment < Date.parse(before);
}

function pageNumber(ctx: Context): number {
  const page = Number(queryText(ctx, 'page') ?? '1');
  return Number.isInteger(page) && page > 0 ? page : 1;
}

function queryText(ctx: Context, name: string): string | undefined {
  const value = ctx.query[name];
  return Array.isArray(value) ? value[0] : value;
}
