/** Posts each new line of a bucket once. The receiver of every line is decided by `receivers.ts`, what is known by `known.ts`. */
import { accept, defineKind, send } from '../../engine/actor.ts';
import type { Accepted, Entry, MessagesOf, Row, Send } from '../../engine/actor.ts';
import { contentOf, hash32, hash64 } from '../line-hash.ts';
import { post } from '../postings.ts';
import { lineKey } from '../statement-line.ts';
import type { StatementLine } from '../statement-line.ts';
import { knownLines, remembered } from './known.ts';
import type { Additions } from './known.ts';
import { statementLinesMessages } from './messages.ts';
import { isCredit, receiverOf, toConflict } from './receivers.ts';
import type { NewLine } from './receivers.ts';
import { initialStatementLines, LINES_MAX, statementLinesState } from './state.ts';
import type { StatementLines } from './state.ts';

type Message = MessagesOf<typeof statementLinesMessages>;
type PostLines = Message['body'];

/** What a page of lines comes to, summed: one posting per page, not per line. */
interface Tally {
  readonly additions: Additions;
  readonly sends: Send[];
  /** One text per posted line, for the readers of the ledger: `<key> <mark> <amount> <currency> <receiver>`. */
  readonly notes: string[];
  readonly sums: Map<string, Sums>;
  readonly overflow: StatementLine[];
}

interface Sums {
  credits: bigint;
  debits: bigint;
  funding: bigint;
}

/** Every line is known, in conflict with a known one, passed on because the bucket is full (L3), or new. */
function decide(state: StatementLines, entry: Entry<Message>): Accepted<StatementLines> {
  const { body } = entry;
  const tally: Tally = { additions: new Map(), sends: [], notes: [], sums: new Map(), overflow: [] };
  const known = knownLines(state);
  for (const line of body.lines) {
    const of = newLine(line, body);
    const key = hash64(lineKey(line));
    const content = hash32(contentOf(line));
    const first = known.get(key) ?? tally.additions.get(key);
    if (first === content) continue;
    if (first !== undefined) tally.sends.push(toConflict(of, first));
    else if (state.count + tally.additions.size >= LINES_MAX) tally.overflow.push(line);
    else {
      tally.additions.set(key, content);
      place(of, tally);
    }
  }
  return concluded(state, body, tally);
}

function newLine(line: StatementLine, { account, currency, attribution }: PostLines): NewLine {
  return { line, source: `${account}/${lineKey(line)}`, account, currency, attribution };
}

/** A line of nothing is known from now on, and that is all. */
function place(of: NewLine, { sends, notes, sums }: Tally): void {
  const { line } = of;
  if (line.amount === 0n) return;
  const receiver = receiverOf(of);
  const sum = sumsIn(sums, line.currency);
  if (receiver === null) sum.funding += line.amount;
  else sends.push(receiver);
  if (receiver !== null && isCredit(line)) sum.credits += line.amount;
  if (receiver !== null && !isCredit(line)) sum.debits += line.amount;
  notes.push(`${lineKey(line)} ${line.mark} ${line.amount} ${line.currency} ${receiver?.to ?? 'platform-due'}`);
}

function sumsIn(sums: Map<string, Sums>, currency: string): Sums {
  const known = sums.get(currency);
  if (known !== undefined) return known;
  const fresh = { credits: 0n, debits: 0n, funding: 0n };
  sums.set(currency, fresh);
  return fresh;
}

function concluded(state: StatementLines, body: PostLines, tally: Tally): Accepted<StatementLines> {
  const { additions, sends, sums, notes, overflow } = tally;
  const rows = [...sums].flatMap(([currency, sum]) => rowsOf(currency, sum));
  const own = sums.get(body.currency) ?? { credits: 0n, debits: 0n, funding: 0n };
  const next = remembered(state, additions, own.credits + own.funding - own.debits);
  const onward = overflow.length === 0 ? [] : [passOn(state, body, overflow)];
  const note = notes.length === 0 ? null : { kind: 'statement_lines', account: body.account, date: body.date, lines: notes };
  return accept(next, { rows, sends: [...sends, ...onward], note });
}

function rowsOf(currency: string, { credits, debits, funding }: Sums): Row[] {
  return [
    ...post(currency, { debit: [{ account: 'bank', amount: credits }], credit: [{ account: 'in-transit', amount: credits }] }),
    ...post(currency, { debit: [{ account: 'in-transit', amount: debits }], credit: [{ account: 'bank', amount: debits }] }),
    ...post(currency, { debit: [{ account: 'bank', amount: funding }], credit: [{ account: 'platform-due', amount: funding }] }),
  ];
}

function passOn(state: StatementLines, body: PostLines, lines: readonly StatementLine[]): Send {
  const [bucket = '', successor = '0'] = state.bucket.split('+');
  const to = `statement-lines:${state.account}:${state.date}:${bucket}+${Number(successor) + 1}` as const;
  return send(statementLinesMessages, to, { type: 'PostLines', body: { ...body, lines: [...lines] } });
}

export const statementLines = defineKind({
  name: 'statement-lines',
  role: 'omnibus',
  rules: 1,
  messages: statementLinesMessages,
  state: statementLinesState,
  initial: initialStatementLines,
  decide,
});
