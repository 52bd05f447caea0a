import type { ExecutionContext } from 'ava';
import { fakeMoyasarControl, type FakeMoyasarControl } from '../../control/client.ts';
import { startReceiver, type Receiver } from '../../control/receiver.ts';
import { startFakeMoyasar, type FakeMoyasar } from '../server.ts';
import type { FakeMoyasarOptions } from '../state.ts';
import type { Invoice } from '../wire.ts';

export interface Answer<T> {
  status: number;
  body: T;
}
export interface Envelope {
  id: string;
  type: string;
  created_at: string;
  secret_token: string;
  account_name: string;
  live: boolean;
  data: { id: string; status?: string; amount: number; transaction_count?: number };
}
export interface Provider {
  server: FakeMoyasar;
  control: FakeMoyasarControl;
  merchant: Receiver;
  /** `GET /payments`; the path is under `/v1`. */
  call: <T>(route: string, body?: unknown, key?: string) => Promise<Answer<T>>;
  invoice: (change?: object) => Promise<Invoice>;
  events: () => Promise<Envelope[]>;
}

export async function provider(t: ExecutionContext, options: FakeMoyasarOptions = {}): Promise<Provider> {
  const merchant = await startReceiver();
  const server = await startFakeMoyasar({
    seed: 7,
    secretKeys: ['sk_test_mock', 'sk_live_mock'],
    webhooks: [{ url: merchant.url, secret: 'test-shared-secret' }],
    ...options,
  });
  t.teardown(async () => {
    await server.close();
    await merchant.close();
  });
  const control = fakeMoyasarControl(server.url);
  const call: Provider['call'] = async <T>(route: string, body?: unknown, key = 'sk_test_mock'): Promise<Answer<T>> => {
    const [method = '', path = ''] = route.split(' ');
    const headers = { authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}`, 'content-type': 'application/json' };
    const response = await fetch(
      `${server.url}/v1${path}`,
      body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) },
    );
    return { status: response.status, body: JSON.parse((await response.text()) || 'null') as T };
  };
  const invoice: Provider['invoice'] = async (change = {}) =>
    (await call<Invoice>('POST /invoices', { amount: 10_000, currency: 'SAR', description: 'Wallet top-up', ...change })).body;
  const events: Provider['events'] = async () => {
    await control.flushWebhooks();
    return merchant.received.map(({ text }) => JSON.parse(text) as Envelope);
  };
  return { server, control, merchant, call, invoice, events };
}

export const CARD = { type: 'creditcard', name: 'Test Person', number: '4201320111111010', month: 12, year: 2030, cvc: '123' };
