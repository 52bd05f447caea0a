/** The installation that this Redis holds: begun once, compared at every start. */
import { randomUUID } from 'node:crypto';
import { Fault } from '../../engine/fault.ts';
import type { Layout } from '../../engine/layout.ts';
import { isCluster } from './client.ts';
import type { RedisClient } from './client.ts';
import { faultOf } from './faults.ts';
import { META, shardKeys } from './keys.ts';
import { texts, unexpected } from './reply.ts';
import { createScripts } from './scripts.ts';

export interface Installation {
  readonly uuid: string;
  /** It was begun just now: the caller writes its uuid into MongoDB. */
  readonly isNew: boolean;
}

const FAULTS: Readonly<Record<string, string>> = {
  redis_is_empty: 'Redis is empty, but MongoDB knows the installation: this is another Redis, or its data is lost (ironwallet restore)',
  another_installation: 'Redis holds another installation than MongoDB',
  another_layout: 'the shard counts differ from those this installation began with; they can never change',
};

/**
 * Begins the installation when Redis is empty and none is expected, else compares.
 * `uuid` is the one that MongoDB holds, null when it holds none. Throws `redis_is_empty`, `another_installation`, `another_layout`.
 */
export async function initInstallation(
  redis: RedisClient,
  layout: Layout,
  { uuid }: { readonly uuid: string | null },
): Promise<Installation> {
  const leases = layout.allShards.map((shard) => shardKeys(shard).lease);
  if (isCluster(redis)) await beginLeases(redis, { leases, uuid });
  const keys = isCluster(redis) ? [META] : [META, ...leases];
  const args = [randomUUID(), uuid ?? '', layout.version, shapeOf(layout)];
  const [result, found, shape] = texts(await createScripts(redis).run({ script: 'init', keys, args }));
  if (result === undefined || found === undefined) throw unexpected(result);
  if (result === 'created' || result === 'same') return { uuid: found, isNew: result === 'created' };
  throw new Fault({
    code: result,
    retry: 'never',
    message: `${FAULTS[result] ?? result} (Redis: ${found} ${shape ?? ''}; expected: ${uuid ?? 'none'} ${shapeOf(layout)})`,
  });
}

/** In a cluster no write reaches all: first the leases, last the installation, so that what was interrupted is begun again. */
async function beginLeases(
  redis: RedisClient,
  { leases, uuid }: { readonly leases: readonly string[]; readonly uuid: string | null },
): Promise<void> {
  const known = await redis.hget(META, 'installation').catch((error: unknown) => {
    throw faultOf(error);
  });
  if (known === null && uuid === null)
    await createScripts(redis).runAll(leases.map((lease) => ({ script: 'init-lease', keys: [lease], args: [] })));
}

export function shapeOf(layout: Layout): string {
  const roles = Object.entries(layout.roles).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(roles.map(([role, { letter, shards }]) => [role, { letter, shards }])));
}
