import test from 'ava';
import { decodeJournal, journalOf } from './journal.ts';
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
