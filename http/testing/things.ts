/** Endpoints that do nothing but show what happens around them. */
import { Readable } from 'node:stream';
import type { ExecutionContext } from 'ava';
import { z } from 'zod';
import { Fault } from '../../engine/fault.ts';
import { endpoint } from '../endpoint.ts';
import type { Endpoint, Reply } from '../endpoint.ts';
import { amountText, currencyText, withMinor } from '../money.ts';
import { pageQuery } from '../paging.ts';
import { problem } from '../problem.ts';
import { serve, tokenOf } from './served.ts';
import type { Served, ServeOptions } from './served.ts';

interface Gate {
  readonly entered: Promise<void>;
  readonly open: () => void;
}

function createGate(): Gate & { readonly pass: () => Promise<void> } {
  let enter = (): void => undefined;
  let open = (): void => undefined;
  const entered = new Promise<void>((resolve) => (enter = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  return {
    entered,
    open,
    pass() {
      enter();
      return opened;
    },
  };
}

const FACTS = { tag: 'test', summary: 'Test', replies: { 200: { description: 'It' } } };
const money = z.strictObject({ amount: amountText, currency: currencyText }).transform(withMinor);

function inputs(): Endpoint[] {
  return [
    endpoint({
      ...FACTS,
      method: 'get',
      path: '/things/:id',
      access: 'client',
      params: z.object({ id: z.string() }),
      query: pageQuery,
      handle: ({ params, caller }) => Promise.resolve({ status: 200, body: { ...params, subject: caller.subject } }),
    }),
    endpoint({
      ...FACTS,
      method: 'post',
      path: '/things',
      access: 'client',
      keyed: true,
      body: money,
      handle: ({ body, key }) => Promise.resolve({ status: 201, body: { minor: body.minor.toString(), key } }),
    }),
    endpoint({
      ...FACTS,
      method: 'post',
      path: '/optional',
      access: 'client',
      body: z.strictObject({ at: z.string().optional() }),
      handle: () => Promise.resolve({ status: 202 }),
    }),
    endpoint({
      ...FACTS,
      method: 'get',
      path: '/ops/things',
      access: 'operator',
      handle: () => Promise.resolve({ status: 200, body: {} }),
    }),
  ];
}

function open(path: string, handle: Endpoint['handle']): Endpoint {
  return endpoint({ ...FACTS, method: 'get', path, access: 'public', handle });
}

function stream(source: Readable): Promise<Reply> {
  return Promise.resolve({ status: 200, stream: { type: 'text/event-stream', source } });
}

function others(gate: ReturnType<typeof createGate>): Endpoint[] {
  return [
    open('/slow', async () => {
      await gate.pass();
      return { status: 200, body: { done: true } };
    }),
    open('/broken', () => Promise.reject(new Error('a secret detail'))),
    open('/away', () => Promise.reject(new Fault({ code: 'redis_away', retry: 'later' }))),
    open('/full', () => Promise.reject(new Fault({ code: 'mailbox_full', retry: 'later' }))),
    open('/refused', () => Promise.reject(problem(409, 'not_now', 'Not now.'))),
    open('/failing-stream', () => stream(failing())),
    open('/stream', ({ signal }) => stream(endless(signal))),
  ];
}

function failing(): Readable {
  return new Readable({
    read() {
      this.destroy(new Error('the source broke'));
    },
  });
}

/** Says something once and then waits for its end. */
function endless(signal: AbortSignal): Readable {
  const stream = new Readable({ read: () => undefined });
  stream.push(': here\n\n');
  signal.addEventListener('abort', () => stream.push(null), { once: true });
  return stream;
}

export async function withServer(t: ExecutionContext, options: ServeOptions = {}): Promise<Served & { gate: Gate; alice: string }> {
  const gate = createGate();
  const served = await serve([...inputs(), ...others(gate)], options);
  t.teardown(() => served.close(0));
  return { ...served, gate, alice: await tokenOf('alice') };
}
