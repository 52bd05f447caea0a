/**
 * An endpoint as data: what validates a request is what the OpenAPI document is made of.
 *
 * H1  A handler sees only parsed values. H2  Unknown fields are refused. H3  Writes of clients and operators need an Idempotency-Key.
 */
import type { Readable } from 'node:stream';
import type { z } from 'zod';

/** Who may call: a client for its own things, an operator (scope `ops`), or anyone (the endpoint verifies by itself, or is public). */
export type Access = 'client' | 'operator' | 'public';

export interface Caller {
  /** The token's `sub`; empty for public endpoints. */
  readonly subject: string;
  readonly scopes: ReadonlySet<string>;
}

export interface Request<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** The body as it came, for webhooks. */
  readonly rawBody: string;
  readonly caller: Caller;
  /** The Idempotency-Key; empty where none is needed. */
  readonly key: string;
  /** W3C trace id, taken from `traceparent` or made anew. */
  readonly trace: string;
  readonly lastEventId: string | null;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of a JSON body. */
  readonly text?: { readonly type: string; readonly content: string };
  readonly stream?: { readonly type: string; readonly source: Readable };
}

export interface ReplyDoc {
  readonly description: string;
  readonly schema?: z.ZodType;
}

export interface Endpoint<P = unknown, Q = unknown, B = unknown> {
  readonly method: 'get' | 'post';
  /** Koa style: `/v1/wallets/:walletId`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly access: Access;
  readonly params?: z.ZodType<P>;
  readonly query?: z.ZodType<Q>;
  readonly body?: z.ZodType<B>;
  /** Needs an Idempotency-Key. */
  readonly keyed?: boolean;
  /** The raw body is passed through unparsed by us (webhooks parse it themselves). */
  readonly raw?: boolean;
  /** Successful answers by status; problems are added to all. */
  readonly replies: Readonly<Record<number, ReplyDoc>>;
  handle(request: Request<P, Q, B>): Promise<Reply>;
}

/** Gives an endpoint its types; lists hold it as `Endpoint`. */
export function endpoint<P = undefined, Q = undefined, B = undefined>(facts: Endpoint<P, Q, B>): Endpoint<P, Q, B> {
  return facts;
}
