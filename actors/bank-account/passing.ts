/**
 * What becomes of proven lines: they go straight to their buckets, and their day is told which they were.
 *
 * G1  Of the last page, which is read again by every pull, only lines that are new go on; the rest is known by its hash, not by its number.
 * G2  What a whole pass reads again behind the newest proven line goes through its day, which knows the pages it has seen (D1).
 */
import { send } from '../../engine/actor.ts';
import type { Send } from '../../engine/actor.ts';
import { toBuckets } from '../buckets.ts';
import { hashOfLines } from '../line-hash.ts';
import { lineKey } from '../statement-line.ts';
import type { StatementLine } from '../statement-line.ts';
import { statementDayMessages } from '../statement-day/messages.ts';
import type { Group } from './proof.ts';
import type { OpenAccount } from './pull.ts';
import type { BankAccount, Pass, Seen } from './state.ts';

export function passedOn(state: OpenAccount, pass: Pass, group: Group): Send[] {
  const { account, config } = state;
  const { date, opening, closing, lines } = group;
  const fresh = unseen(state.seen, group);
  if (fresh.length === 0) return [];
  const { currency, buckets, attribution } = config;
  const to = `statement-day:${account}:${date}` as const;
  if (!isAhead(state, pass, group)) {
    const body = { account, date, currency, buckets, opening, closing, lines, attribution };
    return [send(statementDayMessages, to, { type: 'AddLines', body })];
  }
  const keys = lines.map(lineKey);
  const cover = send(statementDayMessages, to, { type: 'CoverLines', body: { buckets, opening, closing, keys, hash: hashOfLines(lines) } });
  return [cover, ...toBuckets({ account, date, currency, attribution }, fresh, buckets)];
}

/** Whether the lines stand behind all that was ever proven, or in the page where new ones appear. */
function isAhead({ proven }: BankAccount, { whole }: Pass, { date, opening }: Group): boolean {
  return !whole || proven === null || date > proven.date || (date === proven.date && opening === proven.closing);
}

/** G1 */
function unseen(seen: readonly Seen[], { date, opening, lines }: Group): readonly StatementLine[] {
  const known = seen.find((one) => one.date === date && one.opening === opening && one.lines <= lines.length);
  if (known === undefined || hashOfLines(lines.slice(0, known.lines)) !== known.hash) return lines;
  return lines.slice(known.lines);
}

export function seenOf(groups: readonly Group[]): Seen[] {
  return groups.map(({ date, opening, lines }) => ({ date, opening, lines: lines.length, hash: hashOfLines(lines) }));
}
