/**
 * Redis and MongoDB must belong together: both hold the installation's uuid.
 *
 * N1  A Redis that is empty while MongoDB knows an installation is refused: money would be forgotten.
 * N2  While MongoDB is away an installation that Redis knows goes on; a new one is not begun.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Layout } from '../engine/layout.ts';
import type { MongoPorts } from '../providers/mongo/ports.ts';
import { initInstallation } from '../providers/redis/installation.ts';
import { META } from '../providers/redis/keys.ts';
import type { RedisPorts } from '../providers/redis/ports.ts';

export interface InstallationParts {
  readonly redis: Pick<RedisPorts, 'redis' | 'problems'>;
  readonly mongo: Pick<MongoPorts, 'installation'>;
  readonly layout: Layout;
  readonly log: Logger;
}

const RETRY_MS = 1_000;
const SHOWN_CHARS = 8;

/** The uuid; begins the installation when both servers are empty. Throws the faults of `initInstallation`. */
export async function installationOf(parts: InstallationParts): Promise<string> {
  const { redis, mongo, layout, log } = parts;
  for (const problem of await redis.problems()) log.warn({ problem }, 'Redis is not set up as money needs it');
  const expected = await expectedUuid(parts);
  const { uuid, isNew } = await initInstallation(redis.redis, layout, { uuid: expected });
  if (expected === null)
    await mongo.installation.write(uuid).catch((error: unknown) => log.warn({ err: error }, 'MongoDB was not told the installation'));
  // Not the whole: top-up ids are made with it, so that nobody can guess them.
  if (isNew) log.info({ installation: uuid.slice(0, SHOWN_CHARS) }, 'a new installation');
  return uuid;
}

/** What MongoDB holds, or, while it is away (N2), what Redis holds. */
async function expectedUuid({ redis, mongo, log }: InstallationParts): Promise<string | null> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await mongo.installation.read();
    } catch (error) {
      const known = await redis.redis.hget(META, 'installation');
      if (known !== null) return known;
      if (tries === 0) log.warn({ err: error }, 'waits for MongoDB: a new installation needs both');
      await sleep(RETRY_MS);
    }
  }
}
