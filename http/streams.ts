/**
 * The open response streams (server-sent events) of a process: bounded, and ended one and all when it stops.
 *
 * T1  Every stream holds a slot until its response is over. T2  After `end` no stream begins, and every open one is asked to end.
 */

/** An event stream costs a socket and a ledger read per transaction; beyond this a client is better served by another process. */
export const STREAMS_MAX = 1_000;

export interface Streams {
  /** Takes a slot; false when there is none. `stop` asks the stream to end by itself. */
  begin(stop: AbortController): boolean;
  over(stop: AbortController): void;
  readonly open: number;
  end(): void;
}

export function createStreams(max = STREAMS_MAX): Streams {
  const all = new Set<AbortController>();
  let ended = false;
  return {
    begin(stop) {
      if (ended || all.size >= max) return false;
      all.add(stop);
      return true;
    },
    over: (stop) => void all.delete(stop),
    get open() {
      return all.size;
    },
    end() {
      ended = true;
      for (const stop of all) stop.abort();
    },
  };
}
