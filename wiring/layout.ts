/** Which shards the product has. */
import type { Config } from '../cli/config.ts';
import { createLayout } from '../engine/layout.ts';
import type { Layout } from '../engine/layout.ts';
import type { Registry } from '../engine/registry.ts';

export function createProductLayout(config: Config, registry: Registry): Layout {
  const roles = {
    wallet: { letter: 'w', shards: config.SHARDS_WALLET },
    payments: { letter: 'p', shards: config.SHARDS_PAYMENTS },
    omnibus: { letter: 'o', shards: config.SHARDS_OMNIBUS },
  };
  return createLayout({ roles }, registry.kindRoles);
}
