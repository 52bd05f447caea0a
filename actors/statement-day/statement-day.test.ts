import test from 'ava';
import { ACCOUNT, ATTRIBUTION, lineOf } from '../bank-account/testing/statement.ts';
import { bucketOf, hashOfLines } from '../line-hash.ts';
import { lineKey } from '../statement-line.ts';
import { scenario } from '../testing/scenario.ts';
import { statementDay } from './decide.ts';
import { SPANS_KEPT } from './state.ts';

const SELF = `statement-day:${ACCOUNT}:2026-11-20` as const;

/** Lines `from` to `to` of a day whose line n brings 1.00, so that the balance after it is n. */
function page(from: number, to: number, over: { buckets?: number; opening?: bigint } = {}) {
  const { buckets = 4, opening = BigInt(from - 1) * 100n } = over;
  const lines = Array.from({ length: to - from + 1 }, (_, n) => lineOf({ reference: `R${from + n}`, amount: 100n }));
  const closing = opening + BigInt(lines.length) * 100n;
  const body = { account: ACCOUNT, date: '2026-11-20', currency: 'SAR', buckets, opening, closing, lines, attribution: ATTRIBUTION };
  return { type: 'AddLines' as const, body };
}

/** The same page, whose lines went to their buckets without the day. */
function cover(from: number, to: number, over: { buckets?: number; opening?: bigint } = {}) {
  const { buckets, opening, closing, lines } = page(from, to, over).body;
  return { type: 'CoverLines' as const, body: { buckets, opening, closing, keys: lines.map(lineKey), hash: hashOfLines(lines) } };
}

function day() {
  return scenario(statementDay, SELF);
}

test('the lines of a page go to the buckets of their keys, in ascending order of buckets', (t) => {
  const told = day().when(page(1, 20));
  const buckets = told.sent.map(({ to }) => Number(to.split(':').at(-1)));
  t.deepEqual(
    buckets,
    buckets.toSorted((a, b) => a - b),
  );
  const sent = told.sent.flatMap(({ to, body }) => (body.lines as ReturnType<typeof lineOf>[]).map((line) => [to, lineKey(line)] as const));
  t.is(sent.length, 20);
  for (const [to, key] of sent) t.is(to, `statement-lines:${ACCOUNT}:2026-11-20:${bucketOf(key, 4)}`);
});

test('a page that was wholly seen before is no work', (t) => {
  const told = day().given(page(1, 3), page(4, 6));
  told.when(page(1, 3)).then(t, { sends: [], rows: '' });
  told.when(page(4, 6)).then(t, { sends: [], state: { pages: 2, known: { opening: 0n, closing: 600n, lines: 6 }, reread: null } });
});

test('lines that went to their buckets are known as a page, and the day is as long as with them', (t) => {
  const told = day().given(cover(1, 3), cover(4, 6));
  told.then(t, { sends: [], rows: '', state: { pages: 2, buckets: 4, known: { opening: 0n, closing: 600n, lines: 6 } } });
  told.when(page(1, 3)).then(t, { sends: [] });
  told.when(page(4, 7)).then(t, { state: { pages: 3, known: { lines: 7, closing: 700n } } });
  t.true(told.sent.length > 0);
  told.when(cover(1, 0)).then(t, { state: { pages: 3 } });
});

test('case 9: a page cut otherwise is sent to the buckets again, which know its lines', (t) => {
  const told = day().given(page(1, 3), page(4, 6)).when(page(2, 5));
  t.true(told.sent.length > 0);
  told.then(t, { state: { pages: 3, known: { closing: 600n, lines: 6 } } });
});

test('the same lines under another balance are sent again: something came before them', (t) => {
  const told = day()
    .given(page(1, 3))
    .when(page(1, 3, { opening: 50n }));
  t.true(told.sent.length > 0);
  told.then(t, { state: { known: { opening: 50n, closing: 350n, lines: 3 } } });
});

test('the number of buckets is fixed by the first page', (t) => {
  const told = day()
    .given(page(1, 3))
    .when(page(4, 40, { buckets: 16 }));
  told.then(t, { state: { buckets: 4 } });
  t.true(told.sent.every(({ to }) => Number(to.split(':').at(-1)) < 4));
});

test('a page without lines changes nothing', (t) => {
  day()
    .when(page(1, 0))
    .then(t, { sends: [], state: { known: null, pages: 0 } });
});

test('a page that begins before the last known line adds only the lines behind it', (t) => {
  day()
    .given(page(1, 3))
    .when(page(2, 5))
    .then(t, { state: { known: { opening: 0n, closing: 500n, lines: 5 } } });
});

test('a day that is read again from its start shows the new reading once that reaches the last known line', (t) => {
  const told = day().given(page(1, 3), page(4, 6));
  told.when(page(1, 2)).then(t, { state: { known: { lines: 6 }, reread: { lines: 2, closing: 200n } } });
  told.when(page(3, 4)).then(t, { state: { known: { lines: 6 }, reread: { lines: 4 } } });
  told.when(page(5, 8)).then(t, { state: { known: { lines: 8, opening: 0n, closing: 800n }, reread: null } });
});

test('a page out of the middle of the day changes nothing of what is known', (t) => {
  day()
    .given(page(1, 3), page(4, 6))
    .when(page(2, 3))
    .then(t, { state: { known: { lines: 6 }, reread: null } });
});

test('the newest pages are remembered, however many come', (t) => {
  const told = day();
  for (let n = 1; n <= SPANS_KEPT + 5; n += 1) told.when(page(n, n));
  t.is(told.state.spans.length, SPANS_KEPT);
  t.is(told.state.pages, SPANS_KEPT + 5);
  t.true(JSON.stringify(told.envelope.state, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)).length < 64_000);
});

test('a day is listed with its balances as soon as it has lines', (t) => {
  t.is(statementDay.listing?.(statementDay.initial(`${ACCOUNT}:2026-11-20`)), null);
  t.deepEqual(statementDay.listing?.(day().given(page(1, 3)).state), {
    account: ACCOUNT,
    date: '2026-11-20',
    status: 'open',
    opening: '0',
    closing: '300',
    lines: 3,
  });
});
