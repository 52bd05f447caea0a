import test from 'ava';
import { scenario, T0 } from '../testing/scenario.ts';
import { PAGES_MAX, RETRIES_MAX, RETRY_FIRST_MS, RETRY_LONGEST_MS, settlement } from './decide.ts';
import type { SettlementRow } from '../payment/messages.ts';

const SELF = 'settlement:moyasar:doc-1' as const;
const CLEARING = 'clearing:moyasar:0108000000010016:SAR' as const;
const TERMS = {
  feePolicy: 'platform' as const,
  rates: [{ scheme: '*', percent: '1', fixed: 100n }],
  vatPercent: '15',
  tolerance: 1n,
  rowGraceMs: 60_000,
  windowDays: 4,
};
/** 10000 + 50000 - 5000 gross; 9770 + 48304 - 5115 net. */
const DOCUMENT = { amount: 52959n, fee: 46n, tax: 6n, currency: 'SAR', count: 3, date: '2026-03-02' };
const ROW: SettlementRow = { index: 0, type: 'payment', paymentId: 'p-1', currency: 'SAR', gross: 10000n, net: 9770n, fee: 230n, tax: 30n };

const announce = (account = '0108000000010016') => ({ type: 'AnnounceDocument' as const, body: { account, eventId: 'e-1' } });
const fetched = (document: typeof DOCUMENT | null = DOCUMENT, effect = 'document/1') => ({
  type: 'DocumentFetched' as const,
  body: { effect, document, terms: TERMS },
});
const page = (n: number, next: number | null, effect = `page-${n}/${n + 1}`) => ({
  type: 'DocumentPageFetched' as const,
  body: { effect, page: n, next, rows: [ROW] },
});
const stored = (n: number, line: { count: number; gross: bigint; net: bigint; foreign?: number }) => ({
  type: 'PageStored' as const,
  body: { page: n, foreign: 0, ...line },
});
const FIRST = { count: 2, gross: 60000n, net: 58074n };
const SECOND = { count: 1, gross: -5000n, net: -5115n };
const due = (at: number) => ({ type: 'TimerDue' as const, body: { key: 'fetch', at }, at });
const exhausted = (effect: string, at = T0) => ({
  type: 'EffectExhausted' as const,
  body: { effect, type: 'moyasar.fetch_settlement', code: 'moyasar_unavailable', message: 'HTTP 503' },
  at,
});
const funded = (amount: bigint, carried = 0n) => ({
  type: 'DocumentFunded' as const,
  body: { amount, carried, currency: 'SAR', source: '0108000000010016/2026-03-02/SDC1/2' },
});
const done = (n: number) => ({ type: 'PageDone' as const, body: { page: n, credited: 1, broken: 0 } });

const fresh = () => scenario(settlement, SELF);
const fetching = () => fresh().given(announce(), fetched());
const expected = () => fetching().given(page(1, 2), stored(1, FIRST), page(2, null), stored(2, SECOND));
const wrong = { ...SECOND, net: -5000n };
const mismatched = () => fetching().given(page(1, 2), stored(1, FIRST), page(2, null), stored(2, wrong));

test('an announced document is fetched, then its pages one after the other, each with a call of its own', (t) => {
  const it = fresh().when(announce());
  it.then(t, { effects: ['document/1'], state: { status: 'announced' }, answer: { status: 'announced' } });
  it.when(fetched()).then(t, { effects: ['page-1/2'], state: { status: 'fetching' }, sends: [] });
  it.when(page(1, 2)).then(t, { effects: ['page-2/3'], sends: ['StorePage -> settlement-page:moyasar:doc-1:1'] });
  it.when(page(2, null)).then(t, { effects: [], sends: ['StorePage -> settlement-page:moyasar:doc-1:2'] });
  t.deepEqual(settlement.openEffects?.(it.state), []);
});

test('the calls say what to fetch', (t) => {
  t.deepEqual(settlement.openEffects?.(fresh().given(announce()).state), [
    { id: 'document/1', type: 'moyasar.fetch_settlement', body: { document: 'doc-1' } },
  ]);
  t.deepEqual(settlement.openEffects?.(fetching().state), [
    { id: 'page-1/2', type: 'moyasar.fetch_settlement_page', body: { document: 'doc-1', page: 1 } },
  ]);
});

test('a document that adds up in rows and net is expected at the bank, less its transfer fee', (t) => {
  const it = fetching().given(page(1, 2), page(2, null), stored(2, SECOND)).when(stored(1, FIRST));
  it.then(t, { sends: [`DocumentReady -> ${CLEARING}`], rows: '', timers: [], state: { status: 'expected' } });
  t.like(it.sent[0]?.body, { settlement: SELF, document: 'doc-1', net: '52913', currency: 'SAR', date: '2026-03-02', windowDays: 4 });
});

test('case 3: a document announced again, fetched again, or whose pages come twice changes nothing', (t) => {
  const it = expected();
  const before = it.state;
  const repeated = [announce('9'), fetched(), page(1, 2), page(2, null), stored(1, { count: 9, gross: 9n, net: 9n }), due(T0)];
  for (const message of repeated) it.when(message).then(t, { rows: '', sends: [], effects: [], timers: [] });
  t.deepEqual(it.state, before);
});

test('case 3: an answer counts only for the call that is under way', (t) => {
  const it = fetching();
  it.when(page(1, null, 'page-1/99')).then(t, { sends: [], effects: [], state: { pages: [] } });
  it.when(exhausted('document/1')).then(t, { sends: [], timers: [] });
});

test('a document whose rows do not sum to it is a break, is read again ever more slowly, and closes its break when it adds up', (t) => {
  const it = fetching()
    .given(page(1, 2), stored(1, FIRST), page(2, null))
    .when({ ...stored(2, wrong), at: T0 + 5000 });
  it.then(t, {
    sends: ['OpenBreak -> break:settlement_total_mismatch:doc-1'],
    timers: [`fetch@${5000 + RETRY_FIRST_MS}`],
    state: { status: 'mismatched' },
  });
  t.like(it.sent[0]?.body, { money: 'none', amount: '115', currency: 'SAR', subject: 'doc-1' });
  it.when(due(T0 + 5000)).then(t, { effects: [] });
  it.when(due(T0 + 65_000)).then(t, { effects: ['document/4'], timers: ['fetch@-'], state: { status: 'mismatched' } });
  it.given(fetched(DOCUMENT, 'document/4'), page(1, 2, 'page-1/5'), stored(1, FIRST), page(2, null, 'page-2/6'));
  it.when({ ...stored(2, wrong), at: T0 + 70_000 }).then(t, { sends: [], timers: [`fetch@${70_000 + 2 * RETRY_FIRST_MS}`] });
  it.given(due(T0 + 70_000 + 2 * RETRY_FIRST_MS), fetched(DOCUMENT, 'document/7'), page(1, 2, 'page-1/8'), stored(1, FIRST));
  it.given(page(2, null, 'page-2/9')).when(stored(2, SECOND));
  it.then(t, {
    sends: [`DocumentReady -> ${CLEARING}`, 'CloseBreak -> break:settlement_total_mismatch:doc-1'],
    state: { status: 'expected', retry: null },
  });
});

test('a document that misses rows is a mismatch even when the sums agree', (t) => {
  const it = fetching()
    .given(page(1, null))
    .when(stored(1, { count: 2, gross: 55000n, net: 52959n }));
  it.then(t, { sends: ['OpenBreak -> break:settlement_total_mismatch:doc-1'], state: { status: 'mismatched' } });
});

test('case 18: rows in another currency than the document are a currency break, and nothing is expected', (t) => {
  const it = fetching()
    .given(page(1, null))
    .when(stored(1, { count: 3, gross: 55000n, net: 52959n, foreign: 1 }));
  it.then(t, { sends: ['OpenBreak -> break:currency_mismatch:doc-1'], state: { status: 'mismatched' } });
});

test('case 15: a document that the provider does not know (test and live mixed) is one break however often it is asked for', (t) => {
  const it = fresh().given(announce());
  it.when(fetched(null)).then(t, { sends: ['OpenBreak -> break:status_conflict:doc-1'], state: { status: 'announced' } });
  let breaks = 0;
  for (let n = 2; n <= RETRIES_MAX + 1; n++) {
    const at = it.state.retry?.at ?? T0;
    it.when(due(at)).then(t, { effects: [`document/${n}`] });
    it.when({ ...fetched(null, `document/${n}`), at });
    breaks += it.sent.length;
  }
  t.is(breaks, 0);
  t.deepEqual(it.state.retry, { page: null, at: null }, 'it waits for an announcement');
  t.deepEqual(settlement.timers?.(it.state), []);
  it.when(due(T0 * 2)).then(t, { effects: [] });
  it.when(announce('9')).then(t, { effects: [`document/${RETRIES_MAX + 2}`], state: { account: '0108000000010016', tries: 0 } });
});

test('a provider that stays away is a break and is asked again for the page that is missing, within bounds', (t) => {
  const it = fetching()
    .given(page(1, 2))
    .when(exhausted('page-2/3', T0 + 9000));
  it.then(t, { sends: ['OpenBreak -> break:effect_exhausted:doc-1'], timers: [`fetch@${9000 + RETRY_FIRST_MS}`] });
  t.like(it.sent[0]?.body, { money: 'none', amount: '0', currency: null, evidence: { code: 'moyasar_unavailable' } });
  it.given(stored(1, FIRST))
    .when(due(T0 + 9000 + RETRY_FIRST_MS))
    .then(t, { effects: ['page-2/4'] });
  it.given(page(2, null, 'page-2/4'))
    .when(stored(2, SECOND))
    .then(t, { state: { status: 'expected' } });
});

test('the waits between two readings grow and stay under six hours', (t) => {
  const it = fresh().given(announce());
  const waits = Array.from({ length: RETRIES_MAX }, (_, n) => {
    const at = it.state.retry?.at ?? T0;
    if (n > 0) it.when(due(at));
    it.when(exhausted(`document/${n + 1}`, at));
    return (it.state.retry?.at ?? 0) - at;
  });
  t.deepEqual(waits.slice(0, 3), [RETRY_FIRST_MS, 2 * RETRY_FIRST_MS, 4 * RETRY_FIRST_MS]);
  t.is(Math.max(...waits), RETRY_LONGEST_MS);
});

test('case 19: pages that go round in circles end, and the sums say what is missing', (t) => {
  const it = fetching().given(page(1, 2)).when(page(2, 1));
  it.then(t, { effects: [] });
  t.is(it.state.pages.length, 2);
});

test('a document of more pages than a state may list is read no further', (t) => {
  const it = fetching();
  for (let n = 1; n < PAGES_MAX; n++) it.given(page(n, n + 1));
  it.when(page(PAGES_MAX, PAGES_MAX + 1)).then(t, { effects: [], sends: [`StorePage -> settlement-page:moyasar:doc-1:${PAGES_MAX}`] });
});

test('a funded document passes the signed gross on to its pages; the costs are owed by the platform', (t) => {
  const it = expected().when(funded(52913n));
  it.then(t, {
    rows: 'in-transit 52913, platform-due 2087 / in-transit 55000',
    sends: ['ReleasePage -> settlement-page:moyasar:doc-1:1', 'ReleasePage -> settlement-page:moyasar:doc-1:2'],
    state: { status: 'funded', source: '0108000000010016/2026-03-02/SDC1/2' },
    note: { kind: 'settlement_funded' },
  });
  t.deepEqual(
    it.sent.map(({ id, body }) => [id, body['amount']]),
    [
      ['doc-1/1/release', '60000'],
      ['doc-1/2/release', '-5000'],
    ],
  );
});

test('case 13: a document that pays less because of an earlier one clears what that one left', (t) => {
  expected()
    .when(funded(52413n, 500n))
    .then(t, { rows: 'in-transit 52413, platform-due 2087, psp-receivable:moyasar 500 / in-transit 55000', state: { carried: 500n } });
});

test('case 13: a net-negative document is carried: its rows are released, the rest stays owed to the provider', (t) => {
  const refund = { ...DOCUMENT, amount: -5115n, count: 1 };
  const it = fresh().given(announce(), fetched(refund), page(1, null), stored(1, SECOND));
  it.when({ type: 'DocumentCarried', body: { carried: 0n } }).then(t, {
    rows: 'platform-due 161, in-transit 5000 / psp-receivable:moyasar 5161',
    sends: ['ReleasePage -> settlement-page:moyasar:doc-1:1'],
    state: { status: 'carried' },
  });
  it.when({ type: 'DocumentCarried', body: { carried: 0n } }).then(t, { rows: '', sends: [], state: { status: 'carried' } });
  it.when(done(1)).then(t, { state: { status: 'carried' } });
});

test('a funded document is settled when every page is done', (t) => {
  const it = expected()
    .given(funded(52913n), done(2))
    .then(t, { state: { status: 'funded' } });
  it.when(done(2)).then(t, { state: { status: 'funded' } });
  it.when(done(1)).then(t, { state: { status: 'settled' }, rows: '', sends: [] });
});

test('case 4: money that is not exactly what the document says, or comes before it is expected, stops here', (t) => {
  t.throws(() => expected().when(funded(52912n)), { message: /pays 52912/ });
  t.throws(() => fetching().when(funded(52913n)), { message: /expects no credit/ });
  t.throws(() => expected().given(funded(52913n)).when(funded(52913n)), { message: /expects no credit/ });
});

test('what waits in a mailbox of a settlement is counted', (t) => {
  const { at: _at, ...message } = { at: 0, ...funded(52913n) };
  t.deepEqual(settlement.carries?.(message), { currency: 'SAR', amount: 52913n });
  t.is(settlement.carries?.(done(1)) ?? null, null);
});

test('it is listed from its announcement on, with its net when that is known', (t) => {
  t.is(settlement.listing?.(fresh().state) ?? null, null);
  t.like(settlement.listing?.(fresh().given(announce()).state), { status: 'announced', net: null, currency: null, date: null, rows: null });
  const listed = {
    provider: 'moyasar',
    document: 'doc-1',
    status: 'mismatched',
    net: '52913',
    currency: 'SAR',
    date: '2026-03-02',
    rows: 3,
  };
  t.like(settlement.listing?.(mismatched().state), listed);
});
