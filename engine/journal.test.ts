import test from 'ava';
import { decodeJournal, journalOf, spansOf, writeJournal } from './journal.ts';
import type { JournalSpan } from './ports.ts';

const heads = { from: { last: '1-0', n: 1, chain: 'a' }, to: { last: '9-0', n: 3, chain: 'b' } } as const;
const bodies = ['{"name":"شركة","text":"a\\nb"}', '', '\n{"😀":1}\n'];
const about = { writer: 'w', lagMs: 5, system: { wallMs: () => 1_795_500_060_000, uuid: () => 'uuid' } };

function spanOf(actor: JournalSpan['actor']): JournalSpan {
  const sent = bodies.map(
    (body, n) => ({ to: 'purse:2', id: `m${String(n)}`, type: 'Deposit', body, from: n === 1 ? 'operator:o' : actor, trace: 't' }) as const,
  );
  return { actor, ...heads, sent, heard: [{ id: 'h', from: 'reader:1', entry: '2-0' }] };
}

const spans = [spanOf('purse:1'), { ...spanOf('purse:3'), sent: [] }, spanOf('purse:4')];

test('spans are read as they were written, whatever their bodies hold', (t) => {
  const [document, ...more] = journalOf(spans, { ...about, charsMax: Infinity });
  t.deepEqual(more, []);
  t.deepEqual(document && decodeJournal(document), { writer: 'w', at: 1_795_500_060_000, lagMs: 5, spans });
});

test('what does not fit one document goes into the next, in order', (t) => {
  const documents = journalOf(spans, { ...about, charsMax: 1 });
  t.is(documents.length, 3);
  t.deepEqual(
    documents.flatMap((one) => decodeJournal(one).spans),
    spans,
  );
});

test('a journal that lost its end, or has too much, is none', (t) => {
  const [document] = journalOf(spans, { ...about, charsMax: Infinity });
  if (document === undefined) return t.fail();
  for (const bytes of [document.bytes.slice(0, -1), `${document.bytes}x`, document.bytes.slice(0, document.bytes.indexOf('\n'))])
    t.throws(() => decodeJournal({ id: 'one', bytes }));
});

test('what an actor did while MongoDB was away is cut after commits, and hangs together by its heads', (t) => {
  const head = (n: number) => ({ last: `${n}-0`, n, chain: String(n) }) as const;
  const message = (n: number) =>
    ({ to: 'purse:2', id: `m${String(n)}`, type: 'Deposit', body: 'x'.repeat(300), from: 'purse:1', trace: '' }) as const;
  const traffic = [2, 3, 5, 6].map((n) => ({
    to: head(n),
    sent: [message(n)],
    heard: [{ id: `h${String(n)}`, from: 'reader:1', entry: head(n).last }],
  }));
  const cut = spansOf('purse:1', { from: head(1), to: head(7), traffic }, 1_800);
  t.deepEqual(
    cut.map(({ from, to, sent, heard }) => [from.n, to.n, sent.map(({ id }) => id), heard.map(({ id }) => id)]),
    [
      [1, 3, ['m2', 'm3'], ['h2', 'h3']],
      [3, 7, ['m5', 'm6'], ['h5', 'h6']],
    ],
  );
  t.is(spansOf('purse:1', { from: head(1), to: head(7), traffic }, Infinity).length, 1);
  t.deepEqual(spansOf('purse:1', { from: head(1), to: head(7), traffic: [] }, 1_800), [
    { actor: 'purse:1', from: head(1), to: head(7), sent: [], heard: [] },
  ]);
});

test('documents are in the order of their ids, and written one after the other', async (t) => {
  let number = 9;
  const system = { ...about.system, uuid: () => String((number -= 1)) };
  const documents = journalOf(spans, { ...about, system, charsMax: 1 });
  t.deepEqual(
    documents.map(({ id }) => id).toSorted(),
    documents.map(({ id }) => id),
  );
  const written: string[][] = [];
  const insert = (some: readonly { readonly id: string }[]): Promise<void> => {
    written.push(some.map(({ id }) => id));
    return written.length === 2 ? Promise.reject(new Error('away')) : Promise.resolve();
  };
  await t.throwsAsync(writeJournal({ insert }, documents), { message: 'away' });
  t.deepEqual(
    written,
    documents.slice(0, 2).map(({ id }) => [id]),
  );
});
