/** What may be said to a range of virtual account numbers. Id: `<from>-<to>`, so another configured range is another actor. */
import { z } from 'zod';

export const numberRangeMessages = {
  /** Gateway. Answer: `{ from, to }`, 15 digits each, inclusive; unused numbers of a block are skipped for ever. */
  TakeBlock: z.object({ size: z.number().int().min(1).max(10_000) }),
};
