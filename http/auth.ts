/** Tokens: authentication happened before us, here a JWT is verified and nothing more. */
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyOptions } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Caller } from './endpoint.ts';
import { Problem } from './problem.ts';

export interface AuthOptions {
  /** HS256 secret; or the address of the public keys. */
  readonly secret?: string | undefined;
  readonly jwksUrl?: string | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

export type Authenticate = (authorization: string | undefined) => Promise<Caller>;

const SUBJECT_CHARS_MAX = 200;
/** A verified token is believed again for so long, and never past its own end: a client sends the same one with every request. */
const BELIEVED_MS_MAX = 60_000;
const BELIEVED_TOKENS_MAX = 10_000;

/** Makes the function that turns an `Authorization` header into a caller, or throws a 401 problem. */
export function createAuthenticate(options: AuthOptions): Authenticate {
  const verify = verifier(options);
  const believed = new LRUCache<string, Believed>({ max: BELIEVED_TOKENS_MAX, ttl: BELIEVED_MS_MAX });
  return async (authorization) => {
    const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw unauthorized('token_missing', 'An Authorization header with a bearer token is needed.');
    const known = believed.get(token);
    if (known !== undefined && Date.now() < known.endMs) return known.caller;
    const payload = await verified(verify, token);
    const caller = callerOf(payload);
    believed.set(token, { caller, endMs: (payload.exp ?? 0) * 1_000 });
    return caller;
  };
}

interface Believed {
  readonly caller: Caller;
  /** Of the token, by the wall clock. */
  readonly endMs: number;
}

function verifier(options: AuthOptions): (token: string) => Promise<JWTPayload> {
  const checks: JWTVerifyOptions = {
    requiredClaims: ['sub', 'exp'],
    ...(options.issuer === undefined ? {} : { issuer: options.issuer }),
    ...(options.audience === undefined ? {} : { audience: options.audience }),
  };
  if (options.secret !== undefined) {
    const secret = new TextEncoder().encode(options.secret);
    return async (token) => (await jwtVerify(token, secret, { ...checks, algorithms: ['HS256'] })).payload;
  }
  if (options.jwksUrl === undefined) throw new Error('a secret or the address of public keys is needed to verify tokens');
  const keys = createRemoteJWKSet(new URL(options.jwksUrl));
  return async (token) => (await jwtVerify(token, keys, { ...checks, algorithms: ['RS256', 'ES256', 'EdDSA'] })).payload;
}

/** Not the token's fault: the keys could not be had. */
const KEYS_AWAY = new Set(['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID']);

async function verified(verify: (token: string) => Promise<JWTPayload>, token: string): Promise<JWTPayload> {
  try {
    return await verify(token);
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw unauthorized('token_expired', 'The token has expired.');
    if (error instanceof errors.JOSEError && !KEYS_AWAY.has(error.code))
      throw unauthorized('token_invalid', 'The token is not one of ours.');
    const detail = 'The keys that tokens are verified with cannot be had now.';
    throw new Problem({ status: 503, code: 'keys_unavailable', detail, headers: { 'Retry-After': '5' } });
  }
}

function callerOf(payload: JWTPayload): Caller {
  // The library verifies no type: a list of one name would be that name wherever a text is made of it.
  const subject: unknown = payload.sub;
  if (!isSubject(subject)) throw unauthorized('token_invalid', 'The token names no usable subject.');
  const scope = payload['scope'];
  return { subject, scopes: new Set(typeof scope === 'string' ? scope.split(' ') : []) };
}

/** Half a character (a lone surrogate) has no form in UTF-8, so it can name no actor. */
function isSubject(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= SUBJECT_CHARS_MAX && !/\p{Cs}/u.test(value);
}

function unauthorized(code: string, detail: string): Problem {
  return new Problem({ status: 401, code, detail, headers: { 'WWW-Authenticate': 'Bearer' } });
}
