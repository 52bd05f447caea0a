/**
 * How long messages waited and nothing was committed, shard by shard, looked at ten times a second, past all cables.
 *
 * G1  A shard stands still while it has uncommitted entries and commits nothing. The commits of other shards do not help its customers, so they
 *     do not end it.
 * G2  While Redis does not answer all shards stand still, until one commits again: what would wait cannot even be sent.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Layout } from '../engine/layout.ts';
import type { Shard } from '../engine/ports.ts';
import { shardKeys } from '../providers/redis/keys.ts';
import type { RedisPorts } from '../providers/redis/ports.ts';
import { list, text } from '../providers/redis/reply.ts';

export interface Progress {
  /** Ends the watch; the longest time without a commit, in milliseconds. */
  stop(): Promise<number>;
}

const LOOK_MS = 100;
/** Who does not say by then is away: the client library would wait for seconds. */
const ANSWER_MS_MAX = 500;

export function watchProgress({ look, layout }: { readonly look: RedisPorts; readonly layout: Layout }): Progress {
  const stillness = createStillness();
  let isOver = false;
  const run = async (): Promise<void> => {
    while (!isOver) {
      const asked = performance.now();
      const late = sleep(ANSWER_MS_MAX, null, { ref: false });
      const looks = await Promise.race([looksOf(look, layout.allShards).catch(() => null), late]);
      if (looks === null) stillness.away(asked, performance.now());
      else stillness.see(looks, performance.now());
      await sleep(LOOK_MS);
    }
  };
  const running = run();
  return {
    async stop() {
      isOver = true;
      await running;
      return Math.round(stillness.longest());
    },
  };
}

/** One look at a shard. */
export interface ShardLook {
  /** Each actor with uncommitted entries, and since when its oldest one waits: gone as soon as that one is committed. */
  readonly waiting: ReadonlySet<string>;
  /** What has been posted. */
  readonly totals: string;
}

/** All shards in one call. KEYS: ready and totals of each. */
const SCRIPT = `#!lua flags=no-writes,allow-oom
local seen = {}
for i = 1, #KEYS, 2 do
  local waiting = redis.call('ZRANGE', KEYS[i], 0, -1, 'WITHSCORES')
  local names = {}
  for j = 1, #waiting, 2 do names[#names + 1] = waiting[j] .. ' ' .. waiting[j + 1] end
  seen[#seen + 1] = { table.concat(redis.call('HGETALL', KEYS[i + 1]), ' '), names }
end
return seen`;

async function looksOf({ redis }: RedisPorts, shards: readonly Shard[]): Promise<ReadonlyMap<Shard, ShardLook>> {
  const keys = shards.map(shardKeys).flatMap(({ ready, totals }) => [ready, totals]);
  const answer = list(await redis.eval(SCRIPT, keys.length, ...keys));
  return new Map(
    shards.map((shard, index) => {
      const [totals, waiting] = list(answer[index]);
      return [shard, { totals: text(totals), waiting: new Set(list(waiting).map(text)) }];
    }),
  );
}

export interface Stillness {
  see(looks: ReadonlyMap<Shard, ShardLook>, now: number): void;
  /** Redis did not answer a look that was asked for then. */
  away(asked: number, now: number): void;
  longest(): number;
}

export function createStillness(): Stillness {
  const shards = new Map<Shard, ShardLook & { readonly since: number }>();
  let [longest, awaySince, isBack]: [number, number | null, boolean] = [0, null, true];
  const stood = (since: number, now: number): void => {
    longest = Math.max(longest, now - since);
  };
  return {
    see(looks, now) {
      let hasMoved = false;
      for (const [shard, look] of looks) {
        const before = shards.get(shard);
        // What changed around an absence may have been committed before it.
        const moved = before !== undefined && isBack && hasCommitted(before, look);
        const isWaiting = before !== undefined && before.waiting.size > 0;
        if (isWaiting) stood(before.since, now);
        shards.set(shard, { ...look, since: isWaiting && !moved ? before.since : now });
        hasMoved ||= moved;
      }
      isBack = true;
      if (awaySince !== null) stood(awaySince, now);
      if (hasMoved) awaySince = null;
    },
    away(asked, now) {
      awaySince ??= asked;
      isBack = false;
      stood(awaySince, now);
    },
    longest: () => longest,
  };
}

function hasCommitted(before: ShardLook, now: ShardLook): boolean {
  return before.totals !== now.totals || [...before.waiting].some((one) => !now.waiting.has(one));
}
