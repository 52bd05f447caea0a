/**
 * The lines of one bucket of a day: 24 characters each, enough to know a line again and to notice when it was changed.
 *
 * L1  A line is posted once, however often and from whatever source it is read.
 * L2  Content that must agree is amount, currency, value date and sign; narratives may differ between sources.
 * L3  A full bucket passes unknown lines on to its successor, `<account>:<date>:<bucket>+1`, and so on: no state grows for ever.
 */
import { z } from 'zod';
import { signedMinor } from '../money.ts';

/** 16 hexadecimal characters of key and 8 of content. */
export const KEY_LENGTH = 16;
export const ENTRY_LENGTH = 24;
/** 192 KB: under the limit of a state. */
export const LINES_MAX = 8000;

export const statementLinesState = z.object({
  account: z.string(),
  date: z.string(),
  /** The bucket's number, `+n` behind it for the n-th successor. */
  bucket: z.string(),
  /** `ENTRY_LENGTH` characters per line, in the order they came. */
  known: z.string(),
  count: z.number().int(),
  /** Signed sum of the posted lines in the account's currency, credit positive. */
  posted: signedMinor,
});
export type StatementLines = z.output<typeof statementLinesState>;

export function initialStatementLines(id: string): StatementLines {
  const [account = '', date = '', bucket = ''] = id.split(':');
  return { account, date, bucket, known: '', count: 0, posted: 0n };
}
