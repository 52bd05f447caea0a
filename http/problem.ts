/** Errors on the wire: RFC 9457 problem documents with a stable `code`. */

export interface FieldError {
  /** JSON pointer into the request body, or `query/<name>`, `params/<name>`, `headers/<name>`. */
  readonly pointer: string;
  readonly detail: string;
}

export interface ProblemFacts {
  readonly status: number;
  /** Stable: clients switch on it. */
  readonly code: string;
  /** A sentence for the developer of the client. */
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
}

export class Problem extends Error {
  readonly facts: ProblemFacts;

  constructor(facts: ProblemFacts) {
    super(facts.detail);
    this.name = 'Problem';
    this.facts = facts;
  }
}

export function problem(status: number, code: string, detail: string): Problem {
  return new Problem({ status, code, detail });
}

/** The document's body; `instance` is the request's path. */
export function problemBody({ status, code, detail, errors }: ProblemFacts, instance: string): Record<string, unknown> {
  return { type: 'about:blank', title: titleOf(code), status, code, detail, instance, ...(errors === undefined ? {} : { errors }) };
}

/** `top_up_not_found` -> `Top up not found`. */
function titleOf(code: string): string {
  const words = code.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
