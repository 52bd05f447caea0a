import test, { type ExecutionContext } from 'ava';
import { startFakeMoyasar } from '../moyasar/server.ts';
import type { FakeMoyasarOptions } from '../moyasar/state.ts';
import { ControlError, fakeMoyasarControl, type FakeMoyasarControl } from './client.ts';
import { seededRandom } from './random.ts';
import { startReceiver, type Receiver } from './receiver.ts';

interface Stage {
  control: FakeMoyasarControl;
  merchant: Receiver;
  /** The answer's status, or what went wrong with it. */
  call: (method: string, path: string, body?: unknown) => Promise<number | 'lost' | 'unreadable'>;
  pay: () => Promise<string>;
}

async function stage(t: ExecutionContext, options: FakeMoyasarOptions = {}): Promise<Stage> {
  const merchant = await startReceiver();
  const server = await startFakeMoyasar({ seed: 7, webhooks: [{ url: merchant.url, secret: 's' }], ...options });
  t.teardown(async () => {
    await server.close();
    await merchant.close();
  });
  const control = fakeMoyasarControl(server.url);
  const call: Stage['call'] = async (method, path, body) => {
    const headers = { authorization: `Basic ${Buffer.from('sk_test_mock:').toString('base64')}`, 'content-type': 'application/json' };
    const response = await fetch(
      server.url + path,
      body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) },
    ).catch(() => undefined);
    if (!response) return 'lost';
    const text = await response.text();
    try {
      JSON.parse(text);
    } catch {
      return 'unreadable';
    }
    return response.status;
  };
  const pay = async (): Promise<string> => {
    await call('POST', '/v1/invoices', INVOICE);
    const open = (await control.invoices()).find(({ status }) => status === 'initiated');
    return (await control.pay(open?.id ?? '')).id;
  };
  return { control, merchant, call, pay };
}

const INVOICE = { amount: 10_000, currency: 'SAR', description: 'x' };

test('the same seed draws the same numbers, evenly enough', (t) => {
  const one = seededRandom(42);
  const other = seededRandom(42);
  const drawn = Array.from({ length: 10_000 }, () => one.next());
  t.deepEqual(
    drawn.slice(0, 100),
    Array.from({ length: 100 }, () => other.next()),
  );
  const mean = drawn.reduce((sum, each) => sum + each, 0) / drawn.length;
  t.true(Math.abs(mean - 0.5) < 0.02, `${mean}`);
  t.regex(one.uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('a fault fails one route with the status asked for, as often as asked, then lets it pass', async (t) => {
  const { control, call } = await stage(t);
  await control.faults({ route: 'GET /v1/payments/:id', kind: 'fail', status: 429, skip: 1, times: 2 });
  const seen = [];
  for (let count = 0; count < 4; count += 1) seen.push(await call('GET', '/v1/payments/unknown'));
  t.deepEqual(seen, [404, 429, 429, 404]);
  t.is(await call('GET', '/v1/payments'), 200);
  const [fault] = await control.faultList();
  t.is(fault?.seen, 4);
  t.is(fault?.fired, 2);
});

test('probability comes from a seed, so that two runs fail alike', async (t) => {
  const runs = [];
  for (let run = 0; run < 2; run += 1) {
    const { control, call } = await stage(t);
    await control.faults({ route: '*', kind: 'fail', probability: 0.5, seed: 3 });
    const seen = [];
    for (let count = 0; count < 20; count += 1) seen.push(await call('GET', '/v1/payments'));
    runs.push(seen);
  }
  t.deepEqual(runs[0], runs[1]);
  t.true(runs[0]?.includes(200) && runs[0].includes(500));
});

test('a dropped answer leaves the work done, a dropped request leaves it undone', async (t) => {
  const { control, call } = await stage(t);
  await control.faults({ route: 'POST /v1/invoices', kind: 'drop', times: 1 });
  t.is(await call('POST', '/v1/invoices', INVOICE), 'lost');
  t.is((await control.invoices()).length, 1);
  await control.faults({ route: 'POST *', kind: 'drop', when: 'before', times: 1 });
  t.is(await call('POST', '/v1/invoices', INVOICE), 'lost');
  t.is((await control.invoices()).length, 1);
  t.is(await call('POST', '/v1/invoices', INVOICE), 201);
});

test('a failure after the work answers an error for something that was done', async (t) => {
  const { control, call } = await stage(t);
  await control.faults({ route: 'POST /v1/*', kind: 'fail', status: 503, when: 'after', times: 1 });
  t.is(await call('POST', '/v1/invoices', INVOICE), 503);
  t.is((await control.invoices()).length, 1);
});

test('a malformed answer is half of one', async (t) => {
  const { control, call } = await stage(t);
  await control.faults({ route: '* /v1/payments', kind: 'malformed', times: 1 });
  t.is(await call('GET', '/v1/payments'), 'unreadable');
  t.is(await call('GET', '/v1/payments'), 200);
});

test('a delayed answer comes late and does not outlive the server', async (t) => {
  const { control, call } = await stage(t);
  await control.faults({ route: '*', kind: 'delay', ms: 30, times: 1 });
  const before = performance.now();
  t.is(await call('GET', '/v1/payments'), 200);
  t.true(performance.now() - before >= 25);
  await control.faults({ route: '*', kind: 'delay', ms: 600_000 });
  void call('GET', '/v1/payments');
  await new Promise((resolve) => setImmediate(resolve));
  t.is((await control.faultList()).length, 2);
});

test('faults are removed one by one or all, and impossible ones are refused', async (t) => {
  const { control, call } = await stage(t);
  const { id } = await control.faults({ route: '*', kind: 'fail' });
  await control.faults({ route: '*', kind: 'fail' });
  t.is(await control.clearFaults(id), 1);
  t.is(await control.clearFaults(), 1);
  t.is(await call('GET', '/v1/payments'), 200);
  await t.throwsAsync(control.faults({ route: 'GET /v1/payments', kind: 'reorder' }), { instanceOf: ControlError });
  await t.throwsAsync(control.faults({ route: '*', kind: 'fail', probability: 2 }), { instanceOf: ControlError });
});

test('a webhook without a 2xx is retried five times with the same body, then dropped', async (t) => {
  const { control, merchant, pay } = await stage(t, { webhookRetriesMs: [1, 1, 1, 1, 1] });
  merchant.answers.splice(0, 1, 500, 302, 404, 500, 500, 500, 200);
  await pay();
  while (merchant.received.length < 6) await new Promise((resolve) => setTimeout(resolve, 2));
  await control.flushWebhooks();
  const { attempts, retriesWaiting } = await control.webhooks();
  t.is(retriesWaiting, 0);
  t.deepEqual(
    attempts.map(({ retry_number, result, response_code }) => [retry_number, result, response_code]),
    [
      [0, 'failed', 500],
      [1, 'failed', 302],
      [2, 'failed', 404],
      [3, 'failed', 500],
      [4, 'failed', 500],
      [5, 'failed', 500],
    ],
  );
  t.is(new Set(merchant.received.map(({ text }) => text)).size, 1);
});

test('a retry stops at the first 2xx', async (t) => {
  const { control, merchant, pay } = await stage(t);
  merchant.answers.splice(0, 1, 500, 200);
  await pay();
  await control.flushWebhooks();
  t.is((await control.webhooks()).retriesWaiting, 1);
  await control.hurryWebhooks();
  t.deepEqual(
    (await control.webhooks()).attempts.map(({ result }) => result),
    ['failed', 'success'],
  );
});

test('a webhook is duplicated', async (t) => {
  const { control, merchant, pay } = await stage(t);
  await control.faults({ route: 'WEBHOOK payment_paid', kind: 'duplicate' });
  await pay();
  await control.flushWebhooks();
  t.is(merchant.received.length, 2);
  t.is(merchant.received[0]?.text, merchant.received[1]?.text);
});

test('a webhook is lost for good, or its answer is lost and it comes again', async (t) => {
  const { control, merchant, pay } = await stage(t);
  await control.faults({ route: 'WEBHOOK *', kind: 'drop', when: 'before', times: 1 });
  await pay();
  await control.flushWebhooks();
  t.is(merchant.received.length, 0);
  t.is((await control.webhooks()).retriesWaiting, 0);
  await control.faults({ route: 'WEBHOOK *', kind: 'drop', times: 1 });
  await pay();
  await control.flushWebhooks();
  await control.hurryWebhooks();
  t.is(merchant.received.length, 2);
});

test('a webhook that fails at the provider is retried', async (t) => {
  const { control, merchant, pay } = await stage(t);
  await control.faults({ route: 'WEBHOOK *', kind: 'fail', times: 1 });
  await pay();
  await control.flushWebhooks();
  t.is(merchant.received.length, 0);
  await control.hurryWebhooks();
  t.is(merchant.received.length, 1);
});

test('a webhook is overtaken by the next one', async (t) => {
  const { control, merchant, pay } = await stage(t);
  await control.faults({ route: 'WEBHOOK payment_paid', kind: 'reorder', ms: 600_000 });
  const id = await pay();
  await control.refund(id);
  await control.flushWebhooks();
  const types = merchant.received.map(({ text }) => (JSON.parse(text) as { type: string }).type);
  t.deepEqual(types, ['payment_refunded', 'payment_paid']);
});

test('a webhook is delayed, or cut in half', async (t) => {
  const { control, merchant, pay } = await stage(t);
  await control.faults({ route: 'WEBHOOK *', kind: 'delay', ms: 5, times: 1 });
  await control.faults({ route: 'WEBHOOK *', kind: 'malformed', times: 1 });
  await pay();
  await control.flushWebhooks();
  t.throws(() => JSON.parse(merchant.received[0]?.text ?? '{}') as unknown);
});

test('targets come and go, choose their events and may be dead', async (t) => {
  const { control, merchant, pay } = await stage(t);
  await control.removeWebhooks();
  await pay();
  await control.addWebhook({ url: merchant.url, events: ['balance_transferred'] });
  await control.addWebhook({ url: 'http://127.0.0.1:9/dead' });
  await pay();
  await control.flushWebhooks();
  t.is(merchant.received.length, 0);
  const { attempts, events } = await control.webhooks();
  t.is(attempts.length, 1);
  t.is(attempts[0]?.response_code, null);
  await control.removeWebhooks();
  await control.addWebhook({ url: merchant.url });
  await control.resendEvent(events[0]?.id ?? '');
  await control.flushWebhooks();
  t.is(merchant.received.length, 1);
});
