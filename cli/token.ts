// Client tokens for a developer's machine. Real ones come from the platform's own identity service.
import { SignJWT } from 'jose';
import { DEVELOPMENT_SECRET } from './development-secret.ts';

const TTL_SECONDS = 24 * 3600;

export interface TokenOptions {
  /** The client whose wallets the token opens: the `sub`. */
  readonly owner: string;
  /** `ops` for operators. */
  readonly scope?: string | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

/** Why this environment gets no token; undefined when it does. */
export function tokenRefusal(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env['NODE_ENV'] === 'production') return 'Tokens are made with the development secret only, and NODE_ENV is production.';
  const secret = env['JWT_SECRET'] ?? '';
  if (secret !== '' && secret !== DEVELOPMENT_SECRET) return 'Tokens are made with the development secret only, and JWT_SECRET is another.';
  return undefined;
}

/** A JWT (HS256) signed with the development secret. */
export function makeToken(options: TokenOptions): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const token = new SignJWT(options.scope === undefined ? {} : { scope: options.scope })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(options.owner)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + (options.ttlSeconds ?? TTL_SECONDS));
  if (options.issuer !== undefined) token.setIssuer(options.issuer);
  if (options.audience !== undefined) token.setAudience(options.audience);
  return token.sign(new TextEncoder().encode(DEVELOPMENT_SECRET));
}

/** `ironwallet token`: prints one, or says why this environment gets none. */
export async function token(options: { readonly owner: string; readonly scope?: string; readonly ttl?: number }): Promise<void> {
  const refusal = tokenRefusal(process.env);
  if (refusal !== undefined) {
    process.stderr.write(`${refusal}\n`);
    process.exitCode = 2;
    return;
  }
  const limits = { issuer: process.env['JWT_ISSUER'], audience: process.env['JWT_AUDIENCE'] };
  process.stdout.write(`${await makeToken({ owner: options.owner, scope: options.scope, ttlSeconds: options.ttl, ...limits })}\n`);
}
