/** A Redis of several servers with processes that serve, and a round of load on them with a fault in its middle. */
import type { Ledger } from '../../chaos/ledger.ts';
import type { Outside } from '../../chaos/stage.ts';
import { inTheMiddle, underLoad } from '../../chaos/under-load.ts';
import type { Outcome } from '../../chaos/under-load.ts';
import type { Shard } from '../../engine/ports.ts';
import { drawSeed } from '../../mocks/control/random.ts';
import { startRedisCluster } from '../../mocks/servers/redis-cluster.ts';
import type { NodeFacts, RedisCluster } from '../../mocks/servers/redis-cluster.ts';
import type { Host } from '../../mocks/servers/redis.ts';
import { slotOf } from '../../providers/redis/client.ts';
import { shardKeys } from '../../providers/redis/keys.ts';
import { lookAt } from '../support/deposits.ts';
import type { Looking } from '../support/deposits.ts';
import { startRole } from '../support/processes.ts';
import type { RoleProcess } from '../support/processes.ts';
import { startSystem } from '../support/system.ts';

const ROLES = ['wallet', 'wallet', 'gateway', 'payments,omnibus'] as const;
const SETTINGS = {
  ...{ LEASE_MS: '2000', STATEMENT_PAGE_SIZE: '100', LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'warn' },
  ...{ MOYASAR_POLL_SECONDS: '2', MOYASAR_SETTLEMENT_POLL_SECONDS: '3' },
};

export interface ClusterOptions {
  readonly waitReplicas?: number;
  readonly hosts?: readonly Host[];
}

export interface ClusterStage extends Stage {
  readonly cluster: RedisCluster;
}

export interface Stage extends Outside {
  readonly looking: Looking;
  readonly processes: readonly RoleProcess[];
  /** Of the rounds so far. */
  readonly ledgers: Ledger[];
  stop(): Promise<void>;
}

export interface RoundOutcome<T> extends Outcome {
  /** What the fault says of itself; null when it failed, which is wrong. */
  readonly struck: T | null;
}

export async function startStage({ waitReplicas = 1, hosts = [] }: ClusterOptions = {}): Promise<ClusterStage> {
  const cluster = await startRedisCluster({ hosts });
  const env = { REDIS_CLUSTER_NODES: cluster.addresses.join(','), REDIS_WAIT_REPLICAS: String(waitReplicas) };
  try {
    const stage = await startServing(env);
    const stop = async (): Promise<void> => {
      await stage.stop();
      await cluster.close();
    };
    return { ...stage, cluster, stop };
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

/** Processes on the Redis that the environment names, whatever its form. */
export async function startServing(env: Readonly<Record<string, string>>): Promise<Stage> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.reverse()) await one();
  };
  try {
    const { config, bank, moyasar, ...system } = await startSystem({
      service: false,
      bank: { pageSizeMax: 100 },
      env: { ...env, ...SETTINGS },
    });
    stops.push(() => system.stop());
    const processes: RoleProcess[] = [];
    stops.push(() => Promise.all(processes.map((one) => one.end('SIGKILL'))));
    processes.push(...(await Promise.all(ROLES.map((role) => startRole({ role, env: system.env })))));
    const of = (name: string): RoleProcess[] => processes.filter((_, index) => ROLES[index]?.includes(name));
    const urlOf = (name: string): string => of(name)[0]?.url ?? '';
    await system.webhooksTo({ payments: urlOf('payments'), omnibus: urlOf('omnibus') });
    const looking = await lookAt(config);
    stops.push(() => looking.close());
    return { bank, moyasar, of, looking, processes, ledgers: [], stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export interface FaultFacts {
  /** What was acknowledged may be gone afterwards, and is repeated. */
  readonly losesTail?: boolean;
  /** Nobody takes over who had not heard of everything that was read. */
  readonly readsGrow?: boolean;
}

/** A round of load with the fault in its middle. */
export async function playRound<T>(
  stage: Stage,
  strike: () => Promise<T>,
  { losesTail = false, readsGrow = false }: FaultFacts = {},
): Promise<RoundOutcome<T>> {
  let struck: T | null = null;
  const { looking, ledgers } = stage;
  const facts = { stage, looking, before: [...ledgers], seed: drawSeed(), number: ledgers.length + 1 };
  const outcome = await underLoad({ ...facts, losesTail, readsGrow, repeatsCalls: true }, (middle) =>
    inTheMiddle(middle, async () => {
      struck = await strike();
    }),
  );
  ledgers.push(outcome.ledger);
  return { ...outcome, struck };
}

/** The master that serves the shard. */
export async function masterOf(cluster: RedisCluster, shard: Shard): Promise<NodeFacts> {
  const slot = slotOf(shardKeys(shard).lease);
  const found = (await cluster.facts()).find(({ slots }) => slots.some(([first, last]) => first <= slot && slot <= last));
  if (found === undefined) throw new Error(`nobody serves ${shard}`);
  return found;
}

export async function replicaOf(cluster: RedisCluster, master: NodeFacts): Promise<NodeFacts> {
  const found = (await cluster.facts()).find(({ masterId }) => masterId === master.id);
  if (found === undefined) throw new Error(`${master.address} has no replica`);
  return found;
}
