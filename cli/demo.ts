// `ironwallet demo`: everything real but the provider and the bank, which are fakes that speak the real wire formats.
import { once } from 'node:events';
import { freePort } from '../mocks/servers/own-process.ts';
import { startDemoSystem } from './demo/processes.ts';
import type { DemoSystem } from './demo/processes.ts';
import { tellStory } from './demo/story.ts';
import type { Wallet } from './demo/story.ts';
import { say } from './text.ts';
import { makeToken } from './token.ts';

const ALIVE_MS = 60_000;

/** With `exit`: ends after the story, with code 0 only if every step came out and the proof's difference is zero. */
export async function demo({ exit = false, port }: { readonly exit?: boolean; readonly port: number }): Promise<void> {
  let system: DemoSystem | null = null;
  try {
    system = await startDemoSystem(exit ? await freePort() : port);
    const wallet = await tellStory(system);
    if (!exit) await keepServing(system, wallet);
  } catch (error) {
    process.stderr.write(`\n✗ ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await system?.stop();
  }
  process.exit();
}

async function keepServing(system: DemoSystem, wallet: Wallet): Promise<void> {
  for (const line of await curlLines(system, wallet)) say(line);
  // The servers do not keep this process alive, and neither do listeners for signals.
  const alive = setInterval(() => undefined, ALIVE_MS);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  clearInterval(alive);
  say('\nending');
}

async function curlLines({ gateway, omnibus, moyasar, bank, env }: DemoSystem, wallet: Wallet): Promise<string[]> {
  const [client, operator] = await Promise.all([makeToken({ owner: wallet.owner }), makeToken({ owner: 'olga', scope: 'ops' })]);
  const settings = ['REDIS_URL', 'MONGODB_URL', 'MONGODB_DATABASE', 'SHARDS_WALLET', 'SHARDS_PAYMENTS', 'SHARDS_OMNIBUS'];
  return [
    '\nIt goes on serving until Ctrl-C. To play with (paste the first block first):\n',
    `  GATEWAY=${gateway} OPS=${omnibus} MOYASAR=${moyasar} BANK=${bank}`,
    `  TOKEN=${client}`,
    `  OPS_TOKEN=${operator}`,
    `  WALLET=${wallet.id} IBAN=${wallet.iban}`,
    '\n  # open another wallet',
    `  curl -s $GATEWAY/v1/wallets -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $RANDOM$RANDOM" -H 'Content-Type: application/json' -d '{"name":"Rainy days"}'`,
    '  # top up by card: open checkoutUrl in a browser and pay at the fake, or pay the newest invoice by its control API',
    `  curl -s $GATEWAY/v1/wallets/$WALLET/top-ups -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $RANDOM$RANDOM" -H 'Content-Type: application/json' -d '{"amount":"75.00","currency":"SAR"}'`,
    `  curl -s $MOYASAR/control/invoices`,
    `  curl -s -X POST $MOYASAR/control/invoices/<invoice id>/pay -H 'Content-Type: application/json' -d '{}'`,
    `  curl -s -X POST $MOYASAR/control/settlements -H 'Content-Type: application/json' -d '{}'    # then pay its expectedCreditText out:`,
    `  curl -s -X POST $BANK/control/payouts -H 'Content-Type: application/json' -d '{"amount":"<expectedCreditText>"}'`,
    '  # a bank transfer to the IBAN',
    `  curl -s -X POST $BANK/control/transfers -H 'Content-Type: application/json' -d "{\\"to\\":\\"$IBAN\\",\\"amount\\":\\"12.50\\",\\"sender\\":\\"ME\\",\\"notify\\":true}"`,
    '  # what became of it',
    `  curl -s $GATEWAY/v1/wallets/$WALLET -H "Authorization: Bearer $TOKEN"`,
    `  curl -s $GATEWAY/v1/wallets/$WALLET/fund-requests -H "Authorization: Bearer $TOKEN"`,
    `  curl -sN $GATEWAY/v1/wallets/$WALLET/events -H "Authorization: Bearer $TOKEN"`,
    `  curl -s $OPS/ops/v1/position -H "Authorization: Bearer $OPS_TOKEN"`,
    `\n  ${gateway}/docs shows the interface; the omnibus account is ${env['ANB_ACCOUNT_NUMBER'] ?? ''}.`,
    '  Operators’ commands, e.g. npx ironwallet inspect virtual-account:$WALLET, need to know the servers:',
    `  export ${settings.map((name) => `${name}=${env[name] ?? ''}`).join(' ')}`,
  ];
}
