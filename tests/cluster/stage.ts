/** A cluster with processes that serve, deposits on the statement and clients that open wallets; and the account of it afterwards. */
import { audit } from '../../engine/audit.ts';
import type { Shard } from '../../engine/ports.ts';
import { startRedisCluster } from '../../mocks/servers/redis-cluster.ts';
import type { NodeFacts, RedisCluster } from '../../mocks/servers/redis-cluster.ts';
import type { Host } from '../../mocks/servers/redis.ts';
import { slotOf } from '../../providers/redis/client.ts';
import { shardKeys } from '../../providers/redis/keys.ts';
import { creditedOf, lookAt, openWallets, settledPosition, walletNumbers, wrongWallets } from '../support/deposits.ts';
import type { Looking } from '../support/deposits.ts';
import { startRole } from '../support/processes.ts';
import type { RoleProcess } from '../support/processes.ts';
import { eventually, startSystem } from '../support/system.ts';
import type { TestSystem } from '../support/system.ts';
import { startClients } from './clients.ts';
import type { Clients } from './clients.ts';

const ROLES = ['wallet', 'wallet', 'gateway', 'payments,omnibus'] as const;
/** Far behind the blocks that the gateway gives clients their wallets from. */
const NUMBERS = walletNumbers(50_100).slice(50_000);
const CREDITED_MS_MAX = 90_000;

export interface StageOptions {
  readonly waitReplicas?: number;
  readonly roles?: readonly string[];
  readonly hosts?: readonly Host[];
}

export interface ClusterStage extends Stage {
  readonly cluster: RedisCluster;
}

export interface Stage {
  readonly system: TestSystem;
  readonly looking: Looking;
  readonly processes: readonly RoleProcess[];
  readonly clients: Clients;
  /** Puts deposits on the statement. */
  deposit(count: number): Promise<void>;
  /** Waits until some of the last deposits, and not all, are credited. */
  underWay(): Promise<void>;
  /** Waits until all came to rest, then compares everything. */
  account(): Promise<Account>;
  stop(): Promise<void>;
}

/** What the fault did: all but `credited`, `acknowledged` and `reads` must be nothing. */
export interface Account {
  /** Halalas. */
  readonly credited: string;
  readonly acknowledged: number;
  /** Halalas that are nowhere, commands that nobody answers. */
  readonly lost: number;
  /** Commands that were answered and are not found: none where replicas are waited for. Repeated by then, each with its key. */
  readonly lostTail: readonly string[];
  /** Balances and positions that were read meanwhile. */
  readonly reads: number;
  /** Halalas that came twice, wallets that one key opened twice. */
  readonly doubled: number;
  /** Wallets that differ from the bank's own tally; differences of the proof; divergences of the chain; other answers to the same key. */
  readonly wrong: readonly string[];
}

export async function startStage({ waitReplicas = 1, roles = ROLES, hosts = [] }: StageOptions = {}): Promise<ClusterStage> {
  const cluster = await startRedisCluster({ hosts });
  const env = { REDIS_CLUSTER_NODES: cluster.addresses.join(','), REDIS_WAIT_REPLICAS: String(waitReplicas) };
  try {
    const stage = await startServing({ env, roles });
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
export async function startServing({
  env,
  roles = ROLES,
}: {
  readonly env: Readonly<Record<string, string>>;
  readonly roles?: readonly string[];
}): Promise<Stage> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.reverse()) await one();
  };
  try {
    const quick = { LEASE_MS: '2000', STATEMENT_PAGE_SIZE: '100', LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'warn' };
    const system = await startSystem({ service: false, bank: { pageSizeMax: 100 }, env: { ...env, ...quick } });
    stops.push(() => system.stop());
    const processes: RoleProcess[] = [];
    stops.push(() => Promise.all(processes.map((one) => one.end('SIGKILL'))));
    processes.push(...(await Promise.all(roles.map((role) => startRole({ role, env: system.env })))));
    const looking = await lookAt(system.config);
    stops.push(() => looking.close());
    await openWallets(looking, NUMBERS);
    const urlOf = (name: string): string => processes[roles.findIndex((role) => role.includes(name))]?.url ?? '';
    const secured = env['REDIS_WAIT_REPLICAS'] !== '0';
    const clients = startClients({ gateway: urlOf('gateway'), operators: urlOf('omnibus'), secured });
    stops.push(() => clients.stop());
    return { ...{ system, looking, processes, clients, stop }, ...accounting({ system, looking, clients }) };
  } catch (error) {
    await stop();
    throw error;
  }
}

function accounting({ system, looking, clients }: Pick<Stage, 'system' | 'looking' | 'clients'>) {
  let wanted = 0n;
  let before = 0n;
  let rounds = 0;
  const credited = (holds: (sum: bigint) => boolean, ms: number): Promise<string> =>
    eventually(
      () => creditedOf(looking).then(String, () => '-1'),
      (sum) => holds(BigInt(sum)),
      ms,
    );
  return {
    async deposit(count: number): Promise<void> {
      rounds += 1;
      before = wanted;
      const { total } = await system.bank.bulk({
        count,
        numbers: NUMBERS,
        amountFrom: '1.00',
        amountTo: '9.00',
        seed: rounds,
      });
      wanted += BigInt(total.replace('.', ''));
    },
    async underWay(): Promise<void> {
      await credited((sum) => sum > before, CREDITED_MS_MAX);
    },
    async account(): Promise<Account> {
      // More than wanted is seen as well, and what never comes is seen by the time.
      await credited((sum) => sum >= wanted, CREDITED_MS_MAX).catch(() => undefined);
      const position = await settledPosition(looking.ports);
      const sum = await creditedOf(looking);
      const promised = await clients.check();
      const differing = await wrongWallets(looking.ports, await system.bank.tally());
      const wrong = [
        ...(differing === 0 ? [] : [`${String(differing)} wallets differ from the bank's tally`]),
        ...[...position.differences]
          .filter(([, amount]) => amount !== 0n)
          .map(([currency, amount]) => `proof: ${currency} ${String(amount)}`),
        ...position.broken.map((actor) => `broken: ${JSON.stringify(actor)}`),
        ...(await audit(looking.ports)).divergences.map((divergence) => `chain: ${JSON.stringify(divergence)}`),
        ...promised.wrong,
      ];
      const less = wanted > sum ? Number(wanted - sum) : 0;
      const more = sum > wanted ? Number(sum - wanted) : 0;
      return {
        ...{ credited: String(sum), acknowledged: promised.acknowledged, reads: promised.reads, wrong },
        ...{ lost: less + promised.unanswered, lostTail: promised.lostTail, doubled: more + promised.doubled },
      };
    },
  };
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
