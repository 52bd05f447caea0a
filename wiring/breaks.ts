/** How many breaks wait for a person: a look at the directory once a minute, for the alert on money that nobody decides about. */
import { setTimeout as sleep } from 'node:timers/promises';
import { breakKind } from '../actors/break/decide.ts';
import type { Log } from '../engine/metrics.ts';
import type { Directory } from '../engine/ports.ts';
import type { HttpMetrics } from '../http/metrics.ts';

const LOOK_MS = 60_000;
/** As many as one page of the directory: whoever has more open breaks needs no exact number. */
const COUNTED_MAX = 1_000;

export interface BreaksCountParts {
  readonly directory: Pick<Directory, 'list'>;
  readonly metrics: Pick<HttpMetrics, 'breaksOpen'>;
  readonly log: Pick<Log, 'warn'>;
}

/** Counts until the signal; while MongoDB is away the figure stays as it was. */
export function startBreaksCount({ directory, metrics, log }: BreaksCountParts, signal: AbortSignal): void {
  const openOf = async (severity: string): Promise<[string, number]> => {
    const query = { kind: breakKind.name, where: { status: 'open', severity }, before: null, limit: COUNTED_MAX };
    return [severity, (await directory.list(query)).length];
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        metrics.breaksOpen(new Map(await Promise.all(['low', 'medium', 'high'].map(openOf))));
      } catch (error) {
        log.warn({ err: error }, 'open breaks could not be counted');
      }
      await sleep(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  };
  void run();
}
