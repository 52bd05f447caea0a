/** When edges shed: too much waits, or snapshots are too far behind. Memory is looked at by every send. */
import type { Base } from './base.ts';

/** Actors with uncommitted entries, over all shards: minutes of work for one worker. */
const WAITING_ACTORS_MAX = 100_000;
/** Age of the oldest entry without a snapshot: Redis keeps all of them meanwhile. */
const SNAPSHOT_LAG_MS_MAX = 60_000;
const LOOK_MS = 1_000;

export interface LoadWatch {
  readonly isOver: () => boolean;
  stop(): void;
}

/** Looks once a second; what cannot be looked at is not over. */
export function watchLoad({ edge, layout, log }: Pick<Base, 'edge' | 'layout' | 'log'>, snapshotLagMs: () => number): LoadWatch {
  let waiting = 0;
  let said = false;
  const isOver = (): boolean => waiting > WAITING_ACTORS_MAX || snapshotLagMs() > SNAPSHOT_LAG_MS_MAX;
  const look = async (): Promise<void> => {
    waiting = await edge.operations.gauges(layout.allShards).then(
      ({ ready }) => ready,
      () => 0,
    );
    if (isOver() !== said) log.warn({ waiting, snapshotLagMs: snapshotLagMs() }, said ? 'takes commands again' : 'sheds commands');
    said = isOver();
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  return {
    isOver,
    stop: () => {
      clearInterval(timer);
    },
  };
}
