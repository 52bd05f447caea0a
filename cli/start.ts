// `ironwallet start`: a process of the roles it is told.
import { startService } from '../main.ts';
import { loadConfig } from './config.ts';
import { createLogger } from './logger.ts';

/** Serves until it is told to stop; exit code 2 for a wrong setting, 1 for servers that do not fit. */
export async function start(options: { readonly role?: string; readonly port?: string }): Promise<void> {
  const { role: roles, port } = options;
  const config = loadConfig(process.env, { ...(roles === undefined ? {} : { roles }), ...(port === undefined ? {} : { port }) });
  const log = createLogger({ level: config.LOG_LEVEL, roles: config.ROLES });
  try {
    const service = await startService({ config, log, watchdog: true });
    process.stdout.write(`serving ${service.url}\n`);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end(service));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

async function end(service: { stop(): Promise<void> }): Promise<void> {
  try {
    await service.stop();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`could not stop in order: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
