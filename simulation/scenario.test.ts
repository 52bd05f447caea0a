import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { parseScenario, runScenario } from './scenario.ts';

const FOLDER = fileURLToPath(new URL('./scenarios/', import.meta.url));

for (const name of readdirSync(FOLDER)) {
  test(`${name} comes out as it says`, async (t) => {
    const scenario = parseScenario(readFileSync(`${FOLDER}${name}`, 'utf8'));
    t.truthy(scenario.expect.wallets);
    t.truthy(scenario.expect.breaks);
    t.deepEqual((await runScenario(scenario)).problems, []);
  });
}

const OPEN = { atMs: 0, do: 'open', owner: 'alice' };
const TRANSFER = { atMs: 2_000, do: 'transfer', wallet: 0, amount: '10.00' };

function written(items: readonly object[], more: object = {}): string {
  return JSON.stringify({ about: 'a test', items, ...more });
}

test('what does not come out is told', async (t) => {
  const expect = { wallets: [{ available: '11.00' }], breaks: ['statement_gap open'] };
  const { problems } = await runScenario(parseScenario(written([OPEN, TRANSFER], { expect })));
  t.deepEqual(problems, [
    'wallets: [{"available":"10.00","pending":"0.00"}], not [{"available":"11.00","pending":"0.00"}]',
    'breaks: [], not ["statement_gap open"]',
  ]);
});

test('items may be in any order, faults among them', async (t) => {
  const items = [TRANSFER, { atMs: 2_100, fault: 'rules throw', kind: 'statement-day', ms: 3_000 }, OPEN];
  const { problems, history } = await runScenario(parseScenario(written(items, { expect: { wallets: [{ available: '10.00' }] } })));
  t.deepEqual([problems, history.faults], [[], 1]);
});

const WRONG: readonly (readonly [why: string, text: string, message: RegExp])[] = [
  ['no JSON', '{', /^not JSON/],
  ['an unknown step', written([{ atMs: 0, do: 'dance' }]), /^items\[0\]\.do: /],
  ['an unknown fault', written([OPEN, { atMs: 0, fault: 'flood' }]), /^items\[1\]\.fault: /],
  ['a field that is not known', written([{ ...OPEN, colour: 'red' }]), /^items\[0\]: Unrecognized key: "colour"/],
  ['an amount that is none', written([OPEN, { ...TRANSFER, amount: '10.005' }]), /^items\[1\]\.amount: is no amount/],
  ['a time that is none', written([{ ...OPEN, atMs: -1 }]), /^items\[0\]\.atMs: /],
  ['a wallet that nobody opens', written([OPEN, { ...TRANSFER, wallet: 1 }]), /^wallet 1 is never opened/],
  ['nothing at all', written([]), /^items: /],
];
for (const [why, text, message] of WRONG) test(`refused: ${why}`, (t) => void t.throws(() => parseScenario(text), { message }));
