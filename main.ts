/**
 * A process of IronWallet: the one place where parts are built and put together.
 *
 * Every role needs Redis and MongoDB; `wallet`, `payments` and `omnibus` own actors, `payments` and `omnibus` call the outside world,
 * `gateway`, `payments` and `omnibus` have edges. What a process waits for, it says.
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { KINDS } from './actors/kinds.ts';
import type { Config } from './cli/config.ts';
import { createClient } from './engine/client.ts';
import type { Kind } from './engine/actor.ts';
import type { Client } from './engine/client.ts';
import { createEffectRunner } from './engine/effects.ts';
import type { EffectRunner } from './engine/effects.ts';
import type { Limits } from './engine/limits.ts';
import type { Shard } from './engine/ports.ts';
import { createRegistry } from './engine/registry.ts';
import { createWorker } from './engine/worker.ts';
import type { Worker } from './engine/worker.ts';
import { createApp } from './http/app.ts';
import { createAuthenticate } from './http/auth.ts';
import type { Health } from './http/health.ts';
import { listen } from './http/listen.ts';
import type { Listening } from './http/listen.ts';
import { createMetrics } from './http/metrics.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { endpointsOf } from './http/routes.ts';
import type { RouteParts } from './http/routes.ts';
import { createStreams } from './http/streams.ts';
import { createMongoPorts } from './providers/mongo/ports.ts';
import { createRedisPorts } from './providers/redis/ports.ts';
import { realSystem } from './providers/system.ts';
import type { Base } from './wiring/base.ts';
import { startBreaksCount } from './wiring/breaks.ts';
import { gatewayParts, omnibusParts, paymentsParts } from './wiring/edges.ts';
import { installationOf } from './wiring/installation.ts';
import { createProductLayout } from './wiring/layout.ts';
import { startLook } from './wiring/look.ts';
import type { Look } from './wiring/look.ts';
import { redisOf } from './wiring/redis.ts';
import { effectHandlers, openBankAccount, startSettlementPoll } from './wiring/outside.ts';

export interface ServiceOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Other limits of the worker than the standard ones; for tests and benches. */
  readonly limits?: Partial<Limits>;
  /** Other kinds, or other versions of their rules, than the product's; for tests. */
  readonly kinds?: readonly Kind[];
  /** Ends the process when its event loop stands still. */
  readonly watchdog?: boolean;
}

export interface Service {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** Takes no more requests, finishes what is under way, hands its shards over. */
  stop(): Promise<void>;
}

const OWNING = ['wallet', 'payments', 'omnibus'] as const;
const STOP_GRACE_MS = 10_000;
const SNAPSHOT_LAG_MS_MAX = 120_000;
/** In a cluster each shard is asked alone, so that idle looks cost as many calls as there are shards; hints wake sooner. */
const CLUSTER_IDLE_MS_MAX = 100;
const VERSION = '0.1.0';

/**
 * Starts the roles of the configuration; resolves when they serve, however long their servers keep them waiting.
 * It listens first: who has the port knows that whoever had it before is dead, and takes its shards at once.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const url = { value: '' };
  const base = await createBase(options, () => options.config.PUBLIC_URL ?? url.value);
  const running: Running = { acting: null, stopping: false };
  const client = createClient({
    ...{ registry: base.registry, layout: base.layout, system: realSystem, limits: { mailboxEntries: base.config.MAILBOX_MAX } },
    ...{ mailboxes: base.edge.mailboxes, hints: base.edge.hints, snapshots: base.mongo.snapshots, ledger: base.mongo.ledger },
    told: (actor) => running.acting?.worker.told(actor) ?? false,
  });
  const listening = await startEdges(base, client, running);
  url.value = listening.url;
  running.acting = await startActing(base, options);
  const polls = await startOutside(base, client);
  base.log.info({ url: listening.url }, 'serving');
  return {
    url: listening.url,
    async stop() {
      if (running.stopping) return;
      running.stopping = true;
      polls();
      await listening.close(STOP_GRACE_MS);
      client.close();
      await running.acting?.runner.stop();
      await running.acting?.worker.stop();
      await Promise.all([base.redis.close(), base.edge.close(), base.mongo.close()]);
      base.log.info('stopped');
    },
  };
}

async function createBase({ config, log, kinds = KINDS }: ServiceOptions, publicUrl: () => string): Promise<Base> {
  const registry = createRegistry(kinds);
  const layout = createProductLayout(config, registry);
  const worker = `ironwallet:${config.ROLES.join('+')}:${String(process.pid)}`;
  const connect = (failFast: boolean) => createRedisPorts({ ...redisOf(config), layout, worker, failFast, log: redisLog(log) });
  const redis = await patiently('Redis', log, () => connect(false));
  const edge = await patiently('Redis', log, () => connect(true));
  const mongo = createMongoPorts({ url: config.MONGODB_URL, database: config.MONGODB_DATABASE });
  const installation = await installationOf({ redis, mongo, layout, log });
  const metrics = createMetrics({ processToo: true });
  return { config, log, layout, registry, redis, edge, mongo, metrics, system: realSystem, installation, publicUrl };
}

type RedisLog = NonNullable<Parameters<typeof createRedisPorts>[0]['log']>;

function redisLog(log: Logger): RedisLog {
  return (message, facts) => {
    log.warn(facts, message);
  };
}

const RETRY_MS = 1_000;

/** Tries until it works, and says once what it waits for. */
async function patiently<T>(what: string, log: Logger, make: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await make();
    } catch (error) {
      if (tries === 0) log.warn({ err: error }, `waits for ${what}`);
      await sleep(RETRY_MS);
    }
  }
}

interface Acting {
  readonly worker: Worker;
  readonly runner: EffectRunner;
}

/** The part of the process that owns actors; null for a gateway alone. */
async function startActing(base: Base, { limits = {}, watchdog = false }: ServiceOptions): Promise<Acting | null> {
  const { config, log, layout, registry, redis, mongo, metrics } = base;
  const roles = OWNING.filter((role) => config.ROLES.includes(role));
  if (roles.length === 0) return null;
  const worker = createWorker({
    ...{ roles, registry, layout, system: realSystem, log, metrics, watchdog },
    ...{ name: `${config.ROLES.join('+')}@${hostname()}:${config.HOST}:${String(config.PORT)}`, replaces: config.PORT !== 0 },
    ports: { ...redis, ...mongo },
    onEffects: (shards) => {
      runner.wake(shards);
    },
    limits: {
      ...{ leaseTtlMs: config.LEASE_MS, hotActors: config.CACHE_ACTORS },
      ...{ flushEntries: config.SNAPSHOT_ENTRIES, flushAgeMs: config.SNAPSHOT_MS },
      ...(redis.outbox === undefined ? {} : { idleMaxMs: CLUSTER_IDLE_MS_MAX }),
      ...limits,
    },
  });
  const runner = createEffectRunner({
    ...{ handlers: effectHandlers(base), effects: redis.effects, system: realSystem, log, metrics },
    told: (actor) => {
      worker.told(actor);
    },
    ownShards: () => worker.status().shards,
    runner: worker.status().worker,
    providers: {
      moyasar: { concurrency: config.MOYASAR_CONCURRENCY, intervalCap: 500, intervalMs: 1_000 },
      anb: { concurrency: config.ANB_CONCURRENCY, intervalCap: 500, intervalMs: 1_000 },
    },
  });
  await worker.start();
  runner.start();
  return { worker, runner };
}

interface Running {
  /** null until it has started, and for a gateway alone. */
  acting: Acting | null;
  stopping: boolean;
}

async function startEdges(base: Base, client: Client, running: Running): Promise<Listening> {
  const { config, log, metrics } = base;
  const has = (role: Config['ROLES'][number]): boolean => config.ROLES.includes(role);
  const look = startLook(base, () => running.acting?.worker.status() ?? null);
  const routes: RouteParts = {
    ...(has('gateway') ? { gateway: gatewayParts(base, client) } : {}),
    ...(has('payments') ? { payments: paymentsParts(base, client) } : {}),
    ...(has('omnibus') ? { omnibus: omnibusParts(base, client) } : {}),
    health: {
      stopping: () => running.stopping,
      check: () => healthOf(base, { acting: running.acting, look }),
      snapshotLagMsMax: SNAPSHOT_LAG_MS_MAX,
      metrics: () => metrics.exposition(),
      version: VERSION,
    },
  };
  const streams = createStreams({ all: config.STREAMS_MAX, perOwner: config.STREAMS_PER_OWNER_MAX });
  const { JWT_SECRET: secret, JWKS_URL: jwksUrl, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = config;
  const verifies = secret !== undefined || jwksUrl !== undefined;
  const app = createApp({
    endpoints: endpointsOf(routes),
    authenticate: verifies ? createAuthenticate({ secret, jwksUrl, issuer, audience }) : () => Promise.reject(new Error('no tokens here')),
    bodyLimitBytes: config.BODY_LIMIT_BYTES,
    rateLimit: createRateLimit({ perSecond: config.RATE_LIMIT_PER_SECOND, burst: config.RATE_LIMIT_BURST }),
    streams,
    overloaded: look.isOver,
    observe: (request) => {
      metrics.answered(request);
    },
    failed: (error, trace) => {
      log.error({ err: error, trace }, 'a request failed');
    },
  });
  const timeouts = { headersMs: config.HEADERS_TIMEOUT_MS, requestMs: config.REQUEST_TIMEOUT_MS };
  const listening = await listen(app, { host: config.HOST, port: config.PORT, streams, timeouts });
  return {
    ...listening,
    close: async (graceMs) => {
      look.stop();
      await listening.close(graceMs);
    },
  };
}

const PING_MS_MAX = 1_000;

async function healthOf(base: Base, { acting, look }: { readonly acting: Acting | null; readonly look: Look }): Promise<Health> {
  const [redis, mongo] = await Promise.all([answers(base.edge.redis.ping()), answers(base.mongo.ping())]);
  const waitsFor = redis ? await rolesAway(base) : [];
  const { roles, stuck, late } = look.progress();
  const oldestReadyMs = Math.max(0, ...roles.map(({ gauges }) => gauges.oldestReadyMs ?? 0));
  const snapshotLagMs = acting?.worker.status().lag.oldestMs ?? 0;
  // Without MongoDB cold actors wait wherever they are: that is late, and `mongo_away` says why.
  return { redis, mongo, snapshotLagMs, waitsFor, oldestReadyMs, stuckShards: mongo ? stuck : [], lateRoles: late };
}

/** Whether it resolved in time. */
async function answers(ping: Promise<unknown>): Promise<boolean> {
  const late = sleep(PING_MS_MAX, false, { ref: false });
  return Promise.race([ping.then(() => true).catch(() => false), late]);
}

/** Roles that own actors and that no living process has. */
async function rolesAway({ edge, layout }: Base): Promise<string[]> {
  const now = Date.now();
  const lives = async (shards: readonly Shard[]): Promise<boolean> =>
    [...(await edge.leases.owners(shards)).values()].some((lease) => lease.expiresAt > now);
  const living = await Promise.all(OWNING.map((role) => lives(layout.shardsOf(role)).catch(() => false)));
  return OWNING.filter((_role, index) => living[index] !== true);
}

const WAIT_LOOK_MS = 500;

/** Says what other roles are missing, opens the omnibus account, looks for settlements; returns the way to stop it. */
async function startOutside(base: Base, client: Client): Promise<() => void> {
  const controller = new AbortController();
  void sayWaiting(base, controller.signal);
  if (base.config.ROLES.includes('omnibus')) {
    await patiently('room in the mailbox of the omnibus account', base.log, () => openBankAccount(base, client));
    startSettlementPoll(base, client, controller.signal);
    startBreaksCount({ ...base, directory: base.mongo.directory }, controller.signal);
  }
  return () => {
    controller.abort();
  };
}

async function sayWaiting(base: Base, signal: AbortSignal): Promise<void> {
  let said = '';
  while (!signal.aborted) {
    const away = (await rolesAway(base).catch(() => [])).join(', ');
    if (away !== said) base.log.warn({}, away === '' ? 'all roles are there' : `waits for a worker of: ${away}`);
    said = away;
    if (away === '') return;
    await sleep(WAIT_LOOK_MS);
  }
}
