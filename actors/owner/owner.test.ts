import test from 'ava';
import { scenario, T0 } from '../testing/scenario.ts';
import { owner } from './decide.ts';
import { WALLETS_MAX } from './state.ts';

const IBAN = 'SA8530100123170000000017';
const open = (key: string, over: { number?: string; fingerprint?: string } = {}) => ({
  type: 'OpenWallet' as const,
  body: { key, fingerprint: 'f1', number: '123170000000017', iban: IBAN, currency: 'SAR', name: 'Savings', ...over },
});
const alice = () => scenario(owner, 'owner:alice%40example.com');
const opened = { id: '123170000000017', iban: IBAN, currency: 'SAR', name: 'Savings', status: 'active', createdAt: T0 };

test('a wallet is opened with the number it brings, and its virtual account is told whose it is', (t) => {
  const after = alice().when(open('k1'));
  after.then(t, { answer: opened, sends: ['OpenAccount -> virtual-account:123170000000017'], rows: '' });
  t.deepEqual(after.sent[0]?.body, { owner: 'alice%40example.com', iban: IBAN, currency: 'SAR', name: 'Savings' });
});

test('the same key and body get the first wallet again, for ever, and open nothing', (t) => {
  const repeated = { ...open('k1', { number: '123170000000999' }), at: T0 + 90 * 86_400_000 };
  alice().given(open('k1')).when(repeated).then(t, { answer: opened, sends: [] });
});

test('the same key with another body is refused', (t) => {
  alice()
    .given(open('k1'))
    .when(open('k1', { fingerprint: 'f2' }))
    .then(t, { code: 'idempotency_key_reused' });
});

test('a client has at most a hundred wallets, and still gets an old answer then', (t) => {
  const full = alice().given(...Array.from({ length: WALLETS_MAX }, (_, n) => open(`k${n}`)));
  full.when(open('one-more')).then(t, { code: 'wallet_limit_reached' });
  full.when(open('k0')).then(t, { answer: opened });
  t.is(full.state.wallets.length, WALLETS_MAX);
});
