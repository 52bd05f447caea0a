/** What a provider throws when the world is not as it should be: a stable code, and whether trying again makes sense. */

/** `now`: the same call may succeed at once; `later`: after a pause; `never`: somebody must look. */
export type FaultRetry = 'now' | 'later' | 'never';

export interface FaultOptions {
  readonly code: string;
  readonly retry: FaultRetry;
  readonly message?: string;
  readonly cause?: unknown;
}

export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: string;
  readonly retry: FaultRetry;

  constructor({ code, retry, message = code, cause }: FaultOptions) {
    super(message, { cause });
    this.code = code;
    this.retry = retry;
  }
}
