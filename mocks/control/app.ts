import type Router from '@koa/router';
import Koa, { type Middleware } from 'koa';
import bodyParser from 'koa-bodyparser';
import { faultMiddleware, type Faults } from './faults.ts';
import { Refusal } from './refusal.ts';

/** Room for a list of a million numbers in one control call. */
const BODY_LIMIT = '64mb';

export interface FakeApp {
  faults: Faults;
  routers: readonly Router[];
  /** The provider's own error body. */
  errorBody: (status: number, refusal?: Refusal) => unknown;
}

/** A Koa application with faults around the provider's routes and every error in the provider's own shape. */
export function createApp({ faults, routers, errorBody }: FakeApp): Koa {
  const app = new Koa();
  app.use(errors(errorBody));
  app.use(faultMiddleware(faults, (status) => errorBody(status)));
  app.use(bodyParser({ enableTypes: ['json', 'form'], jsonLimit: BODY_LIMIT, formLimit: BODY_LIMIT, strict: true }));
  for (const router of routers) app.use(router.routes());
  app.use((ctx) => {
    ctx.status = 404;
    ctx.body = errorBody(404);
  });
  return app;
}

function errors(errorBody: FakeApp['errorBody']): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const status = statusOf(error);
      ctx.status = status;
      ctx.body = error instanceof Refusal ? errorBody(status, error) : errorBody(status);
      if (status >= 500 && !(error instanceof Refusal))
        process.stderr.write(`fake server: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    }
  };
}

/** Refusals and the body parser's errors carry a status; anything else is a bug of the fake. */
function statusOf(error: unknown): number {
  if (error instanceof Error && 'status' in error && typeof error.status === 'number') return error.status;
  return 500;
}
