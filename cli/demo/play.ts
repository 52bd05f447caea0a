// What the demo prints to play with: shell lines that go as they stand.
import { makeToken } from '../token.ts';
import type { DemoSystem } from './processes.ts';
import type { Wallet } from './story.ts';

const SETTINGS = ['REDIS_URL', 'MONGODB_URL', 'MONGODB_DATABASE', 'SHARDS_WALLET', 'SHARDS_PAYMENTS', 'SHARDS_OMNIBUS'] as const;
const AS_CLIENT = '-H "Authorization: Bearer $TOKEN"';
const AS_OPERATOR = '-H "Authorization: Bearer $OPS_TOKEN"';
/** A key of its own each time the line is pasted. */
const COMMAND = `${AS_CLIENT} -H "Idempotency-Key: by-hand-$RANDOM$RANDOM" -H "$JSON"`;

export type Played = Pick<DemoSystem, 'gateway' | 'omnibus' | 'moyasar' | 'bank' | 'env'>;

export async function playLines(system: Played, wallet: Wallet): Promise<string[]> {
  const [client, operator] = await Promise.all([makeToken({ owner: wallet.owner }), makeToken({ owner: 'olga', scope: 'ops' })]);
  return [
    '\nIt goes on serving until Ctrl-C. To play with in another terminal, this block first:\n',
    ...indented([
      `GATEWAY=${system.gateway} OPS=${system.omnibus} MOYASAR=${system.moyasar} BANK=${system.bank}`,
      `TOKEN=${client}`,
      `OPS_TOKEN=${operator}`,
      `WALLET=${wallet.id} IBAN=${wallet.iban} JSON='Content-Type: application/json'`,
      `field() { grep -o "\\"$1\\":\\"[^\\"]*\\"" | head -1 | cut -d'"' -f4; }     # a text field of an answer`,
    ]),
    '',
    ...indented([...walletLines(), ...topUpLines(), ...transferLines(), ...lookLines()]),
    `\n  ${system.gateway}/docs shows the interface; the omnibus account is ${system.env['ANB_ACCOUNT_NUMBER'] ?? ''}.`,
    '  Operators’ commands, e.g. npx ironwallet inspect virtual-account:$WALLET, need to know the servers:',
    `  export ${SETTINGS.map((name) => `${name}=${system.env[name] ?? ''}`).join(' ')}`,
  ];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function walletLines(): string[] {
  return ['# open another wallet', `curl -s $GATEWAY/v1/wallets ${COMMAND} -d '{"name":"Rainy days"}'; echo`];
}

function topUpLines(): string[] {
  return [
    '# top up by card: open the address in a browser and pay at the fake, or pay by the two lines behind it',
    `CHECKOUT=$(curl -s $GATEWAY/v1/wallets/$WALLET/top-ups ${COMMAND} -d '{"amount":"75.00","currency":"SAR"}' | field checkoutUrl); echo $CHECKOUT`,
    `INVOICE=$(curl -s -o /dev/null -w '%{redirect_url}' $CHECKOUT | grep -o 'invoices/[0-9a-f-]*' | cut -d/ -f2)`,
    `curl -s -X POST $MOYASAR/control/invoices/$INVOICE/pay -H "$JSON" -d '{}'; echo`,
    '# the provider settles, then pays out',
    `AMOUNT=$(curl -s -X POST $MOYASAR/control/settlements -H "$JSON" -d '{}' | field expectedCreditText); echo $AMOUNT`,
    `curl -s -X POST $BANK/control/payouts -H "$JSON" -d "{\\"amount\\":\\"$AMOUNT\\"}"; echo`,
  ];
}

function transferLines(): string[] {
  const body = '{\\"to\\":\\"$IBAN\\",\\"amount\\":\\"12.50\\",\\"sender\\":\\"ME\\",\\"notify\\":true}';
  return ['# a bank transfer to the IBAN', `curl -s -X POST $BANK/control/transfers -H "$JSON" -d "${body}"; echo`];
}

function lookLines(): string[] {
  return [
    '# both are paid, and the books agree with the bank',
    `sleep 5; curl -s $GATEWAY/v1/wallets/$WALLET/fund-requests ${AS_CLIENT}; echo`,
    `curl -s $GATEWAY/v1/wallets/$WALLET ${AS_CLIENT}; echo`,
    `curl -s $OPS/ops/v1/position ${AS_OPERATOR}; echo`,
    '# what happens to the wallet, as it happens',
    `curl -sN $GATEWAY/v1/wallets/$WALLET/events ${AS_CLIENT}`,
  ];
}
