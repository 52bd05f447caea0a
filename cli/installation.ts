// Whether the servers that an operator's settings name are the ones that hold the money. A look at others, or with other shard counts,
// would miss actors and call it zero difference.
import { z } from 'zod';
import type { Layout } from '../engine/layout.ts';

const rolesSchema = z.record(z.string(), z.object({ letter: z.string(), shards: z.number() }));

export interface Found {
  /** What Redis holds: the installation's uuid and the shard counts it began with, as JSON; null when nothing ever started on it. */
  readonly redis: { readonly uuid: string | null; readonly shards: string | null };
  /** The uuid that MongoDB holds; null when it holds none, or is away. */
  readonly mongo: string | null;
}

/** Why these servers must not be looked at; undefined when all fits. */
export function misfit({ redis, mongo }: Found, layout: Pick<Layout, 'roles'>): string | undefined {
  if (redis.uuid === null || redis.shards === null)
    return 'This Redis holds no installation: nothing ever started on it. Is REDIS_URL right?';
  if (mongo !== null && mongo !== redis.uuid) {
    return `Redis and MongoDB belong to different installations (${redis.uuid}, ${mongo}). Are REDIS_URL, MONGODB_URL and MONGODB_DATABASE right?`;
  }
  const began = Object.entries(rolesSchema.parse(JSON.parse(redis.shards)));
  if (began.every(([role, { shards }]) => layout.roles[role]?.shards === shards)) return undefined;
  const right = began.map(([role, { shards }]) => `SHARDS_${role.toUpperCase()}=${String(shards)}`).join(' ');
  return `This installation began with other shard counts: set ${right}`;
}
