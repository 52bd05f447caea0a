import Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import type { Clock } from './clock.ts';
import { faultSchema, type Faults } from './faults.ts';
import { Refusal } from './refusal.ts';
import type { Webhooks } from './webhooks.ts';

/** One thing that a person or a test can make a fake do. */
export interface ControlRoute {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  does: string;
  body: unknown;
  run(call: ControlCall): unknown;
}

export interface ControlCall {
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string>>;
  body: unknown;
}

interface Verb<Body> {
  method: ControlRoute['method'];
  path: string;
  does: string;
  body: z.ZodType<Body>;
  run(body: Body, call: ControlCall): unknown;
}

/** A route whose body is parsed by a schema; the schema is also its documentation. */
export function verb<Body>(of: Verb<Body>): ControlRoute {
  return {
    method: of.method,
    path: of.path,
    does: of.does,
    body: z.toJSONSchema(of.body, { io: 'input', unrepresentable: 'any' }),
    run(call) {
      const parsed = of.body.safeParse(call.body ?? {});
      if (!parsed.success) throw new Refusal(400, z.prettifyError(parsed.error));
      return of.run(parsed.data, call);
    },
  };
}

/** A route without a body. */
export function view(method: ControlRoute['method'], path: string, of: { does: string; run: ControlRoute['run'] }): ControlRoute {
  return { method, path, body: null, ...of };
}

/** Mounts the routes under `/control`, which itself lists them. */
export function controlRouter(routes: readonly ControlRoute[]): Router {
  const router = new Router({ prefix: '/control' });
  router.get('/', (ctx) => {
    ctx.body = { routes: routes.map(({ method, path, does, body }) => ({ method, path: `/control${path}`, does, body })) };
  });
  for (const route of routes) {
    router.register(route.path, [route.method], async (ctx) => {
      await answer(ctx, ctx.params, route);
    });
  }
  return router;
}

async function answer(ctx: Context, params: Readonly<Record<string, string>>, route: ControlRoute): Promise<void> {
  const query = Object.fromEntries(
    Object.entries(ctx.query).map(([name, value]) => [name, Array.isArray(value) ? (value[0] ?? '') : (value ?? '')]),
  );
  try {
    ctx.body = (await route.run({ params, query, body: ctx.request.body })) ?? { done: true };
    ctx.status = 200;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    ctx.status = error.status;
    ctx.body = { error: error.message };
  }
}

/** What both fakes have: their clock, faults and webhook deliveries. */
export function commonRoutes({ clock, faults, webhooks }: { clock: Clock; faults: Faults; webhooks: Webhooks }): ControlRoute[] {
  const copies = z.strictObject({ copies: z.int().positive().optional() });
  return [
    verb({
      method: 'POST',
      path: '/clock',
      does: "sets the fake's time (ISO text), null returns to real time",
      body: z.strictObject({ at: z.iso.datetime().nullable() }),
      run: ({ at }) => {
        clock.set(at);
        return { now: clock.now().toISOString() };
      },
    }),
    verb({ method: 'POST', path: '/faults', does: 'arms a fault', body: faultSchema, run: (rule) => faults.add(rule) }),
    view('GET', '/faults', { does: 'lists the faults with how often each was seen and fired', run: () => ({ faults: faults.list() }) }),
    view('DELETE', '/faults', { does: 'removes all faults', run: () => ({ removed: faults.remove() }) }),
    view('DELETE', '/faults/:id', { does: 'removes one fault', run: ({ params }) => ({ removed: faults.remove(params['id']) }) }),
    verb({
      method: 'POST',
      path: '/webhooks/targets',
      does: 'adds a webhook target',
      body: targetSchema,
      run: (target) => webhooks.add(target),
    }),
    view('DELETE', '/webhooks/targets', {
      does: 'removes all webhook targets',
      run: () => {
        webhooks.targets.clear();
      },
    }),
    view('GET', '/webhooks', { does: 'lists targets, events and delivery attempts, oldest first', run: () => listing(webhooks) }),
    verb({
      method: 'POST',
      path: '/webhooks/events/:id/resend',
      does: 'sends an event again, same id and body',
      body: copies,
      run: (body, { params }) => event(webhooks.resend(params['id'] ?? '', body.copies)),
    }),
    view('POST', '/webhooks/hurry', {
      does: 'makes every waiting retry happen now',
      run: async () => {
        webhooks.hurry();
        await webhooks.idle();
      },
    }),
    view('POST', '/webhooks/flush', { does: 'waits until nothing is being sent', run: () => webhooks.idle() }),
  ];
}

const targetSchema = z.strictObject({
  url: z.url(),
  secret: z.string().optional(),
  method: z.enum(['POST', 'PUT', 'PATCH']).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  events: z.array(z.string()).optional(),
});

export interface WebhookListing {
  targets: unknown[];
  events: { id: string; type: string; createdAt: string; data: unknown }[];
  attempts: ReturnType<Webhooks['attempts']>;
  retriesWaiting: number;
}

function listing(webhooks: Webhooks): WebhookListing {
  return {
    targets: [...webhooks.targets.values()],
    events: webhooks.events().map(event),
    attempts: webhooks.attempts(),
    retriesWaiting: webhooks.retriesWaiting(),
  };
}

function event({ id, type, createdAt, data }: ReturnType<Webhooks['resend']>): WebhookListing['events'][number] {
  return { id, type, createdAt, data };
}
