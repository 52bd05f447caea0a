// The process' log: one JSON line each, with everything that could open a door left out.
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { SECRETS } from './config-schema.ts';
import { CENSOR, createRedact } from './redaction.ts';
import type { Redact } from './redaction.ts';

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
const DEPTH = 4;

export interface LoggerOptions {
  readonly level: string;
  readonly roles: readonly string[];
  /** Takes out of every line what nobody may read; by default what looks like a credential. */
  readonly redact?: Redact;
}

/** Makes the logger of a process; `destination` is for tests, default standard output. */
export function createLogger(options: LoggerOptions, destination?: DestinationStream): Logger {
  const settings = {
    level: options.level,
    base: { pid: process.pid, roles: options.roles.join(',') },
    redact: { paths: [...NAMES, ...SECRETS].flatMap(paths), censor: CENSOR },
    serializers: { err: ownWords },
    // Names are not enough: a provider may quote a secret in any text of its own.
    hooks: { streamWrite: options.redact ?? createRedact() },
  };
  return destination === undefined ? pino(settings) : pino(settings, destination);
}

/** pino has no wildcard over depths, so a name is listed at each depth that our lines have. */
function paths(name: string): string[] {
  return Array.from({ length: DEPTH }, (_, depth) =>
    depth === 0 ? `["${name}"]` : `${Array.from({ length: depth }, () => '*').join('.')}["${name}"]`,
  );
}

/** Not the fields that libraries add: a driver's error carries the whole command, password included. */
function ownWords(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return { type: error.name, message: error.message, stack: error.stack ?? '', ...('code' in error ? { code: error.code } : {}) };
}
