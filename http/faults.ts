/** The one map from faults (the outside world failing us) to HTTP. */
import type { Fault } from '../engine/fault.ts';
import { Problem } from './problem.ts';

const RETRY_AFTER_SECONDS = '1';

/** Faults that have a name on the wire; every other one is 503 `unavailable`. */
const KNOWN: Readonly<Record<string, { readonly status: number; readonly detail: string; readonly code?: string }>> = {
  mailbox_full: { status: 429, detail: 'This account has too many commands waiting; try again shortly.' },
  overloaded: { status: 503, detail: 'The service is shedding load; try again shortly.' },
  outcome_unknown: {
    status: 503,
    detail: 'The command was accepted but its outcome is not known yet; repeat it with the same Idempotency-Key.',
  },
  not_replicated: {
    status: 503,
    detail: 'The command was accepted but is not yet safe against the loss of a server; repeat it with the same Idempotency-Key.',
  },
  actor_parked: { status: 503, detail: 'This account waits for an operator; the command was kept.' },
  unknown_kind: { status: 404, detail: 'There is no such kind of actor.' },
  unknown_kind_or_role: { status: 404, code: 'unknown_kind', detail: 'There is no such kind of actor.' },
  entry_not_parked: { status: 409, detail: 'It is not this entry that the actor is parked at, or somebody was faster.' },
  bad_cursor: { status: 400, detail: 'The cursor is not one that this service gave out.' },
};

export function faultProblem(fault: Fault): Problem {
  const known = KNOWN[fault.code];
  if (known === undefined) {
    return new Problem({
      status: 503,
      code: 'unavailable',
      detail: 'A part of the service cannot be reached; try again shortly.',
      headers: retryAfter(),
    });
  }
  const waits = known.status === 429 || known.status === 503;
  return new Problem({
    status: known.status,
    code: known.code ?? fault.code,
    detail: known.detail,
    ...(waits ? { headers: retryAfter() } : {}),
  });
}

function retryAfter(): Readonly<Record<string, string>> {
  return { 'Retry-After': RETRY_AFTER_SECONDS };
}
