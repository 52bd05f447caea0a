/** What Redis and its client say when something is wrong, as faults. */
import { Fault } from '../../engine/fault.ts';

/** Errors of the connection: nobody knows whether the command was done. */
const CONNECTION =
  /connection is closed|max retries per request|command aborted|stream isn't writeable|ECONN|EPIPE|ETIMEDOUT|connection.*(lost|ended)|cluster (is ended|isn't ready)|socket|command timed out/i;
const LATER = /^(LOADING|BUSY|MASTERDOWN|NOREPLICAS|TRYAGAIN|CLUSTERDOWN|MISCONF|READONLY|UNKILLABLE)\b/;

export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const message = error instanceof Error ? error.message : String(error);
  const fault = (code: string, retry: Fault['retry']): Fault => new Fault({ code, retry, message: `${code}: ${message}`, cause: error });
  const ours = /^IW (\w+)/.exec(message)?.[1];
  if (ours === 'outcome_unknown') return fault('outcome_unknown', 'later');
  if (ours !== undefined) return fault(ours, 'never');
  if (message.startsWith('WRONGTYPE')) return fault('wrong_type', 'never');
  if (message.startsWith('OOM')) return fault('redis_memory', 'later');
  if (LATER.test(message) || isRedirection(error)) return fault('redis_busy', 'later');
  if (isConnectionError(error)) return fault('redis_unavailable', 'later');
  return fault('redis_error', 'never');
}

/** A slot that is elsewhere, on its way, or served by nobody at the moment. */
export function isRedirection(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|READONLY|LOADING|MASTERDOWN)\b|Too many Cluster redirections/.test(error.message)
  );
}

export function isConnectionError(error: unknown): boolean {
  return (
    error instanceof Error && (error.name === 'AbortError' || error.name === 'MaxRetriesPerRequestError' || CONNECTION.test(error.message))
  );
}

/** A pipeline that had some of its answers when the connection was lost; the client library gives up the rest of it. */
export function isAbortedInFlight(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

export function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
