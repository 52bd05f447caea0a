/** What the parts of a process have in common. */
import type { Logger } from 'pino';
import type { Config } from '../cli/config.ts';
import type { Layout } from '../engine/layout.ts';
import type { System } from '../engine/ports.ts';
import type { Registry } from '../engine/registry.ts';
import type { HttpMetrics } from '../http/metrics.ts';
import type { MongoPorts } from '../providers/mongo/ports.ts';
import type { RedisPorts } from '../providers/redis/ports.ts';

/** What edges, operators and provider calls need: ports on servers, or in memory. */
export interface EdgeBase {
  readonly config: Config;
  readonly layout: Layout;
  readonly registry: Registry;
  readonly redis: Pick<RedisPorts, 'mailboxes' | 'operations' | 'leases' | 'hints'>;
  readonly mongo: Pick<MongoPorts, 'snapshots' | 'ledger' | 'journal' | 'directory'>;
  readonly metrics: Pick<HttpMetrics, 'webhookIgnored'>;
  readonly system: System;
  /** The installation's uuid. */
  readonly installation: string;
  publicUrl(): string;
}

export interface Base extends EdgeBase {
  readonly log: Logger;
  /** For workers: waits while Redis is away. */
  readonly redis: RedisPorts;
  /** For edges: faults at once while Redis is away. */
  readonly edge: RedisPorts;
  readonly mongo: MongoPorts;
  readonly metrics: HttpMetrics;
}

/** A setting that the schema demands of the role that uses it. */
export function needed<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
