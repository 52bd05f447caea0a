/** What `accept` tells the process of its load, and what that answers. */
import { z } from 'zod';

export const loadTask = z.object({
  url: z.string(),
  kind: z.enum(['commands', 'reads']),
  rate: z.number(),
  seconds: z.number(),
  /** Each with as many wallets as the others. */
  owners: z.array(z.object({ token: z.string(), numbers: z.array(z.string()) })),
  /** Requests that went to these wallets before: it goes on behind them. */
  first: z.number(),
});
export type LoadTask = z.output<typeof loadTask>;

/** Milliseconds from when a request was due. */
export const loadResult = z.object({
  p50Ms: z.number(),
  p99Ms: z.number(),
  p999Ms: z.number(),
  maxMs: z.number(),
  /** How late the load itself was: much of it means that the load lacked processor time. */
  lateP99Ms: z.number(),
  sent: z.number(),
  answered: z.number(),
  perSecond: z.number(),
  /** Refused with 429 or 503. */
  shed: z.number(),
  errors: z.number(),
  /** Status and code -> how many. */
  failures: z.record(z.string(), z.number()),
});
export type LoadResult = z.output<typeof loadResult>;
