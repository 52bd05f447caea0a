import test from 'ava';
import { scenario, T0 } from '../testing/scenario.ts';
import { clearing, ITEMS_MAX, PATIENCE_MS } from './decide.ts';
import { windowEnd } from './matching.ts';
import { LEFT_MAX } from './state.ts';

const SELF = 'clearing:moyasar:0108:SAR' as const;
const DAYS = 4;
/** T0 is Monday the 23rd, noon in Riyadh. */
const MON = '2026-11-23';
const THU = '2026-11-26';
const END = windowEnd(MON, DAYS);
const document = (name: string, net: bigint, date = MON) => ({
  type: 'DocumentReady' as const,
  body: { settlement: `settlement:moyasar:${name}` as const, document: name, net, currency: 'SAR', date, windowDays: DAYS },
});
const credit = (name: string, amount: bigint, postDate = MON) => ({
  type: 'CreditSeen' as const,
  body: { source: name, amount, currency: 'SAR', postDate, party: 'MOYASAR' as string | null, windowDays: DAYS },
});
const late = <M extends object>(message: M, at: number) => ({ ...message, at });
const due = (at: number) => ({ type: 'TimerDue' as const, body: { key: 'due', at }, at });
const fresh = () => scenario(clearing, SELF);
/** As many as may wait, put there at once: to tell them one by one takes a test seconds. */
const filled = (what: 'credits' | 'documents', it: ReturnType<typeof fresh>) => {
  const { state } = it;
  const copies = Array.from({ length: ITEMS_MAX - 1 }, (_, n) => ({
    date: MON,
    arrival: n + 2,
    windowDays: DAYS,
    due: END,
    overdue: false,
  }));
  const credits = copies.map((copy) => ({ ...copy, source: `line-${copy.arrival - 1}`, amount: 7n, party: null }));
  const documents = copies.map((copy) => {
    const name = `doc-${copy.arrival - 1}`;
    return { ...copy, settlement: `settlement:moyasar:${name}` as const, document: name, net: 7n };
  });
  const full = what === 'credits' ? [...state.credits, ...credits] : [...state.documents, ...documents];
  it.envelope = { ...it.envelope, state: { ...state, [what]: full, arrivals: ITEMS_MAX } };
  return it;
};
type Sent = ReturnType<typeof fresh>['sent'];
const joins = (sent: Sent) =>
  sent
    .filter(({ type }) => type === 'DocumentFunded')
    .map(({ to, body }) => [to.split(':')[2], body['source'], body['amount'], body['carried']]);

test('the last day of a window ends at midnight in Riyadh', (t) => {
  t.is(windowEnd('2026-11-23', 0), Date.UTC(2026, 10, 23, 21));
  t.is(windowEnd('2026-12-31', 1), Date.UTC(2027, 0, 1, 21));
});

test('case 1: a bank line before its settlement document waits in suspense and pays it when it comes', (t) => {
  const it = fresh().when(credit('line-1', 52913n));
  it.then(t, { rows: 'in-transit 52913 / suspense 52913', sends: [], timers: [`due@${END - T0}`] });
  t.deepEqual(clearing.figures?.(it.state), [{ account: 'suspense', currency: 'SAR', amount: -52913n }]);
  it.when(document('doc-1', 52913n)).then(t, {
    rows: 'suspense 52913 / in-transit 52913',
    sends: ['DocumentFunded -> settlement:moyasar:doc-1'],
    timers: ['due@-'],
    state: { documents: [], credits: [] },
  });
  t.deepEqual(it.sent[0]?.body, { amount: '52913', carried: '0', currency: 'SAR', source: 'line-1' });
  t.is(it.sent[0]?.id, 'doc-1/funded');
  t.deepEqual(clearing.figures?.(it.state), []);
});

test('case 2: a document before its bank line waits and is funded when the line comes', (t) => {
  const it = fresh().when(document('doc-1', 52913n));
  it.then(t, { rows: '', sends: [], timers: [`due@${END - T0}`] });
  it.when(credit('line-1', 52913n)).then(t, {
    rows: 'in-transit 52913, suspense 52913 / suspense 52913, in-transit 52913',
    sends: ['DocumentFunded -> settlement:moyasar:doc-1'],
    note: { kind: 'payout', provider: 'moyasar' },
  });
});

test('case 3: a document or a credit told twice changes nothing, waiting or joined', (t) => {
  const it = fresh().given(document('doc-1', 100n), credit('line-2', 200n));
  it.when(document('doc-1', 100n)).then(t, { rows: '', sends: [] });
  it.when(credit('line-2', 200n)).then(t, { rows: '', sends: [] });
  it.given(credit('line-1', 100n), document('doc-2', 200n));
  it.when(document('doc-1', 100n)).then(t, { rows: '', sends: [], state: { documents: [] } });
  it.when(credit('line-1', 100n)).then(t, { rows: '', sends: [], state: { credits: [] } });
});

test('case 4: a bank credit that differs from the only open document is a break at the end of the window and joined to nothing', (t) => {
  const it = fresh().given(document('doc-1', 52913n), credit('line-1', 52900n));
  it.when(due(END)).then(t, { rows: '', sends: ['OpenBreak -> break:payout_amount_mismatch:doc-1'], timers: ['due@-'] });
  t.like(it.sent[0]?.body, { money: 'none', amount: '52900', severity: 'high', currency: 'SAR' });
  t.like(it.sent[0]?.body['evidence'], { expected: '52913', paid: '52900', difference: '-13', credit: 'line-1', document: 'doc-1' });
  t.deepEqual(clearing.figures?.(it.state), [{ account: 'suspense', currency: 'SAR', amount: -52900n }]);
  it.when(due(END + 1)).then(t, { sends: [] });
  it.when(credit('line-2', 52913n)).then(t, {
    sends: [
      'DocumentFunded -> settlement:moyasar:doc-1',
      'CloseBreak -> break:payout_amount_mismatch:doc-1',
      'OpenBreak -> break:payout_without_settlement:line-1',
    ],
  });
});

test('case 4: with a second document that the credit could mean each is told alone', (t) => {
  const it = fresh().given(document('doc-1', 500n), document('doc-2', 600n), credit('line-1', 550n)).when(due(END));
  it.then(t, {
    sends: [
      'OpenBreak -> break:settlement_overdue:doc-1',
      'OpenBreak -> break:settlement_overdue:doc-2',
      'OpenBreak -> break:payout_without_settlement:line-1',
    ],
  });
});

test('a document without its credit is overdue after its window and no longer when the money comes, however late the books hear of it', (t) => {
  const it = fresh().given(document('doc-1', 100n)).when(due(END));
  it.then(t, { sends: ['OpenBreak -> break:settlement_overdue:doc-1'] });
  t.like(it.sent[0]?.body, { money: 'none', amount: '100' });
  it.when(late(credit('line-1', 100n, THU), END + 999)).then(t, {
    sends: ['DocumentFunded -> settlement:moyasar:doc-1', 'CloseBreak -> break:settlement_overdue:doc-1'],
    state: { breaks: [] },
  });
});

test('a credit without its document is a break after its window, and closes when the document comes', (t) => {
  const it = fresh()
    .given({ ...credit('line-1', 100n), body: { ...credit('line-1', 100n).body, party: null } })
    .when(due(END));
  it.then(t, { rows: '', sends: ['OpenBreak -> break:payout_without_settlement:line-1'] });
  t.like(it.sent[0]?.body, { money: 'none', amount: '100', evidence: { party: '', paid: '100' } });
  it.when(late(document('doc-1', 100n, MON), END + 5)).then(t, {
    rows: 'suspense 100 / in-transit 100',
    sends: ['DocumentFunded -> settlement:moyasar:doc-1', 'CloseBreak -> break:payout_without_settlement:line-1'],
  });
});

test('who comes after its window still gives the other side a little time', (t) => {
  fresh()
    .when(late(document('doc-1', 100n, '2026-01-05'), T0 + 100))
    .then(t, { sends: [], timers: [`due@${100 + PATIENCE_MS}`] });
});

test('a credit outside the window is not the document, whatever its amount', (t) => {
  const it = fresh().given(document('doc-1', 100n, MON));
  it.when(credit('early', 100n, '2026-11-22')).then(t, { sends: [] });
  it.when(credit('late', 100n, '2026-11-28')).then(t, { sends: [] });
  it.when(due(END + 99 * 86_400_000)).then(t, {
    sends: [
      'OpenBreak -> break:settlement_overdue:doc-1',
      'OpenBreak -> break:payout_without_settlement:early',
      'OpenBreak -> break:payout_without_settlement:late',
    ],
  });
  it.when(credit('right', 100n, '2026-11-27'));
  t.deepEqual(joins(it.sent), [['doc-1', 'right', '100', '0']]);
});

test('case 16: two documents of one amount wait for two credits and join by date', (t) => {
  const it = fresh().given(document('doc-b', 100n, '2026-11-24'), document('doc-a', 100n, MON));
  it.when(credit('line-2', 100n, THU)).then(t, { sends: [] });
  it.when(credit('line-1', 100n, '2026-11-25'));
  t.deepEqual(joins(it.sent), [
    ['doc-a', 'line-1', '100', '0'],
    ['doc-b', 'line-2', '100', '0'],
  ]);
});

test('case 16: two documents and one credit of the same amount are ambiguous when due: a break with all of them, never a guess', (t) => {
  const it = fresh().given(document('doc-a', 100n), document('doc-b', 100n), credit('line-1', 100n)).when(due(END));
  it.then(t, { rows: '', sends: ['OpenBreak -> break:ambiguous_match:doc-a'] });
  t.like(it.sent[0]?.body['evidence'], { documents: 'doc-a, doc-b', credits: 'line-1', amount: '100' });
  it.when(late(credit('line-2', 100n, THU), END + 1)).then(t, {
    sends: [
      'DocumentFunded -> settlement:moyasar:doc-a',
      'DocumentFunded -> settlement:moyasar:doc-b',
      'CloseBreak -> break:ambiguous_match:doc-a',
    ],
  });
});

test('case 16: more credits than documents are ambiguous too, and the break names no more than a person reads', (t) => {
  const it = fresh().given(document('doc-a', 100n));
  for (let n = 0; n < 23; n++) it.given(credit(`line-${n}`, 100n, MON));
  t.is(it.state.credits.length, 22, 'the first credit was certain');
  it.given(document('doc-b', 100n)).when(due(END));
  t.is(it.sent.length, 1);
  t.regex(String((it.sent[0]?.body['evidence'] as Record<string, string>)['credits']), /line-1, .*line-20 and 2 more$/);
});

test('equal counts whose dates do not fit one another stay ambiguous', (t) => {
  const long = document('doc-a', 100n, MON);
  const it = fresh().given(document('doc-b', 100n, '2026-11-24'), { ...long, body: { ...long.body, windowDays: 30 } });
  it.given(credit('line-2', 100n, '2026-11-25')).when(credit('line-1', 100n, '2026-12-10'));
  t.deepEqual(joins(it.sent), []);
});

test('case 13: a net-negative document is carried at once and lowers the next one', (t) => {
  const it = fresh().when(document('doc-1', -500n));
  it.then(t, { rows: '', sends: ['DocumentCarried -> settlement:moyasar:doc-1'], timers: [], state: { documents: [] } });
  t.deepEqual(it.sent[0]?.body, { carried: '0' });
  t.deepEqual(clearing.figures?.(it.state), [{ account: 'psp-receivable:moyasar', currency: 'SAR', amount: -500n }]);
  it.given(document('doc-2', 2000n, THU)).when(credit('line-1', 1500n, THU));
  t.deepEqual(joins(it.sent), [['doc-2', 'line-1', '1500', '500']]);
  t.deepEqual(it.state.carries, []);
});

test('case 13: what is left over grows until a document pays more than it', (t) => {
  const it = fresh()
    .given(document('doc-1', -500n))
    .when(document('doc-2', 300n, THU));
  it.then(t, { sends: ['DocumentCarried -> settlement:moyasar:doc-2'] });
  t.deepEqual(it.sent[0]?.body, { carried: '500' });
  t.deepEqual(
    it.state.carries.map(({ amount }) => amount),
    [200n],
  );
  it.when(document('doc-3', 200n, THU)).then(t, { sends: ['DocumentCarried -> settlement:moyasar:doc-3'], state: { carries: [] } });
});

test('case 13: a carry lowers the next document by date, not one before it', (t) => {
  const it = fresh().given(document('doc-1', 1000n, MON), document('doc-2', -400n, '2026-11-24'), document('doc-3', 1000n, THU));
  it.given(credit('line-3', 600n, THU));
  t.deepEqual(joins(it.sent), [['doc-3', 'line-3', '600', '400']]);
  it.when(credit('line-1', 1000n, MON));
  t.deepEqual(joins(it.sent), [['doc-1', 'line-1', '1000', '0']]);
});

test('case 13: a document that comes late but stands before another takes the carry over', (t) => {
  const it = fresh().given(document('doc-1', -400n, MON), document('doc-3', 1000n, THU));
  it.when(credit('line-3', 1000n, THU)).then(t, { sends: [] });
  it.when(document('doc-2', 700n, '2026-11-24'));
  t.deepEqual(joins(it.sent), [['doc-3', 'line-3', '1000', '0']]);
  it.when(credit('line-2', 300n, THU));
  t.deepEqual(joins(it.sent), [['doc-2', 'line-2', '300', '400']]);
});

test('case 13: a carry that comes late changes what a waiting document expects', (t) => {
  const it = fresh()
    .given(document('doc-2', 1000n, THU), credit('line-1', 600n, THU))
    .when(document('doc-1', -400n, MON));
  it.then(t, { sends: ['DocumentCarried -> settlement:moyasar:doc-1', 'DocumentFunded -> settlement:moyasar:doc-2'] });
  t.deepEqual(joins(it.sent), [['doc-2', 'line-1', '600', '400']]);
});

test('case 18: another currency than its own is the business of another clearing', (t) => {
  const [doc, line] = [document('doc-1', 1n), credit('line-1', 1n)];
  t.throws(() => fresh().when({ ...doc, body: { ...doc.body, currency: 'KWD' } }), { message: /KWD, not SAR/ });
  t.throws(() => fresh().when({ ...line, body: { ...line.body, currency: 'KWD' } }), { message: /KWD, not SAR/ });
});

test('what waits in its mailbox is counted', (t) => {
  t.deepEqual(clearing.carries?.(credit('line-1', 5n)), { currency: 'SAR', amount: 5n });
  t.is(clearing.carries?.(document('doc-1', 5n)) ?? null, null);
});

test('beyond a thousand items the oldest overdue credit moves into its break with its money, and the state stays bounded', (t) => {
  const it = filled('credits', fresh().given(credit('line-0', 1n, '2026-11-01'), due(T0 + PATIENCE_MS + 1000)));
  it.when(late(credit('more', 9n, MON), T0 + PATIENCE_MS + 3000)).then(t, {
    rows: 'in-transit 9, suspense 1 / suspense 9, in-transit 1',
    sends: ['OpenBreak -> break:payout_without_settlement:line-0'],
    state: { breaks: [] },
  });
  t.like(it.sent[0]?.body, { money: 'credit', amount: '1' });
  t.is(it.sent[0]?.id, 'line-0/break');
  t.is(it.state.credits.length, ITEMS_MAX);
  const size = JSON.stringify(it.state, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)).length;
  t.true(size < 256 * 1024, `${size} bytes`);
  it.when(late(credit('again', 9n, MON), T0 + PATIENCE_MS + 4000)).then(t, {
    sends: ['OpenBreak -> break:payout_without_settlement:line-1'],
  });
});

test('beyond a thousand items an overdue document lives on in its break, which stays open', (t) => {
  const it = filled('documents', fresh().given(document('doc-0', 1n, '2026-11-01'), due(T0 + PATIENCE_MS + 1000)));
  it.when(late(document('more', 9n, MON), T0 + PATIENCE_MS + 3000)).then(t, { rows: '', sends: [], state: { breaks: [] } });
  it.when(late(document('again', 9n, MON), T0 + PATIENCE_MS + 3000)).then(t, { sends: ['OpenBreak -> break:settlement_overdue:doc-1'] });
  t.is(it.state.documents.length, ITEMS_MAX);
});

test('the names of what left are kept for a while, not for ever', (t) => {
  const it = fresh();
  for (let n = 0; n < LEFT_MAX; n++) it.given(document(`doc-${n}`, 5n), credit(`line-${n}`, 5n));
  t.is(it.state.left.length, LEFT_MAX);
  t.is(it.state.left.at(-1), `credit line-${LEFT_MAX - 1}`);
});
