/**
 * How often one owner may ask, counted in the memory of this process: with several gateways, each counts what it sees.
 *
 * Q1  Every request of a client counts, reads and writes, repeated keys too; webhooks, operators and health do not.
 * Q2  An owner is forgotten when its windows are over, so memory holds only owners of the last seconds.
 */
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Problem } from './problem.ts';

export interface RateLimitOptions {
  readonly perSecond: number;
  /** Requests beyond that, within `BURST_SECONDS`. */
  readonly burst: number;
}

/** Counts one request of an owner; throws 429 `rate_limited` with `Retry-After` when there were too many. */
export type RateLimit = (owner: string) => Promise<void>;

const BURST_SECONDS = 10;

export function createRateLimit({ perSecond, burst }: RateLimitOptions): RateLimit {
  const limiter = new BurstyRateLimiter(
    new RateLimiterMemory({ points: perSecond, duration: 1, keyPrefix: 'second' }),
    new RateLimiterMemory({ points: burst, duration: BURST_SECONDS, keyPrefix: 'burst' }),
  );
  return async (owner) => {
    try {
      await limiter.consume(owner);
    } catch (rejected) {
      if (rejected instanceof RateLimiterRes) throw rateLimited(rejected.msBeforeNext);
      throw rejected;
    }
  };
}

function rateLimited(waitMs: number): Problem {
  return new Problem({
    status: 429,
    code: 'rate_limited',
    detail: 'Too many requests in a short time; try again when Retry-After is over.',
    headers: { 'Retry-After': String(Math.max(1, Math.ceil(waitMs / 1000))) },
  });
}
