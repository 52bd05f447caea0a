import test from 'ava';
import type { ExecutionContext } from 'ava';
import { virtualAccount } from '../../actors/virtual-account/decide.ts';
import { RECENT_MAX, decideEntry, freshEnvelope } from '../../engine/envelope.ts';
import { toCanonicalJson, toJson } from '../../engine/message.ts';
import type { EntryId } from '../../engine/message.ts';
import { decided, itemsOf, nextKey, openWallet, proven, walletHas } from '../support/story.ts';
import { startSystem } from '../support/system.ts';
import type { TestSystem } from '../support/system.ts';
import { outcome, tally, times } from './support.ts';

const KEYS = 10_000;
const REMEMBERED = RECENT_MAX;
const OPEN_TOP_UPS = 100;

/** The wallet of one owner as its actor keeps it, and a way to say something to it. */
function createWallet() {
  let envelope = freshEnvelope(virtualAccount, 'virtual-account:123170000000000');
  let said = 0;
  const say = (type: string, body: unknown, { id, from }: { readonly id: string; readonly from: string }) => {
    said += 1;
    const entry = { entry: `1764000000000-${String(said)}` as EntryId, id, type, from, trace: '', body: toJson(body) };
    const outcome = decideEntry(virtualAccount, envelope, entry);
    envelope = outcome.envelope;
    return outcome;
  };
  say('OpenAccount', { owner: 'alice', iban: 'SA', currency: 'SAR', name: null }, { id: 'open', from: 'owner:alice' });
  return { say, kept: () => ({ remembered: envelope.recent.length, chars: toCanonicalJson({ ...envelope, head: null }).length }) };
}

test('of ten thousand keys of one owner the first answer for ever, the rest are turned away, and nothing grows', (t) => {
  const wallet = createWallet();
  const ask = (index: number): { readonly code: string; readonly answer: unknown } => {
    const facts = { owner: 'alice', amount: '100', currency: 'SAR', description: null };
    const body = { topUpId: `t${String(index)}`, fingerprint: `f${String(index)}`, ...facts };
    return wallet.say('RequestTopUp', body, { id: `top-up/t${String(index)}`, from: 'client:gateway' });
  };
  const first = Array.from({ length: REMEMBERED }, (_, index) => ask(index));
  const full = wallet.kept();
  const rest = Array.from({ length: KEYS - REMEMBERED }, (_, index) => ask(REMEMBERED + index));
  t.deepEqual(tally([...first, ...rest].map(({ code }) => code)), {
    accepted: OPEN_TOP_UPS,
    too_many_open_top_ups: REMEMBERED - OPEN_TOP_UPS,
    too_many_recent_commands: KEYS - REMEMBERED,
  });
  t.deepEqual(wallet.kept(), full, 'nothing was kept of those that were turned away');
  t.true(full.remembered === REMEMBERED && full.chars < 128 * 1024, JSON.stringify(full));
  for (const [index, { code, answer }] of first.entries()) {
    const again = ask(index);
    t.is(again.code, code === 'accepted' ? 'repeated' : code);
    t.is(toCanonicalJson(again.answer), toCanonicalJson(answer));
  }
});

async function started(t: ExecutionContext, env = {}): Promise<TestSystem> {
  const system = await startSystem({ env });
  t.teardown(() => system.stop());
  return system;
}

test('fifty requests at once with one key have exactly one effect: a wallet, a top-up with its invoice, a debit', async (t) => {
  const system = await started(t);
  const wallets = await times(50, () => decided(system, '/v1/wallets', { as: 'fifty', key: 'one', body: { name: 'One' } }));
  t.deepEqual(tally(wallets.map(outcome)), { 201: 50 });
  t.is(new Set(wallets.map(({ body }) => JSON.stringify(body))).size, 1, 'all get the first answer');
  t.is(itemsOf((await system.call('/v1/wallets', { as: 'fifty' })).body).length, 1);

  const id = String(wallets[0]?.body['id']);
  const body = { amount: '30.00', currency: 'SAR' };
  const topUps = await times(50, () => decided(system, `/v1/wallets/${id}/top-ups`, { as: 'fifty', key: 'two', body }));
  t.deepEqual(tally(topUps.map(outcome)), { 201: 50 });
  t.is(new Set(topUps.map((one) => one.body['id'])).size, 1);
  t.is((await system.call(new URL(String(topUps[0]?.body['checkoutUrl'])).pathname)).status, 303);
  t.is((await system.moyasar.invoices()).length, 1);

  await system.bank.transfer({ to: String(wallets[0]?.body['iban']), amount: '100.00', sender: 'A FRIEND', notify: true });
  const wallet = { owner: 'fifty', id, iban: '' };
  await walletHas(system, wallet, { available: '100.00' });
  const debit = { as: 'olga', scope: 'ops', key: 'three', body: { amount: '60.00', currency: 'SAR', purpose: 'invested' } };
  const debits = await times(50, () => decided(system, `/ops/v1/wallets/${id}/debits`, debit));
  t.deepEqual(tally(debits.map(outcome)), { 201: 50 });
  await walletHas(system, wallet, { available: '40.00' });

  const mixed = await times(50, (index) =>
    system.call(`/v1/wallets/${id}/top-ups`, {
      as: 'fifty',
      key: 'four',
      body: { amount: `${String((index % 2) + 1)}.00`, currency: 'SAR' },
    }),
  );
  t.deepEqual(tally(mixed.map(outcome)), { 201: 25, '422 idempotency_key_reused': 25 });
  await proven(system);
});

const IN_FLIGHT = 50;
/** Far from what the rate limit lets through: the wallet itself must hold. */
const NO_RATE = { RATE_LIMIT_PER_SECOND: '100000', RATE_LIMIT_BURST: '1000000' };

test('ten thousand keys through HTTP: a hundred top-ups, then refusals, then 429, and the wallet is as it was after the first few', async (t) => {
  const system = await started(t, NO_RATE);
  const wallet = await openWallet(system, 'keys');
  const ask = (key: string) =>
    decided(system, `/v1/wallets/${wallet.id}/top-ups`, { as: 'keys', key, body: { amount: '1.00', currency: 'SAR' } });
  const stateBytes = async (): Promise<unknown> =>
    (await system.call(`/ops/v1/actors/virtual-account:${wallet.id}`, { as: 'olga', scope: 'ops' })).body['stateBytes'];
  const firstKey = nextKey();
  const first = await ask(firstKey);
  const outcomes = [outcome(first)];
  /** So many in all are asked for, each with a key of its own. */
  const askUntil = async (count: number): Promise<void> => {
    let left = count - outcomes.length;
    await times(IN_FLIGHT, async () => {
      while (left > 0) {
        left -= 1;
        outcomes.push(outcome(await ask(nextKey())));
      }
    });
  };
  await askUntil(REMEMBERED);
  const full = await stateBytes();
  const began = performance.now();
  await askUntil(KEYS);
  t.log(`${String(KEYS - REMEMBERED)} keys too many in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  t.deepEqual(tally(outcomes), {
    201: OPEN_TOP_UPS,
    '409 too_many_open_top_ups': REMEMBERED - OPEN_TOP_UPS,
    '429 too_many_recent_commands': KEYS - REMEMBERED,
  });
  t.deepEqual((await ask(firstKey)).body, first.body);
  t.is((await system.call(`/v1/wallets/${wallet.id}`, { as: 'keys' })).status, 200);
  t.is(await stateBytes(), full, 'nothing was kept of those that were turned away');
  t.true(Number(full) < 128 * 1024, String(full));
});

test('keys for wallets open a hundred, each of them one, and the owner’s state stays within its limit', async (t) => {
  const system = await started(t);
  const open = (index: number) => decided(system, '/v1/wallets', { as: 'collector', key: `w${String(index)}`, body: {} });
  const first = await times(150, open);
  t.deepEqual(tally(first.map(outcome)), { 201: 100, '409 wallet_limit_reached': 50 });
  const opened = first.filter(({ status }) => status === 201).map(({ body }) => body['id']);
  t.is(new Set(opened).size, 100);
  const again = await times(150, open);
  t.deepEqual(
    again.filter(({ status }) => status === 201).map(({ body }) => body['id']),
    opened,
    'each key answers as before',
  );
  const { body } = await system.call('/ops/v1/actors/owner:collector', { as: 'olga', scope: 'ops' });
  t.true(Number(body['stateBytes']) < 64 * 1024, String(body['stateBytes']));
});
