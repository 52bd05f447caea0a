/** The engine's and the edges' figures, as Prometheus reads them. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { COUNTERS, GAUGES, HISTOGRAMS } from '../engine/metrics.ts';
import type { Metrics } from '../engine/metrics.ts';
import type { Answered } from './app.ts';

export interface HttpMetrics extends Metrics {
  /** For the app's `observe`. */
  answered(request: Answered): void;
  /** A webhook that was answered 200 and led to nothing. */
  webhookIgnored(provider: string, why: string): void;
  /** Open breaks by severity, as the directory lists them. */
  breaksOpen(counts: ReadonlyMap<string, number>): void;
  exposition(): Promise<{ readonly type: string; readonly content: string }>;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const MILLISECONDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000];
const ENTRIES = [1, 5, 20, 100, 500, 1_000, 2_000, 4_000];

/** `processToo`: also memory, event loop and garbage collection of the process; once per process. */
export function createMetrics({ processToo = false }: { readonly processToo?: boolean } = {}): HttpMetrics {
  const registry = new Registry();
  if (processToo) collectDefaultMetrics({ register: registry });
  const counters = new Map(made(COUNTERS, (name, facts) => new Counter({ name, ...facts, registers: [registry] })));
  const gauges = new Map(made(GAUGES, (name, facts) => new Gauge({ name, ...facts, registers: [registry] })));
  const histograms = new Map(
    made(HISTOGRAMS, (name, facts) => {
      const buckets = name.endsWith('_ms') ? MILLISECONDS : ENTRIES;
      return new Histogram({ name, ...facts, buckets, registers: [registry] });
    }),
  );
  const http = httpMetrics(registry);
  return {
    ...http,
    count: (name, by, labels = {}) => counters.get(name)?.inc({ ...labels }, by),
    gauge: (name, value, labels = {}) => gauges.get(name)?.set({ ...labels }, value),
    observe: (name, value, labels = {}) => histograms.get(name)?.observe({ ...labels }, value),
    exposition: async () => ({ type: registry.contentType, content: await registry.metrics() }),
  };
}

interface Facts {
  readonly help: string;
  readonly labelNames: string[];
}

function made<M>(
  definitions: Readonly<Record<string, { readonly help: string; readonly labels: readonly string[] }>>,
  make: (name: string, facts: Facts) => M,
): [string, M][] {
  return Object.entries(definitions).map(([name, { help, labels }]) => [name, make(name, { help, labelNames: [...labels] })]);
}

function httpMetrics(registry: Registry): Pick<HttpMetrics, 'answered' | 'webhookIgnored' | 'breaksOpen'> {
  const requests = new Counter({
    name: 'ironwallet_http_requests_total',
    help: 'Requests answered, by route pattern',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'ironwallet_http_request_seconds',
    help: 'Time to the answer (a stream: to its beginning)',
    labelNames: ['method', 'route'],
    buckets: SECONDS,
    registers: [registry],
  });
  const ignored = new Counter({
    name: 'ironwallet_webhooks_ignored_total',
    help: 'Webhooks that were authentic and led to nothing: wrong_mode, event_unknown',
    labelNames: ['provider', 'why'],
    registers: [registry],
  });
  const breaks = new Gauge({
    name: 'ironwallet_breaks_open',
    help: 'Open breaks as of the last snapshots, at most 1,000 of each severity; told by the omnibus role once a minute',
    labelNames: ['severity'],
    registers: [registry],
  });
  return {
    answered({ method, route, status, seconds }) {
      const known = methodLabel(method);
      requests.inc({ method: known, route, status: String(status) });
      durations.observe({ method: known, route }, seconds);
    },
    webhookIgnored: (provider, why) => ignored.inc({ provider, why }),
    breaksOpen: (counts) => {
      for (const [severity, count] of counts) breaks.set({ severity }, count);
    },
  };
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE']);

/** A caller may invent methods; a label may not grow with them. */
function methodLabel(method: string): string {
  return METHODS.has(method) ? method : 'other';
}
