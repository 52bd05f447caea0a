/** The outside world of a history: bank and card provider (the fakes, on simulated time), the network to them, and their webhooks. */
import type Koa from 'koa';
import { createState as createAnbState } from '../mocks/anb/state.ts';
import { apiRouter as anbApi, errorBody as anbError } from '../mocks/anb/api.ts';
import type { AnbState } from '../mocks/anb/state.ts';
import { createApp } from '../mocks/control/app.ts';
import type { WebhookEvent } from '../mocks/control/webhooks.ts';
import { apiRouter as moyasarApi, errorBody as moyasarError } from '../mocks/moyasar/api.ts';
import { createState as createMoyasarState } from '../mocks/moyasar/state.ts';
import type { MoyasarState } from '../mocks/moyasar/state.ts';
import type { Fetch } from '../providers/calls.ts';
import { EPOCH_MS } from './life.ts';
import type { Life } from './life.ts';
import { callApp } from './net.ts';
import type { World } from './world.ts';

export const MOYASAR_URL = 'http://moyasar.simulated';
export const ANB_URL = 'http://anb.simulated';
export const ACCOUNT = '0108000000010016';
export const SECRET_KEY = 'sk_test_simulated';
export const WEBHOOK_SECRET = 'a-simulated-secret';
export const ANB_PATH_SECRET = 'a-simulated-secret-path';

const LATENCY_MS = 40;
const HANG_MS = 12_000;
const WEBHOOK_DELAY_MS = 3_000;

export interface Outside {
  readonly moyasar: MoyasarState;
  readonly bank: AnbState;
  /** Until then provider calls fail, hang, lose their answer or are cut in half, at this probability. */
  trouble: { untilMs: number; probability: number };
  /** Minor units, not positive: what the provider takes from its next payout, because refunds were more than payments. */
  carried: number;
  /** The network as this process has it. */
  fetchOf(life: Life): Fetch;
  /** Events since the last call, each with the path that it is sent to. */
  newEvents(): { readonly path: string; readonly body: string; readonly type: string }[];
}

export function createOutside(world: World, seed: number): Outside {
  const clock = { now: () => new Date(EPOCH_MS + world.nowMs()), set: () => undefined };
  const moyasar = createMoyasarState({ seed, clock, secretKeys: [SECRET_KEY], transferFee: 0, transferFeeTax: 0 }, () => MOYASAR_URL);
  moyasar.faults.add({ route: 'WEBHOOK invoice_callback', kind: 'drop' }); // it would be sent over a real socket
  const bank = createAnbState({ seed: seed + 1, clock, accounts: [{ accountNumber: ACCOUNT }] });
  const apps = new Map([
    [MOYASAR_URL, createApp({ faults: moyasar.faults, routers: [moyasarApi(moyasar)], errorBody: moyasarError })],
    [ANB_URL, createApp({ faults: bank.faults, routers: [anbApi(bank)], errorBody: anbError })],
  ]);
  const seen = { moyasar: 0, bank: 0 };
  const outside: Outside = {
    moyasar,
    bank,
    trouble: { untilMs: 0, probability: 0 },
    carried: 0,
    fetchOf: (life) => (url, init) => overTheNet({ world, life, outside, apps }, url, init),
    newEvents() {
      const paid = moyasar.webhooks.events().slice(seen.moyasar);
      const posted = bank.webhooks.events().slice(seen.bank);
      seen.moyasar += paid.length;
      seen.bank += posted.length;
      return [
        ...paid.map((event) => webhookOf(event, moyasarPath(event.type))),
        ...posted.map((event) => webhookOf(event, `/webhooks/anb/${ANB_PATH_SECRET}`)),
      ];
    },
  };
  return outside;
}

function moyasarPath(type: string): string {
  return type === 'balance_transferred' ? '/webhooks/moyasar/settlements' : '/webhooks/moyasar';
}

function webhookOf(event: WebhookEvent, path: string) {
  const target = { id: 'simulated', url: path, method: 'POST', secret: WEBHOOK_SECRET, headers: {}, events: null };
  return { path, body: event.body(target), type: event.type };
}

interface Net {
  readonly world: World;
  readonly life: Life;
  readonly outside: Outside;
  readonly apps: ReadonlyMap<string, Koa>;
}

type Answered = Awaited<ReturnType<Fetch>>;

/** One request: it may not arrive, be answered by an error, be done without an answer, or be answered in half. */
function overTheNet({ world, life, outside, apps }: Net, url: string, init: RequestInit): Promise<Answered> {
  const { random } = world;
  const { pathname, search, origin } = new URL(url);
  const app = apps.get(origin);
  if (app === undefined) throw new TypeError(`nobody is at ${origin}`);
  const { untilMs, probability } = outside.trouble;
  const hit = world.nowMs() < untilMs && random.next() < probability ? random.integer(1, 5) : 0;
  if (hit > 0) world.trace(() => `${life.name}: ${init.method ?? 'GET'} ${pathname}: ${TROUBLES[hit] ?? ''}`);
  const body = typeof init.body === 'string' ? init.body : '';
  const headers = init.headers as Record<string, string>;
  const listening = new AbortController();
  const answered = new Promise<Answered>((resolve, reject) => {
    const cut = (inMs: number): void => void life.later(inMs, () => reject(new TypeError('fetch failed')));
    init.signal?.addEventListener('abort', () => reject(new TypeError('aborted')), { signal: listening.signal });
    if (hit === 1) return cut(random.integer(0, LATENCY_MS));
    world.at(random.integer(1, LATENCY_MS), () => {
      const work =
        hit === 2 ? Promise.resolve(failed()) : callApp(app, { method: init.method ?? 'GET', path: `${pathname}${search}`, headers, body });
      work.then(
        (told) => {
          if (hit === 3) return cut(random.integer(0, LATENCY_MS));
          if (hit === 4) return cut(HANG_MS);
          const text = hit === 5 ? told.text.slice(0, Math.floor(told.text.length / 2)) : told.text;
          life.later(random.integer(1, LATENCY_MS), () =>
            resolve({ status: told.status, headers: told.headers, text: () => Promise.resolve(text) }),
          );
        },
        () => cut(0),
      );
    });
  });
  return answered.finally(() => listening.abort('answered'));
}

const TROUBLES = ['', 'cut before it arrived', 'refused with 500', 'answer lost', 'hangs', 'cut in half'];

function failed() {
  return { status: 500, text: '{}', headers: new Headers() };
}

/** When webhooks go out: more than once, late, out of order, or never, as the seed says. */
export function webhookMoments(world: World, { lossy, type }: { readonly lossy: number; readonly type: string }): number[] {
  const { random } = world;
  // Nothing but its webhook and the next settlement tells of a refund.
  const copies = random.next() < lossy && type !== 'payment_refunded' ? 0 : random.next() < lossy ? 2 : 1;
  return Array.from({ length: copies }, () => random.integer(1, random.next() < lossy ? WEBHOOK_DELAY_MS * 5 : 50));
}
