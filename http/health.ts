/** What a process says of itself: alive, ready, its figures, its interface. */
import { z } from 'zod';
import { docsPage } from './docs-page.ts';
import { endpoint } from './endpoint.ts';
import type { Endpoint, Reply } from './endpoint.ts';
import { openApi } from './openapi.ts';

export interface HealthParts {
  /** True from the moment the process was told to stop. */
  stopping(): boolean;
  /** Looks at the servers; never rejects, and answers within a second or two. */
  check(): Promise<Health>;
  /** Age of the oldest entry without a snapshot at which the process takes no more traffic. */
  readonly snapshotLagMsMax: number;
  /** The text of /metrics and its content type. */
  metrics(): Promise<{ readonly type: string; readonly content: string }>;
  readonly version: string;
}

export interface Health {
  readonly redis: boolean;
  readonly mongo: boolean;
  /** Age of the oldest entry that no snapshot covers; 0 where this process owns no actors. */
  readonly snapshotLagMs: number;
  /** Roles that this process needs and that no living process has. */
  readonly waitsFor: readonly string[];
  /** Age of the oldest uncommitted entry of any role; 0 when none waits. */
  readonly oldestReadyMs: number;
  /** Shards of this process in which entries wait and nothing was committed for too long. */
  readonly stuckShards: readonly string[];
  /** Roles whose oldest entry has waited too long, whoever should decide it. */
  readonly lateRoles: readonly string[];
}

const readySchema = z.object({
  status: z.enum(['ready', 'degraded', 'unavailable']),
  why: z.array(z.string()),
  redis: z.boolean(),
  mongo: z.boolean(),
  snapshotLagMs: z.number(),
  waitsFor: z.array(z.string()),
  oldestReadyMs: z.number(),
  stuckShards: z.array(z.string()),
  lateRoles: z.array(z.string()),
});
type Ready = z.output<typeof readySchema>;

/** `documented`: the endpoints that the OpenAPI document describes beside these. */
export function healthEndpoints(parts: HealthParts, documented: readonly Endpoint[]): Endpoint[] {
  const own = [livez(), readyz(parts), metrics(parts)];
  const all = [...documented, ...own];
  let document: Record<string, unknown> | null = null;
  const made = (): Record<string, unknown> => (document ??= openApi(all, parts.version));
  let page: string | null = null;
  return [
    ...own,
    plain('/openapi.json', 'This interface as OpenAPI 3.1', () => Promise.resolve({ status: 200, body: made() })),
    plain('/docs', 'This interface as a page', () => {
      page ??= docsPage(made());
      return Promise.resolve({ status: 200, text: { type: 'text/html; charset=utf-8', content: page }, headers: PAGE_HEADERS });
    }),
  ];
}

/** The page has no scripts and loads nothing. */
const PAGE_HEADERS = { 'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:" };

function plain(path: string, summary: string, handle: () => Promise<Reply>): Endpoint {
  return endpoint({ method: 'get', path, tag: 'health', summary, access: 'public', replies: { 200: { description: summary } }, handle });
}

function livez(): Endpoint {
  return plain('/livez', 'The process runs', () => Promise.resolve({ status: 200, body: { status: 'alive' } }));
}

function metrics(parts: HealthParts): Endpoint {
  return plain('/metrics', 'Figures for Prometheus', async () => ({ status: 200, text: await parts.metrics() }));
}

function readyz(parts: HealthParts): Endpoint {
  return endpoint({
    method: 'get',
    path: '/readyz',
    tag: 'health',
    summary: 'Whether this process should get traffic',
    access: 'public',
    replies: {
      200: { description: '`ready`, or `degraded`: MongoDB or another role is away, or a role is late', schema: readySchema },
      503: {
        description: '`unavailable`: stopping, Redis away, snapshots too far behind, or shards of this process do not move',
        schema: readySchema,
      },
    },
    handle: async () => {
      const body = readiness(parts, await parts.check());
      return { status: body.status === 'unavailable' ? 503 : 200, body, headers: { 'Cache-Control': 'no-store' } };
    },
  });
}

function readiness(parts: HealthParts, health: Health): Ready {
  const fatal = [
    ...(parts.stopping() ? ['stopping'] : []),
    ...(health.redis ? [] : ['redis_away']),
    ...(health.snapshotLagMs > parts.snapshotLagMsMax ? ['snapshot_lag'] : []),
    ...(health.stuckShards.length > 0 ? ['not_progressing'] : []),
  ];
  // A worker elsewhere that stands still must not take the edges out of service: reads go on, commands are kept.
  const mild = [
    ...(health.mongo ? [] : ['mongo_away']),
    ...health.waitsFor.map((role) => `no_${role}`),
    ...health.lateRoles.map((role) => `late_${role}`),
  ];
  const status = fatal.length > 0 ? 'unavailable' : mild.length > 0 ? 'degraded' : 'ready';
  const { waitsFor, stuckShards, lateRoles, ...figures } = health;
  const lists = { waitsFor: [...waitsFor], stuckShards: [...stuckShards], lateRoles: [...lateRoles] };
  return { status, why: [...fatal, ...mild], ...figures, ...lists };
}
