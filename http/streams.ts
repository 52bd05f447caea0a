/**
 * The open response streams (server-sent events) of a process: bounded, and ended one and all when it stops.
 *
 * T1  Every stream holds a slot until its response is over. T2  After `end` no stream begins, and every open one is asked to end.
 * T3  One owner never holds more than its share of the slots.
 */

export interface StreamLimits {
  /** Of the process: an event stream costs a socket and a ledger read per transaction. */
  readonly all: number;
  /** Of one owner. */
  readonly perOwner: number;
}

const STREAM_LIMITS: StreamLimits = { all: 1_000, perOwner: 20 };

export interface Streams {
  /** Takes a slot, or says which limit there is none by. `stop` asks the stream to end by itself. */
  begin(stop: AbortController, owner: string): 'begun' | 'all_taken' | 'owner_has_its_share';
  over(stop: AbortController): void;
  readonly open: number;
  end(): void;
}

export function createStreams({ all, perOwner }: StreamLimits = STREAM_LIMITS): Streams {
  const owners = new Map<AbortController, string>();
  let ended = false;
  // Counted by looking: slots are few, and begin seldom.
  const heldBy = (owner: string): number => [...owners.values()].filter((one) => one === owner).length;
  return {
    begin(stop, owner) {
      if (ended || owners.size >= all) return 'all_taken';
      if (heldBy(owner) >= perOwner) return 'owner_has_its_share';
      owners.set(stop, owner);
      return 'begun';
    },
    over: (stop) => void owners.delete(stop),
    get open() {
      return owners.size;
    },
    end() {
      ended = true;
      for (const stop of owners.keys()) stop.abort();
    },
  };
}
