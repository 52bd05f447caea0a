// A Redis Cluster on loopback, for tests and benches: masters with replicas, each a process of its own that dies with this one.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './own-process.ts';
import { startRedis } from './redis.ts';
import type { Host, RedisServer } from './redis.ts';

const run = promisify(execFile);

export interface ClusterOptions {
  readonly masters?: number;
  /** Of each master. */
  readonly replicas?: number;
  /** Silence after which a master is failed over. */
  readonly nodeTimeoutMs?: number;
  readonly settings?: Readonly<Record<string, string>>;
  /** The nodes are spread over them; a replica is never beside its master. */
  readonly hosts?: readonly Host[];
}

export interface ClusterNode {
  /** `host:port` */
  readonly address: string;
  readonly server: RedisServer;
}

export interface NodeFacts {
  readonly id: string;
  readonly address: string;
  readonly isMaster: boolean;
  readonly failed: boolean;
  /** Of a replica: its master's id. */
  readonly masterId: string | null;
  readonly linked: boolean;
  /** First and last slots it serves. */
  readonly slots: readonly (readonly [number, number])[];
}

export interface RedisCluster {
  readonly nodes: readonly ClusterNode[];
  readonly addresses: readonly string[];
  /** One command to one node, by redis-cli; its output. */
  cli(address: string, ...args: readonly string[]): Promise<string>;
  /** What the first node that answers, or the given one, says of all. */
  facts(by?: string): Promise<NodeFacts[]>;
  /** Waits until every slot is served and every master has its replica again. */
  untilWhole(): Promise<void>;
  node(address: string): ClusterNode;
  close(): Promise<void>;
}

export async function startRedisCluster({
  masters = 3,
  replicas = 1,
  nodeTimeoutMs = 1000,
  settings = {},
  hosts = [],
}: ClusterOptions = {}): Promise<RedisCluster> {
  const nodes: ClusterNode[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(nodes.map(({ server }) => server.close()));
  };
  try {
    for (let count = 0; count < masters * (replicas + 1); count += 1)
      nodes.push(await startNode({ nodeTimeoutMs, settings }, hosts[count % Math.max(1, hosts.length)]));
    const addresses = nodes.map(({ address }) => address);
    const options = ['--cluster-replicas', String(replicas), '--cluster-yes'];
    await run('redis-cli', ['--cluster', 'create', ...addresses, ...options], { timeout: CREATE_MS_MAX });
    const cluster = clusterOf(nodes, { close, replicated: replicas > 0 });
    await cluster.untilWhole();
    return cluster;
  } catch (error) {
    await close();
    throw error;
  }
}

const CREATE_MS_MAX = 60_000;
const LOOK_MS = 100;
const LOOKS_MAX = 600;

type NodeOptions = Required<Pick<ClusterOptions, 'nodeTimeoutMs' | 'settings'>>;

async function startNode({ nodeTimeoutMs, settings }: NodeOptions, host?: Host): Promise<ClusterNode> {
  const server = await startRedis({
    own: true,
    ...(host === undefined ? {} : { host }),
    settings: {
      'cluster-enabled': 'yes',
      'cluster-port': String(await freePort()),
      'cluster-node-timeout': String(nodeTimeoutMs),
      'cluster-require-full-coverage': 'no',
      'cluster-replica-validity-factor': '0',
      'repl-ping-replica-period': '1',
      'repl-diskless-sync-delay': '0',
      'protected-mode': 'no',
      ...settings,
    },
  });
  return { address: new URL(server.url).host, server };
}

function clusterOf(
  nodes: readonly ClusterNode[],
  parts: { readonly close: () => Promise<void>; readonly replicated: boolean },
): RedisCluster {
  const addresses = nodes.map(({ address }) => address);
  const cli = async (address: string, ...args: readonly string[]): Promise<string> => {
    const { hostname, port } = new URL(`redis://${address}`);
    const { stdout } = await run('redis-cli', ['-h', hostname, '-p', port, ...args], { timeout: CREATE_MS_MAX });
    return stdout;
  };
  const views = async (): Promise<NodeFacts[][]> => {
    const answers = await Promise.allSettled(addresses.map((address) => cli(address, 'CLUSTER', 'NODES')));
    return answers.flatMap((answer) => (answer.status === 'fulfilled' && answer.value.includes('myself') ? [factsOf(answer.value)] : []));
  };
  return {
    nodes,
    addresses,
    cli,
    async facts(by) {
      const [first] = by === undefined ? await views() : [factsOf(await cli(by, 'CLUSTER', 'NODES'))];
      if (first === undefined) throw new Error('no node of the cluster answers');
      return first;
    },
    async untilWhole() {
      for (let look = 0; look < LOOKS_MAX; look += 1) {
        const seen = await views();
        if (seen.length === nodes.length && seen.every((facts) => isWhole(facts, parts.replicated))) return;
        await sleep(LOOK_MS);
      }
      throw new Error(`the cluster does not become whole:\n${JSON.stringify(await views())}`);
    },
    node(address) {
      const found = nodes.find((node) => node.address === address);
      if (found === undefined) throw new Error(`no node ${address}`);
      return found;
    },
    close: parts.close,
  };
}

const SLOTS = 16_384;

function isWhole(facts: readonly NodeFacts[], replicated: boolean): boolean {
  const serving = facts.filter(({ slots }) => slots.length > 0);
  const covered = serving.flatMap(({ slots }) => slots).reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const hasReplica = (id: string): boolean => facts.some((one) => one.masterId === id && one.linked && !one.failed);
  return covered === SLOTS && facts.every((one) => !one.failed) && (!replicated || serving.every(({ id }) => hasReplica(id)));
}

function factsOf(text: string): NodeFacts[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [id = '', address = '', flags = '', master = '-', , , , link = '', ...slots] = line.split(' ');
      return {
        id,
        address: address.replace(/@.*/, ''),
        isMaster: flags.includes('master'),
        failed: flags.includes('fail') || flags.includes('handshake'),
        masterId: master === '-' ? null : master,
        linked: link === 'connected',
        slots: slots.filter((part) => !part.startsWith('[')).map(span),
      };
    });
}

function span(text: string): readonly [number, number] {
  const [first = '0', last = first] = text.split('-');
  return [Number(first), Number(last)];
}
