/** Spreads the lines of a day over its buckets. */
import { accept, defineKind, send } from '../../engine/actor.ts';
import type { Accepted, Entry, Listing, MessagesOf, Send } from '../../engine/actor.ts';
import { bucketOf, hashOfLines } from '../line-hash.ts';
import { lineKey } from '../statement-line.ts';
import type { StatementLine } from '../statement-line.ts';
import { statementLinesMessages } from '../statement-lines/messages.ts';
import { statementDayMessages } from './messages.ts';
import { initialStatementDay, SPANS_KEPT, statementDayState } from './state.ts';
import type { Span, StatementDay } from './state.ts';
import { withPage } from './stretch.ts';

type Message = MessagesOf<typeof statementDayMessages>;
type AddLines = Message['body'];

function decide(state: StatementDay, { body }: Entry<Message>): Accepted<StatementDay> {
  if (body.lines.length === 0) return accept(state);
  const keys = body.lines.map(lineKey);
  const seen = withPage(state, { opening: body.opening, closing: body.closing, keys });
  const span = spanOf(body, keys);
  if (state.spans.some((one) => isSame(one, span))) return accept(seen);
  const buckets = state.buckets === 0 ? body.buckets : state.buckets;
  const spans = [...state.spans, span].slice(-SPANS_KEPT);
  return accept({ ...seen, buckets, spans, pages: state.pages + 1 }, { sends: spread(body, keys, buckets) });
}

function spanOf({ closing, lines }: AddLines, keys: readonly string[]): Span {
  return { first: keys[0] ?? '', last: keys.at(-1) ?? '', closing, hash: hashOfLines(lines) };
}

function isSame(one: Span, other: Span): boolean {
  return one.hash === other.hash && one.first === other.first && one.last === other.last && one.closing === other.closing;
}

/** One message per bucket that gets a line, in ascending order of buckets. */
function spread(body: AddLines, keys: readonly string[], buckets: number): Send[] {
  const parts: StatementLine[][] = Array.from({ length: buckets }, () => []);
  for (const [index, line] of body.lines.entries()) parts[bucketOf(keys[index] ?? '', buckets)]?.push(line);
  const { account, date, currency, attribution } = body;
  return parts.flatMap((lines, bucket) =>
    lines.length === 0
      ? []
      : send(statementLinesMessages, `statement-lines:${account}:${date}:${bucket}`, {
          type: 'PostLines',
          body: { account, date, currency, lines, attribution },
        }),
  );
}

function listing({ account, date, status, known }: StatementDay): Listing {
  if (known === null) return null;
  return { account, date, status, opening: known.opening.toString(), closing: known.closing.toString(), lines: known.lines };
}

export const statementDay = defineKind({
  name: 'statement-day',
  role: 'omnibus',
  rules: 1,
  messages: statementDayMessages,
  state: statementDayState,
  initial: initialStatementDay,
  decide,
  listing,
});
