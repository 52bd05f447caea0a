/** The fake's own time: real time plus a shift that a test or a person sets through the control API. */
export interface Clock {
  now(): Date;
  /** ISO text of the moment it shall be now; null returns to real time. */
  set(at: string | null): void;
}

export function shiftedClock(): Clock {
  let shiftMs = 0;
  return {
    now: () => new Date(Date.now() + shiftMs),
    set: (at) => {
      shiftMs = at === null ? 0 : Date.parse(at) - Date.now();
    },
  };
}
