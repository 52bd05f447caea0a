// The process' log: one JSON line each, with everything that could open a door left out.
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

/** Secrets in our own settings, in headers, and in the bodies of providers. A card number never comes near us but masked. */
const NAMES = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'secret_token',
  'client_secret',
  'access_token',
  'token',
  'set-cookie',
  'otp',
];
const SETTINGS = [
  'JWT_SECRET',
  'MOYASAR_SECRET_KEY',
  'MOYASAR_WEBHOOK_SECRET',
  'ANB_CLIENT_SECRET',
  'ANB_WEBHOOK_SECRET_PATH',
  'REDIS_URL',
  'MONGODB_URL',
];
const DEPTH = 4;

/** Makes the logger of a process; `destination` is for tests, default standard output. */
export function createLogger(
  options: { readonly level: string; readonly roles: readonly string[] },
  destination?: DestinationStream,
): Logger {
  const settings = {
    level: options.level,
    base: { pid: process.pid, roles: options.roles.join(',') },
    redact: { paths: [...NAMES, ...SETTINGS].flatMap(paths), censor: '[redacted]' },
    serializers: { err: withoutAddresses },
  };
  return destination === undefined ? pino(settings) : pino(settings, destination);
}

/** pino has no wildcard over depths, so a name is listed at each depth that our lines have. */
function paths(name: string): string[] {
  return Array.from({ length: DEPTH }, (_, depth) =>
    depth === 0 ? `["${name}"]` : `${Array.from({ length: depth }, () => '*').join('.')}["${name}"]`,
  );
}

/** Drivers put the address into their messages, user and password included. */
function withoutAddresses(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return {
    type: error.name,
    message: hideUserInfo(error.message),
    stack: hideUserInfo(error.stack ?? ''),
    ...('code' in error ? { code: error.code } : {}),
  };
}

function hideUserInfo(value: string): string {
  return value.replaceAll(/(\b[a-z][a-z+]*:\/\/)[^\s/@]+@/g, '$1[redacted]@');
}
