import Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { Refusal } from '../control/refusal.ts';
import { DECLINED_CARD, PAYING_CARD } from './cards.ts';
import { payInvoice, refresh } from './invoices.ts';
import { settlementCsv } from './settlements.ts';
import { find, type MoyasarState } from './state.ts';
import type { Invoice, Payment } from './wire.ts';

const payForm = z.object({
  card: z
    .string()
    .regex(/^[\d ]{15,23}$/)
    .optional(),
  action: z.enum(['pay', 'decline']).default('pay'),
});

/** The hosted page where a person pays, and the files of a settlement. */
export function checkoutRouter(state: MoyasarState): Router {
  const router = new Router();
  router.get('/invoices/:id', (ctx) => {
    show(ctx, page(refresh(state, find(state.invoices, ctx.params['id'] ?? '', null))));
  });
  router.post('/invoices/:id', async (ctx) => {
    await pay(state, ctx, ctx.params['id'] ?? '');
  });
  router.get('/settlements/:id/list.csv', (ctx) => {
    ctx.body = settlementCsv(state, find(state.settlements, ctx.params['id'] ?? '', null));
    ctx.type = 'text/csv';
  });
  return router;
}

async function pay(state: MoyasarState, ctx: Context, id: string): Promise<void> {
  const record = find(state.invoices, id, null);
  const form = payForm.safeParse(ctx.request.body ?? {});
  if (!form.success) throw new Refusal(400, 'Validation Failed', { card: ['is invalid'] });
  if (refresh(state, record).status !== 'initiated') {
    show(ctx, page(record.invoice));
    return;
  }
  const card = form.data.action === 'decline' ? DECLINED_CARD : form.data.card?.replaceAll(' ', '');
  const { payment } = await payInvoice(state, record, { card });
  const { success_url } = record.invoice;
  if (payment.status === 'paid' && success_url !== null) {
    ctx.redirect(withResult(success_url, payment));
    ctx.status = 303;
    return;
  }
  show(ctx, page(record.invoice, payment));
}

/** The customer's browser brings this back; it proves nothing. */
function withResult(successUrl: string, { id, status, source, invoice_id }: Payment): string {
  const url = new URL(successUrl);
  url.searchParams.set('id', id);
  url.searchParams.set('status', status);
  url.searchParams.set('message', source.message ?? '');
  url.searchParams.set('invoice_id', invoice_id ?? '');
  return url.toString();
}

function show(ctx: Context, html: string): void {
  ctx.type = 'html';
  ctx.body = html;
}

function page(invoice: Invoice, last?: Payment): string {
  const told = last ? `<p role="status">Payment ${escape(last.status)}: ${escape(last.source.message ?? '')}</p>` : '';
  const back = invoice.back_url === null ? '' : `<p><a href="${escape(invoice.back_url)}">Back to the merchant</a></p>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Pay ${escape(invoice.amount_format)}</title>
<style>body{font:16px system-ui,sans-serif;max-width:24rem;margin:3rem auto;padding:0 1rem}input,button{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;margin:.25rem 0}</style></head>
<body><h1>${escape(invoice.amount_format)}</h1><p>${escape(invoice.description)}</p>${told}
${invoice.status === 'initiated' ? form(invoice) : `<p role="status">This invoice is ${escape(invoice.status)}.</p>`}
${back}<p><small>A test page: no card is charged.</small></p></body></html>
`;
}

function form({ id }: Invoice): string {
  return `<form method="post" action="/invoices/${escape(id)}"><label>Test card <input name="card" value="${PAYING_CARD}" inputmode="numeric"></label>
<button name="action" value="pay">Pay</button><button name="action" value="decline">Decline</button></form>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
