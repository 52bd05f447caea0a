/** A process of IronWallet as it runs, but for its servers, its clock and its network: worker, effect runner, client, endpoints, polls. */
import { KINDS } from '../actors/kinds.ts';
import { parseConfig } from '../cli/config.ts';
import type { Config } from '../cli/config.ts';
import { createClient } from '../engine/client.ts';
import type { Client } from '../engine/client.ts';
import { createEffectRunner } from '../engine/effects.ts';
import type { EffectRunner } from '../engine/effects.ts';
import type { Layout } from '../engine/layout.ts';
import type { Limits } from '../engine/limits.ts';
import type { ActorId } from '../engine/message.ts';
import type { Log } from '../engine/metrics.ts';
import type { Hints, Shard } from '../engine/ports.ts';
import { createRegistry } from '../engine/registry.ts';
import type { AnyKind } from '../engine/registry.ts';
import { createWorker } from '../engine/worker.ts';
import type { Worker } from '../engine/worker.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { endpointsOf } from '../http/routes.ts';
import type { EdgeBase } from '../wiring/base.ts';
import { gatewayParts, omnibusParts, paymentsParts } from '../wiring/edges.ts';
import { effectHandlers, openBankAccount, startSettlementPoll } from '../wiring/outside.ts';
import { createLife } from './life.ts';
import type { Life } from './life.ts';
import { ACCOUNT, ANB_PATH_SECRET, ANB_URL, MOYASAR_URL, SECRET_KEY, WEBHOOK_SECRET } from './outside.ts';
import type { Outside } from './outside.ts';
import type { Servers } from './redis.ts';
import { wired } from './wires.ts';
import type { Fate, Line } from './wires.ts';
import type { World } from './world.ts';

/** Loops rest longer than on real servers: hints wake them, and every look is an event. */
const LIMITS: Partial<Limits> = {
  ...{ leaseTtlMs: 3_000, leaseEveryMs: 1_000, idleMinMs: 1_000, idleMaxMs: 2_000, timersEveryMs: 1_000, relayEveryMs: 1_000 },
  ...{
    flushEveryMs: 700,
    flushAgeMs: 1_500,
    flushEntries: 5,
    hotActors: 100,
    entriesKept: 2,
    forgetAfterMs: 5_000,
    forgetEveryMs: 4_000,
    snapshotRetentionMs: 20_000,
    snapshotThinAfterMs: 4_000,
  },
};

export function simulatedConfig(): Config {
  const parsed = parseConfig({
    ...{ NODE_ENV: 'test', PUBLIC_URL: 'http://ironwallet.simulated', JWT_SECRET: 'a secret that no token is made with here' },
    ...{ MOYASAR_API_URL: `${MOYASAR_URL}/v1`, MOYASAR_SECRET_KEY: SECRET_KEY, MOYASAR_WEBHOOK_SECRET: WEBHOOK_SECRET },
    ...{
      MOYASAR_POLL_SECONDS: '10',
      MOYASAR_SETTLEMENT_POLL_SECONDS: '12',
      MOYASAR_SETTLEMENT_HOURS: '1',
      STATEMENT_PULL_SECONDS: '10',
      STATEMENT_PAGE_SIZE: '5',
    },
    ...{ ANB_API_URL: ANB_URL, ANB_CLIENT_ID: 'mock-client', ANB_CLIENT_SECRET: 'mock-secret', ANB_ACCOUNT_NUMBER: ACCOUNT },
    ...{ ANB_WEBHOOK_SECRET_PATH: ANB_PATH_SECRET, SHARDS_WALLET: '3', SHARDS_PAYMENTS: '2', SHARDS_OMNIBUS: '3' },
  });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.config;
}

export interface Parts {
  readonly world: World;
  readonly config: Config;
  readonly layout: Layout;
  readonly servers: Servers;
  readonly outside: Outside;
  readonly hints: SharedHints;
}

export interface ProcessOptions {
  readonly name: string;
  /** The same for all lives of a process. */
  readonly place: string;
  /** Whether it takes what its former life left behind at once. */
  readonly replaces: boolean;
  readonly roles: readonly string[];
  /** Milliseconds that its wall clock is ahead. */
  readonly clockAheadMs: number;
  readonly fateOf: (method: string) => Fate | null;
  /** Called when the process is gone, and when it could not start. */
  readonly onGone: () => void;
  /** The rules that it runs with. */
  readonly kinds?: readonly AnyKind[];
}

export interface Process {
  readonly life: Life;
  readonly endpoints: readonly Endpoint[];
  readonly worker: Worker;
  /** Tells that it was killed. */
  gone(): void;
  /** SIGTERM: hands over, then calls `onGone`. */
  stop(): void;
}

export function startProcess(parts: Parts, options: ProcessOptions): Process {
  const { world, servers, layout, config, outside } = parts;
  const life = createLife(options.name, world, options.clockAheadMs);
  const { system } = life;
  const log = logOf(world, options.name);
  const registry = createRegistry(options.kinds ?? KINDS);
  const hints = parts.hints.of(life);
  const line = { world, life, fateOf: options.fateOf, onKilled: options.onGone };
  const ports = portsOf(servers, { ...line, server: servers.redis, patient: true });
  const edge = portsOf(servers, { ...line, server: servers.redis, patient: false });
  const mongo = mongoOf(servers, { ...line, server: servers.mongo, patient: false });
  const base: EdgeBase = {
    ...{ config, layout, registry, mongo, system, installation: 'simulated' },
    redis: { ...edge, hints },
    metrics: { webhookIgnored: () => undefined },
    publicUrl: () => config.PUBLIC_URL ?? '',
  };
  const worker = createWorker({
    roles: options.roles,
    registry,
    layout,
    ports: { ...ports, ...mongo, hints },
    system,
    limits: LIMITS,
    log,
    name: options.place,
    replaces: options.replaces,
    onEffects: (shards) => {
      runner.wake(shards);
    },
  });
  const unbounded = { concurrency: 8, intervalCap: Infinity, intervalMs: 0 };
  const runner = createEffectRunner({
    ...{ effects: ports.effects, system, log, runner: worker.status().worker, ownShards: () => worker.status().shards },
    told: (actor) => {
      worker.told(actor);
    },
    handlers: effectHandlers({ ...base, fetch: outside.fetchOf(life) }),
    providers: { moyasar: unbounded, anb: unbounded },
  });
  const client = createClient({
    ...{ registry, layout, system, hints, ...mongo, mailboxes: edge.mailboxes, limits: { askPollMs: 150 } },
    told: (actor) => worker.told(actor),
  });
  const stopping = new AbortController();
  const started = begin({ worker, runner, onGone: options.onGone, life });
  if (options.roles.includes('omnibus')) {
    void started.then(() => patiently(life, () => openBankAccount(base, client)));
    startSettlementPoll({ config, log, system, fetch: outside.fetchOf(life) }, client, stopping.signal);
  }
  return {
    ...{ life, worker, endpoints: endpointsFor(base, client) },
    gone: options.onGone,
    stop() {
      stopping.abort();
      void started
        .then(() => runner.stop())
        .then(() => worker.stop())
        .catch(() => undefined)
        .then(() => {
          life.kill();
          options.onGone();
        });
    },
  };
}

interface Beginning {
  readonly worker: Worker;
  readonly runner: EffectRunner;
  readonly life: Life;
  readonly onGone: () => void;
}

/** As the program does: a process that cannot start ends. */
async function begin({ worker, runner, life, onGone }: Beginning): Promise<void> {
  try {
    await worker.start();
    runner.start();
  } catch {
    life.kill();
    onGone();
  }
}

async function patiently(life: Life, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch {
      await life.system.sleep(1_000);
    }
  }
}

function endpointsFor(base: EdgeBase, client: Client): Endpoint[] {
  const health = {
    ...{
      stopping: () => false,
      snapshotLagMsMax: Infinity,
      metrics: () => Promise.reject(new Error('no metrics here')),
      version: 'simulated',
    },
    check: () =>
      Promise.resolve({ redis: true, mongo: true, snapshotLagMs: 0, waitsFor: [], oldestReadyMs: 0, stuckShards: [], lateRoles: [] }),
  };
  return endpointsOf({
    gateway: gatewayParts(base, client),
    payments: paymentsParts(base, client),
    omnibus: omnibusParts(base, client),
    health,
  });
}

function portsOf({ ports }: Servers, line: Line) {
  return {
    mailboxes: wired(ports.mailboxes, line),
    leases: wired(ports.leases, line),
    operations: wired(ports.operations, line),
    effects: wired(ports.effects, line),
    ...(ports.outbox === undefined ? {} : { outbox: wired(ports.outbox, line) }),
  };
}

function mongoOf({ ports }: Servers, line: Line) {
  return {
    snapshots: wired(ports.snapshots, line),
    ledger: wired(ports.ledger, line),
    journal: wired(ports.journal, line),
    directory: wired(ports.directory, line),
  };
}

function logOf(world: World, name: string): Log {
  const write = (facts: object, message: string): void => world.trace(() => `${name}: ${message} ${JSON.stringify(facts)}`);
  return { info: write, warn: write, error: write };
}

/** Pub/sub: every process hears of it a moment later, or never. */
export interface SharedHints {
  of(life: Life): Hints;
  /** Until then hints are lost. */
  lostUntilMs: number;
}

export function createSharedHints(world: World): SharedHints {
  const shared: SharedHints = {
    lostUntilMs: 0,
    of: (life) => ({
      committed: committed.publish,
      work: work.publish,
      onCommitted: (listener) => committed.subscribe(life, listener),
      onWork: (listener) => work.subscribe(life, listener),
    }),
  };
  const isLost = (): boolean => world.nowMs() < shared.lostUntilMs;
  const committed = createChannel<ActorId>(world, isLost);
  const work = createChannel<Shard>(world, isLost);
  return shared;
}

function createChannel<T>(world: World, isLost: () => boolean) {
  const listeners = new Set<readonly [life: Life, tell: (items: readonly T[]) => void]>();
  return {
    publish: (items: readonly T[]): void => {
      if (isLost()) return;
      const told = [...listeners];
      world.at(1, () => {
        for (const listener of told) {
          const [life, tell] = listener;
          if (life.isAlive()) life.now(() => tell(items));
          else listeners.delete(listener);
        }
      });
    },
    subscribe: (life: Life, tell: (items: readonly T[]) => void): (() => void) => {
      const listener = [life, tell] as const;
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
