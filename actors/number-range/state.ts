/** What a range of wallet numbers knows: how far it has been handed out. Numbers of 15 digits are exact as JavaScript numbers. */
import { z } from 'zod';

export const numberRangeState = z.object({
  from: z.number().int(),
  to: z.number().int(),
  /** The first number that was not handed out. */
  next: z.number().int(),
});
export type NumberRangeState = Readonly<z.output<typeof numberRangeState>>;

export type NumberRangeRefusal = 'number_range_exhausted';

const RANGE_ID = /^(\d{15})-(\d{15})$/;

/** Reads the range from the id `<from>-<to>`; another id is a range without numbers. */
export function initialNumberRange(id: string): NumberRangeState {
  const [, from, to] = RANGE_ID.exec(id) ?? [];
  if (from === undefined || to === undefined) return { from: 1, to: 0, next: 1 };
  return { from: Number(from), to: Number(to), next: Number(from) };
}
