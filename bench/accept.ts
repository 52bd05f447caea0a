/**
 * Top-up requests at a constant rate from another process, answered with the actor's own decision: p50, p99, errors. The gateway is a process
 * of its own, the other roles are another; what the requests lead to (payments, invoices at the fake provider) goes on meanwhile.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { makeToken } from '../cli/token.ts';
import { startRole } from '../tests/support/processes.ts';
import { callApi, startSystem } from '../tests/support/system.ts';
import { lastLine, table } from './rig.ts';

export interface AcceptOptions {
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
  readonly wallets: number;
}

const OWNER = 'bench';
const loadResult = z.object({
  p50Ms: z.number(),
  p99Ms: z.number(),
  maxMs: z.number(),
  sent: z.number(),
  perSecond: z.number(),
  errors: z.number(),
});

/** A wallet may have 100 open top-ups, so there must be a wallet for every 100 requests; an owner may have 100 wallets. */
export async function accept({ rate, seconds, wallets }: AcceptOptions): Promise<void> {
  const shards = { SHARDS_WALLET: '16', SHARDS_PAYMENTS: '16' };
  const system = await startSystem({
    service: false,
    env: { LOG_LEVEL: 'silent', SNAPSHOT_MS: '10000', RATE_LIMIT_PER_SECOND: '100000', ...shards },
  });
  const others = await startRole({ role: 'wallet,payments,omnibus', env: system.env });
  const gateway = await startRole({ role: 'gateway', env: system.env });
  try {
    const numbers = await openWallets(gateway.url, wallets);
    const load = await runLoad(gateway.url, { rate, seconds, numbers });
    table([
      ['rate', 'p50 ms', 'p99 ms', 'max ms', 'sent', 'errors'],
      [`${String(rate)}/s`, String(load.p50Ms), String(load.p99Ms), String(load.maxMs), String(load.sent), String(load.errors)],
    ]);
    lastLine({ bench: 'accept', rate, p50Ms: load.p50Ms, p99Ms: load.p99Ms, errors: load.errors, sent: load.sent, seconds });
    if (load.errors > 0) process.exitCode = 1;
  } finally {
    await gateway.end('SIGTERM');
    await others.end('SIGTERM');
    await system.stop();
  }
}

async function openWallets(url: string, count: number): Promise<string[]> {
  const numbers: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { status, body } = await callApi(`${url}/v1/wallets`, { as: OWNER, key: `open-${String(index)}`, body: {} });
    if (status !== 201) throw new Error(`a wallet was not opened: ${JSON.stringify(body)}`);
    numbers.push(String(body['id']));
  }
  return numbers;
}

async function runLoad(
  url: string,
  options: { rate: number; seconds: number; numbers: readonly string[] },
): Promise<z.output<typeof loadResult>> {
  const script = fileURLToPath(new URL('accept-load.js', import.meta.url));
  const env = {
    ...process.env,
    LOAD_URL: url,
    LOAD_TOKEN: await makeToken({ owner: OWNER }),
    LOAD_WALLETS: options.numbers.join(','),
    LOAD_RATE: String(options.rate),
    LOAD_SECONDS: String(options.seconds),
  };
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'exit');
  return loadResult.parse(JSON.parse(output));
}
