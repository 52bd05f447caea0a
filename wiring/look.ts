/**
 * One look a second at what waits, in one round trip: when edges shed, whether this process' shards move, and the figures of both.
 * Memory is also looked at by every send.
 */
import { progressOf, reportProgress } from '../engine/progress.ts';
import type { Progress } from '../engine/progress.ts';
import type { WorkerStatus } from '../engine/worker.ts';
import type { Base } from './base.ts';

/** Actors with uncommitted entries, over all shards: minutes of work for one worker. */
const WAITING_ACTORS_MAX = 100_000;
/** Age of the oldest entry without a snapshot: Redis keeps all of them meanwhile. */
const SNAPSHOT_LAG_MS_MAX = 60_000;
const LOOK_MS = 1_000;
/** An older look says nothing about now. */
const FRESH_MS = 5_000;

const NOTHING_SEEN: Progress = { roles: [], stuck: [], late: [] };

export interface Look {
  readonly isOver: () => boolean;
  /** As last seen; what could not be looked at is neither stuck nor late. */
  readonly progress: () => Progress;
  stop(): void;
}

type LookBase = Pick<Base, 'config' | 'edge' | 'layout' | 'log' | 'metrics'>;

interface Seen {
  readonly waiting: number;
  readonly progress: Progress;
  readonly atMs: number;
}

/** `status` is null for a process that owns no actors. */
export function startLook(base: LookBase, status: () => WorkerStatus | null): Look {
  const nothing: Seen = { waiting: 0, progress: NOTHING_SEEN, atMs: -Infinity };
  let seen = nothing;
  let looking = false;
  let saidOver = false;
  let saidStuck = '';
  const fresh = (): Seen => (performance.now() - seen.atMs < FRESH_MS ? seen : nothing);
  const snapshotLagMs = (): number => status()?.lag.oldestMs ?? 0;
  const isOver = (): boolean => fresh().waiting > WAITING_ACTORS_MAX || snapshotLagMs() > SNAPSHOT_LAG_MS_MAX;
  const say = (): void => {
    if (isOver() !== saidOver)
      base.log.warn({ waiting: fresh().waiting, snapshotLagMs: snapshotLagMs() }, saidOver ? 'takes commands again' : 'sheds commands');
    saidOver = isOver();
    const stuck = fresh().progress.stuck.join(' ');
    if (stuck !== saidStuck)
      base.log.error({ shards: stuck }, stuck === '' ? 'all shards move again' : 'shards of this process do not move');
    saidStuck = stuck;
  };
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    seen = await lookOnce(base, status()).catch(() => {
      base.metrics.count('ironwallet_loop_failures_total', 1, { loop: 'look' });
      return seen;
    });
    looking = false;
    say();
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  return {
    isOver,
    progress: () => fresh().progress,
    stop: () => {
      clearInterval(timer);
    },
  };
}

async function lookOnce({ config, edge, layout, metrics }: LookBase, status: WorkerStatus | null): Promise<Seen> {
  const gauges = await edge.operations.gauges(layout.allShards);
  const facts = { layout, quietMs: status?.quietMs ?? new Map<string, number>(), markMs: config.PROGRESS_MS };
  const progress = progressOf(gauges, facts);
  reportProgress(metrics, progress);
  metrics.gauge('ironwallet_redis_memory_bytes', gauges.memoryUsed);
  metrics.gauge('ironwallet_redis_memory_max_bytes', gauges.memoryMax);
  // What waits for MongoDB is late, unharmed, and no other process could do better.
  const stuck = status?.loadsFail === true ? [] : progress.stuck;
  return { waiting: gauges.ready, progress: { ...progress, stuck }, atMs: performance.now() };
}
