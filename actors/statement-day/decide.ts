/** Which pages of a day came; lines that are read again go through it into their buckets. */
import { accept, defineKind } from '../../engine/actor.ts';
import type { Accepted, Entry, Listing, MessagesOf } from '../../engine/actor.ts';
import { toBuckets } from '../buckets.ts';
import { hashOfLines } from '../line-hash.ts';
import { lineKey } from '../statement-line.ts';
import { statementDayMessages } from './messages.ts';
import { initialStatementDay, SPANS_KEPT, statementDayState } from './state.ts';
import type { Span, StatementDay } from './state.ts';
import { withPage } from './stretch.ts';

type Message = MessagesOf<typeof statementDayMessages>;
type Cover = Extract<Message, { type: 'CoverLines' }>['body'];

function decide(state: StatementDay, { type, body }: Entry<Message>): Accepted<StatementDay> {
  if (type === 'CoverLines') return accept(covered(state, body).state);
  const { lines, buckets, opening, closing, ...facts } = body;
  const cover = covered(state, { buckets, opening, closing, keys: lines.map(lineKey), hash: hashOfLines(lines) });
  return accept(cover.state, { sends: cover.isNew ? toBuckets(facts, lines, cover.state.buckets) : [] });
}

/** D1, D2 */
function covered(state: StatementDay, { buckets, opening, closing, keys, hash }: Cover): { state: StatementDay; isNew: boolean } {
  const [first] = keys;
  const last = keys.at(-1);
  if (first === undefined || last === undefined) return { state, isNew: false };
  const seen = withPage(state, { opening, closing, keys });
  const span = { first, last, closing, hash };
  if (state.spans.some((one) => isSame(one, span))) return { state: seen, isNew: false };
  const spans = [...state.spans, span].slice(-SPANS_KEPT);
  return { state: { ...seen, buckets: state.buckets === 0 ? buckets : state.buckets, spans, pages: state.pages + 1 }, isNew: true };
}

function isSame(one: Span, other: Span): boolean {
  return one.hash === other.hash && one.first === other.first && one.last === other.last && one.closing === other.closing;
}

function listing({ account, date, status, known }: StatementDay): Listing {
  if (known === null) return null;
  return { account, date, status, opening: known.opening.toString(), closing: known.closing.toString(), lines: known.lines };
}

export const statementDay = defineKind({
  name: 'statement-day',
  role: 'omnibus',
  rules: 2,
  messages: statementDayMessages,
  state: statementDayState,
  initial: initialStatementDay,
  decide,
  listing,
});
