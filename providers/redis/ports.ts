/** Builds the ports that Redis serves: one server, a master that sentinels know, or a cluster. */
import type { Layout } from '../../engine/layout.ts';
import type { Operations } from '../../engine/operations.ts';
import type { Effects, Hints, Leases, Mailboxes, Outbox } from '../../engine/ports.ts';
import type { Restoration } from '../../engine/restoration.ts';
import { isCluster } from './client.ts';
import type { RedisClient } from './client.ts';
import { connect, disconnect } from './connect.ts';
import type { ConnectOptions, RedisAddress } from './connect.ts';
import { createEffects } from './effects.ts';
import { createHints } from './hints.ts';
import { createLeases } from './leases.ts';
import { createMailboxes } from './mailboxes.ts';
import { createMemoryGauge } from './memory.ts';
import { createOperations } from './operations.ts';
import { createOutbox } from './outbox.ts';
import { createRestoration } from './restoration.ts';
import { createScripts } from './scripts.ts';
import type { Scripts } from './scripts.ts';
import { createSecured } from './secured.ts';
import { checkServer } from './server.ts';

export interface RedisPortsOptions extends RedisAddress {
  readonly layout: Layout;
  /** Names the connections in CLIENT LIST. */
  readonly worker: string;
  /** For edges: fault at once while Redis is away, nothing queues. */
  readonly failFast?: boolean;
  /** Replicas that must have a message before its sender is answered, and before it goes on to another slot. 0: none. */
  readonly waitReplicas?: number;
  /** How long they may take. */
  readonly waitMs?: number;
  readonly log?: NonNullable<ConnectOptions['log']>;
}

export interface RedisPorts {
  readonly mailboxes: Mailboxes;
  readonly leases: Leases;
  readonly effects: Effects;
  readonly operations: Operations;
  readonly hints: Hints;
  /** In a cluster only: elsewhere a commit delivers everything itself. */
  readonly outbox?: Outbox;
  readonly restoration: Restoration;
  /** What the servers are not as money needs it: one sentence per problem. */
  problems(): Promise<string[]>;
  /** The connection for commands, for `initInstallation`. */
  readonly redis: RedisClient;
  close(): Promise<void>;
}

const WAIT_MS = 1000;
/** Of scripts and a server that is busy, beside the replicas. */
const SECURED_MS_MAX = 2000;

/** Throws `redis_unavailable` when Redis cannot be reached. */
export async function createRedisPorts(options: RedisPortsOptions): Promise<RedisPorts> {
  const { layout, worker, failFast = false } = options;
  const open = createConnections(options);
  try {
    const redis = await open.connect({ name: worker, failFast });
    const subscriber = isCluster(redis) ? redis : await open.connect({ name: `${worker}:hints` });
    const scripts = createScripts(redis);
    const memory = createMemoryGauge(redis);
    await scripts.load();
    const secured = await securedOf(options, { open, scripts });
    return {
      mailboxes: createMailboxes({ scripts, secured, layout, memory }),
      leases: createLeases(redis, scripts),
      effects: createEffects(scripts, layout),
      operations: createOperations({ redis, scripts, layout, memory }),
      hints: await createHints({ publisher: redis, subscriber }),
      ...(isCluster(redis) ? { outbox: createOutbox({ scripts, secured, waits: secured !== scripts, layout }) } : {}),
      restoration: createRestoration(scripts, layout),
      problems: () => checkServer(redis, options.waitReplicas),
      redis,
      close: open.close,
    };
  } catch (error) {
    await open.close();
    throw error;
  }
}

interface Connections {
  connect(options: Omit<ConnectOptions, 'log'>): Promise<RedisClient>;
  readonly close: () => Promise<void>;
}

function createConnections({ log, ...address }: RedisPortsOptions): Connections {
  const clients: RedisClient[] = [];
  return {
    async connect(options) {
      const client = await connect(address, { ...options, ...(log === undefined ? {} : { log }) });
      clients.push(client);
      return client;
    },
    async close() {
      await Promise.all(clients.map(disconnect));
    },
  };
}

async function securedOf(
  { worker, waitReplicas: replicas = 0, waitMs = WAIT_MS }: RedisPortsOptions,
  { open, scripts }: { readonly open: Connections; readonly scripts: Scripts },
): Promise<Pick<Scripts, 'run' | 'runAll'>> {
  if (replicas === 0) return scripts;
  const client = await open.connect({ name: `${worker}:secured`, oneConnection: { answerMs: waitMs + SECURED_MS_MAX } });
  return createSecured({ client, scripts, replicas, waitMs });
}
