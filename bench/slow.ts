/** What held Redis up while something ran: its slow log by script, and the events of its latency monitor. */
import { masters } from '../providers/redis/client.ts';
import type { RedisPorts } from '../providers/redis/ports.ts';
import { list, number, text } from '../providers/redis/reply.ts';
import { scriptsByHash } from '../providers/redis/scripts.ts';

export interface Slow {
  /** A script or command, or an event such as `aof-fsync-always`. */
  readonly what: string;
  /** Calls; of an event the seconds in which it was seen, the last 160 at most. */
  readonly times: number;
  readonly msMax: number;
}

/** What is shorter is not slow. */
export const SLOW_MS = 5;
const LOGGED_MAX = 10_000;

/** Looks from now on, at one server; what it gives back tells what was slow since, the longest first. */
export async function watchSlow({ redis: client }: Pick<RedisPorts, 'redis'>): Promise<() => Promise<Slow[]>> {
  const [redis] = masters(client);
  if (redis === undefined) throw new Error('no server');
  await redis.config('SET', 'slowlog-log-slower-than', SLOW_MS * 1_000);
  await redis.config('SET', 'slowlog-max-len', LOGGED_MAX);
  await redis.config('SET', 'latency-monitor-threshold', SLOW_MS);
  await redis.slowlog('RESET');
  await redis.call('LATENCY', 'RESET');
  return async () => {
    const calls = list(await redis.call('SLOWLOG', 'GET', LOGGED_MAX)).map(callOf);
    const events = await Promise.all(
      list(await redis.call('LATENCY', 'LATEST')).map(async (event): Promise<Slow> => {
        const [name, , , msMax] = list(event);
        const seen = list(await redis.call('LATENCY', 'HISTORY', text(name)));
        return { what: text(name), times: seen.length, msMax: number(msMax) };
      }),
    );
    return [...summed(calls), ...events].sort((a, b) => b.msMax - a.msMax);
  };
}

const NAMES = scriptsByHash();

function callOf(entry: unknown): { readonly what: string; readonly ms: number } {
  const [, , micros, words] = list(entry);
  const [command = '', hash = ''] = list(words).map(text);
  return { what: NAMES.get(hash) ?? command.toLowerCase(), ms: number(micros) / 1_000 };
}

function summed(calls: readonly { readonly what: string; readonly ms: number }[]): Slow[] {
  const all = new Map<string, Slow>();
  for (const { what, ms } of calls) {
    const { times, msMax } = all.get(what) ?? { times: 0, msMax: 0 };
    all.set(what, { what, times: times + 1, msMax: Math.max(msMax, ms) });
  }
  return [...all.values()];
}
