/** The installation that this Redis holds: begun once, compared at every start. */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { Fault } from '../../engine/fault.ts';
import type { Layout } from '../../engine/layout.ts';
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
export async function initInstallation(redis: Redis, layout: Layout, { uuid }: { readonly uuid: string | null }): Promise<Installation> {
  const keys = [META, ...layout.allShards.map((shard) => shardKeys(shard).lease)];
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

export function shapeOf(layout: Layout): string {
  const roles = Object.entries(layout.roles).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(roles.map(([role, { letter, shards }]) => [role, { letter, shards }])));
}
