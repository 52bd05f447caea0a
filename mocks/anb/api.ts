import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { Refusal } from '../control/refusal.ts';
import { jsonNumber } from './money.ts';
import { endOfDay, mt942 } from './mt.ts';
import { pay } from './payments.ts';
import { localTime, type AnbState } from './state.ts';
import { readOffset, statementText } from './statement.ts';

const PAGE_SIZE = 20;
const TOKEN_TTL_MS = 1_800_000;
const TOKEN_PATH = '/v1/b2b-auth/oauth/accesstoken';

/** The bank's routes, with its token. */
export function apiRouter(state: AnbState): Router {
  const router = new Router();
  router.post(TOKEN_PATH, (ctx) => {
    ctx.body = issueToken(state, ctx);
  });
  const bearer = authentication(state);
  const statement = (ctx: Context): void => {
    sendStatement(state, ctx);
  };
  router.get('/v1/report/account/statement', bearer, statement);
  router.get('/v2/report/account/statement', bearer, statement);
  router.get('/v1/report/account/balance', bearer, (ctx) => {
    const accountNumber = accountOf(state, ctx);
    ctx.type = 'json';
    ctx.body = `{"accountNumber":"${accountNumber}","currency":"SAR","clearedBalance":${jsonNumber(state.ledger.balance(accountNumber))}}`;
  });
  router.get('/v1/report/eod-statement', bearer, (ctx) => {
    ctx.body = endOfDayPage(state, ctx);
  });
  router.post('/v1/payment/json', bearer, (ctx) => {
    ctx.body = pay(state, ctx.request.body);
  });
  router.get('/v1/payment/:id', bearer, (ctx) => {
    const payment = state.payments.get(ctx.params['id'] ?? '');
    if (!payment) throw new Refusal(404, 'Payment not found');
    ctx.body = payment;
  });
  return router;
}

/** The bank has two shapes: what its gateway refuses, and what its service refuses. */
export function errorBody(status: number, refusal?: Refusal): unknown {
  const message = refusal?.message ?? MESSAGES[status] ?? 'Internal server error';
  return status === 401 || status === 403 ? { error: { message } } : { message };
}

const MESSAGES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Invalid or expired token',
  403: 'Forbidden',
  404: 'Not found',
  429: 'Too many requests',
  503: 'Service unavailable',
};

function issueToken(state: AnbState, ctx: Context): unknown {
  if (!ctx.is('application/x-www-form-urlencoded')) throw new Refusal(400, 'Unsupported content type');
  const form: unknown = ctx.request.body;
  const value = (name: string): unknown =>
    typeof form === 'object' && form !== null ? Object.entries(form).find(([key]) => key === name)?.[1] : undefined;
  if (value('grant_type') !== 'client_credentials') throw new Refusal(400, 'Unsupported grant type');
  const { clientId = 'mock-client', clientSecret = 'mock-secret', tokenTtlMs = TOKEN_TTL_MS } = state.options;
  if (value('client_id') !== clientId || value('client_secret') !== clientSecret) throw new Refusal(401, 'Invalid client credentials');
  const token = state.random.uuid().replaceAll('-', '');
  state.tokens.set(token, { expires: state.clock.now().getTime() + tokenTtlMs, calls: 0 });
  return { access_token: token, token_type: 'Bearer', expires_in: Math.floor(tokenTtlMs / 1_000) };
}

function authentication(state: AnbState): Middleware {
  return async (ctx, next) => {
    const value = /^Bearer (.+)$/.exec(ctx.get('authorization'))?.[1] ?? '';
    const token = state.tokens.get(value);
    const { tokenCalls = Number.POSITIVE_INFINITY } = state.options;
    if (!token || token.expires <= state.clock.now().getTime() || token.calls >= tokenCalls) {
      state.tokens.delete(value);
      throw new Refusal(401, 'Invalid or expired token');
    }
    token.calls += 1;
    await next();
  };
}

function sendStatement(state: AnbState, ctx: Context): void {
  const accountNumber = accountOf(state, ctx);
  const from = dateOf(ctx, 'fromDate');
  const to = queryText(ctx, 'toDate') === undefined ? localTime(state).date : dateOf(ctx, 'toDate');
  if (from > to) throw new Refusal(400, 'fromDate is after toDate');
  const offset = queryText(ctx, 'offset');
  const after = offset === undefined || offset === '' ? undefined : readOffset(offset);
  if (offset && !after) throw new Refusal(400, 'Invalid offset');
  const page = state.ledger.page(accountNumber, { from, to, max: pageSize(state, ctx), after });
  if (queryText(ctx, 'type') === 'JSON') {
    ctx.type = 'json';
    ctx.body = statementText(state.ledger, { accountNumber, from, to }, page);
    return;
  }
  ctx.type = 'text/plain';
  ctx.body = mt942({ accountNumber, date: to, rows: page.rows, opening: page.pageOpening, closing: page.closing });
}

function pageSize(state: AnbState, ctx: Context): number {
  const most = state.options.pageSizeMax ?? PAGE_SIZE;
  const asked = Number(queryText(ctx, 'max') ?? PAGE_SIZE);
  if (!Number.isInteger(asked) || asked < 1) throw new Refusal(400, 'max is invalid');
  return Math.min(asked, most);
}

function endOfDayPage(state: AnbState, ctx: Context): unknown {
  const page = Math.max(1, Number(queryText(ctx, 'page') ?? '1') || 1);
  const take = Math.max(1, Number(queryText(ctx, 'take') ?? '10') || 10);
  const date = queryText(ctx, 'date');
  const all = state.ledger.accounts().flatMap((accountNumber) =>
    state.ledger
      .days(accountNumber)
      .filter((day) => date === undefined || day.date === date)
      .map((day) => ({ id: `${accountNumber}-${day.date}`, accountNumber, date: day.date })),
  );
  if (queryText(ctx, 'order') === 'DESC') all.reverse();
  const data = all
    .slice((page - 1) * take, page * take)
    .map((each) => ({ ...each, statement: endOfDay(state.ledger, each.accountNumber, each.date) }));
  const pageCount = Math.ceil(all.length / take);
  return { data, meta: { page, take, itemCount: all.length, pageCount, hasPreviousPage: page > 1, hasNextPage: page < pageCount } };
}

function accountOf(state: AnbState, ctx: Context): string {
  const accountNumber = queryText(ctx, 'accountNumber') ?? '';
  if (!/^\d{16}$/.test(accountNumber)) throw new Refusal(400, 'accountNumber is invalid');
  if (!state.ledger.has(accountNumber)) throw new Refusal(404, 'Account not found');
  return accountNumber;
}

function dateOf(ctx: Context, name: string): string {
  const text = queryText(ctx, name) ?? '';
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text))) throw new Refusal(400, `${name} is invalid`);
  return text;
}

function queryText(ctx: Context, name: string): string | undefined {
  const value = ctx.query[name];
  return Array.isArray(value) ? value[0] : value;
}
