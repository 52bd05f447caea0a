/**
 * Whether work moves. "Connected and green" is no proof of it: what is looked at is the oldest entry that waits, and the last commit.
 *
 * Q1  A shard of ours is stuck when an entry has waited in it longer than the mark, and as long nothing was committed there. So a backlog that
 *     shrinks is not stuck, nor is a shard with parked actors alone: those wait for an operator, and are in no ready set.
 * Q2  A role is late when an entry waits longer than the mark in any of its shards, whoever owns it, or nobody.
 */
import { totalGauges } from './gauges.ts';
import type { Layout } from './layout.ts';
import type { Metrics } from './metrics.ts';
import type { Gauges, ShardGauges } from './operations.ts';
import type { Shard } from './ports.ts';

export interface RoleProgress {
  readonly role: string;
  readonly shards: number;
  readonly gauges: ShardGauges;
  /** Longest wait without any commit among our shards of the role, in ms; 0 when nothing waits in them. */
  readonly standstillMs: number;
}

export interface Progress {
  readonly roles: readonly RoleProgress[];
  /** Shards of ours that do not move (Q1). */
  readonly stuck: readonly Shard[];
  /** Roles whose work is late (Q2). */
  readonly late: readonly string[];
}

export interface ProgressFacts {
  readonly layout: Pick<Layout, 'roles' | 'shardsOf'>;
  /** Shards that this process holds -> milliseconds since the last commit in each. */
  readonly quietMs: ReadonlyMap<Shard, number>;
  readonly markMs: number;
}

export function progressOf({ byShard }: Pick<Gauges, 'byShard'>, { layout, quietMs, markMs }: ProgressFacts): Progress {
  const standstill = (shard: Shard): number => Math.min(byShard.get(shard)?.oldestReadyMs ?? 0, quietMs.get(shard) ?? 0);
  const roles = Object.keys(layout.roles).map((role): RoleProgress => {
    const shards = layout.shardsOf(role);
    return {
      role,
      shards: shards.length,
      gauges: totalGauges(shards.flatMap((shard) => byShard.get(shard) ?? [])),
      standstillMs: Math.max(0, ...shards.map(standstill)),
    };
  });
  return {
    roles,
    stuck: [...quietMs.keys()].filter((shard) => standstill(shard) > markMs),
    late: roles.filter(({ gauges }) => (gauges.oldestReadyMs ?? 0) > markMs).map(({ role }) => role),
  };
}

/** By role, not by shard: a role's shards are alike, and as series they would outlive each hand-over in every process. /readyz names the shards. */
export function reportProgress(metrics: Pick<Metrics, 'gauge'>, { roles }: Progress): void {
  for (const { role, shards, gauges, standstillMs } of roles) {
    metrics.gauge('ironwallet_shards', shards, { role });
    metrics.gauge('ironwallet_oldest_ready_ms', gauges.oldestReadyMs ?? 0, { role });
    metrics.gauge('ironwallet_standstill_ms', standstillMs, { role });
    metrics.gauge('ironwallet_ready_actors', gauges.ready, { role });
    metrics.gauge('ironwallet_parked_actors', gauges.parked, { role });
    metrics.gauge('ironwallet_dead_letters', gauges.dead, { role });
  }
}
