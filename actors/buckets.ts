/** Lines on their way into the buckets of their day. */
import { send } from '../engine/actor.ts';
import type { Send } from '../engine/actor.ts';
import { bucketOf } from './line-hash.ts';
import { lineKey } from './statement-line.ts';
import type { Attribution, StatementLine } from './statement-line.ts';
import { statementLinesMessages } from './statement-lines/messages.ts';

/** What all lines of a page share. */
export interface DayFacts {
  readonly account: string;
  readonly date: string;
  readonly currency: string;
  readonly attribution: Attribution;
}

/** One message per bucket that gets a line, in ascending order of buckets. */
export function toBuckets(day: DayFacts, lines: readonly StatementLine[], buckets: number): Send[] {
  const { account, date, currency, attribution } = day;
  const parts: StatementLine[][] = Array.from({ length: buckets }, () => []);
  for (const line of lines) parts[bucketOf(lineKey(line), buckets)]?.push(line);
  return parts.flatMap((some, bucket) =>
    some.length === 0
      ? []
      : send(statementLinesMessages, `statement-lines:${account}:${date}:${bucket}`, {
          type: 'PostLines',
          body: { account, date, currency, lines: some, attribution },
        }),
  );
}
