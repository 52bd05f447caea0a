// `ironwallet mocks`: the fake Moyasar and the fake bank, for anyone who develops against them.
import { startFakeAnb } from '../mocks/anb/server.ts';
import type { WebhookTargetOptions } from '../mocks/control/webhooks.ts';
import { startFakeMoyasar } from '../mocks/moyasar/server.ts';

export interface MocksOptions {
  readonly only?: 'moyasar' | 'anb';
  readonly host?: string;
  readonly port?: number;
  readonly publicUrl?: string;
}

export const DEVELOPMENT_ACCOUNT = '0108000000010016';
const PAYMENT_EVENTS = ['paid', 'failed', 'voided', 'authorized', 'captured', 'refunded', 'canceled', 'expired'].map(
  (name) => `payment_${name}`,
);

type Environment = Readonly<Record<string, string | undefined>>;

/** Serves until the process ends. With both, `port` is Moyasar's and the bank takes the next one. */
export async function mocks(options: MocksOptions, env: Environment = process.env): Promise<void> {
  const { host, port } = options;
  const bankPort = port === undefined || options.only === 'anb' ? port : port + 1;
  const servers = [
    ...(options.only === 'anb' ? [] : [moyasar({ host, port, publicUrl: options.publicUrl }, env)]),
    ...(options.only === 'moyasar' ? [] : [bank({ host, port: bankPort }, env)]),
  ];
  const started = await Promise.all(servers);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void Promise.all(started.map((server) => server.close())).then(() => process.exit(0)));
  }
}

interface Place {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly publicUrl?: string | undefined;
}

async function moyasar(place: Place, env: Environment) {
  const key = set(env['MOYASAR_SECRET_KEY']);
  const webhooks = urls(env['MOYASAR_WEBHOOK_URLS']).map((url) => target(url, set(env['MOYASAR_WEBHOOK_SECRET'])));
  const server = await startFakeMoyasar({ ...place, webhooks, ...(key === undefined ? {} : { secretKeys: [key] }) });
  process.stdout.write(`fake Moyasar at ${server.url}, what it can be told: ${server.url}/control\n`);
  return server;
}

async function bank({ host, port }: Place, env: Environment) {
  const server = await startFakeAnb({
    ...{ host, port, clientId: set(env['ANB_CLIENT_ID']), clientSecret: set(env['ANB_CLIENT_SECRET']) },
    accounts: [{ accountNumber: set(env['ANB_ACCOUNT_NUMBER']) ?? DEVELOPMENT_ACCOUNT }],
    webhooks: urls(env['ANB_WEBHOOK_URLS']).map((url) => ({ url })),
  });
  process.stdout.write(`fake bank at ${server.url}, what it can be told: ${server.url}/control\n`);
  return server;
}

/** The address for settlements gets only those. */
export function target(url: string, secret: string | undefined): WebhookTargetOptions {
  return { url, secret, events: url.endsWith('/settlements') ? ['balance_transferred'] : PAYMENT_EVENTS };
}

export function urls(list: string | undefined): string[] {
  return (list ?? '').split(',').flatMap((url) => (url.trim() === '' ? [] : [url.trim()]));
}

function set(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}
