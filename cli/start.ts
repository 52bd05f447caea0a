// `ironwallet start`: a process of the roles it is told.
import { KINDS } from '../actors/kinds.ts';
import type { Kind } from '../engine/actor.ts';
import { startService } from '../main.ts';
import type { Service } from '../main.ts';
import { loadConfig, secretsOf } from './config.ts';
import { createLogger } from './logger.ts';
import { createRedact } from './redaction.ts';
import type { Redact } from './redaction.ts';
import { reasonOf } from './text.ts';

export interface StartOptions {
  readonly role?: string;
  readonly port?: string;
}

/** Serves until it is told to stop; exit code 2 for a wrong setting, 1 for servers that do not fit. */
export function start(options: StartOptions): Promise<void> {
  return startWith(options, KINDS);
}

/** With other kinds than the product's: for programs that try a rollout. */
export async function startWith(options: StartOptions, kinds: readonly Kind[]): Promise<void> {
  const { role: roles, port } = options;
  const config = loadConfig(process.env, { ...(roles === undefined ? {} : { roles }), ...(port === undefined ? {} : { port }) });
  const redact = createRedact(secretsOf(config));
  const log = createLogger({ level: config.LOG_LEVEL, roles: config.ROLES, redact });
  // Node itself would print the error with every field that a library put into it.
  process.once('uncaughtException', (error) => {
    log.fatal({ err: error }, 'a bug ended the process');
    process.exit(1);
  });
  let service: Service | null = null;
  // From the beginning: a process that still waits for Redis must end when it is told, too.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end(service, redact));
  try {
    service = await startService({ config, log, watchdog: true, kinds });
    process.stdout.write(`serving ${service.url}\n`);
  } catch (error) {
    process.stderr.write(`${redact(reasonOf(error))}\n`);
    process.exit(1);
  }
}

async function end(service: Service | null, redact: Redact): Promise<void> {
  try {
    await service?.stop();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`could not stop in order: ${redact(reasonOf(error))}\n`);
    process.exit(1);
  }
}
