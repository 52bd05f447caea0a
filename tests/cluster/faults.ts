/** What can happen to a cluster, done to a real one while money moves. Each resolves when the cluster is whole again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Shard } from '../../engine/ports.ts';
import type { NodeFacts, RedisCluster } from '../../mocks/servers/redis-cluster.ts';
import { slotOf } from '../../providers/redis/client.ts';
import { shardKeys } from '../../providers/redis/keys.ts';
import { infoOf } from '../../providers/redis/reply.ts';
import { masterOf, replicaOf } from './stage.ts';
import type { ClusterStage } from './stage.ts';

export interface ClusterFault {
  readonly name: string;
  /** Without waiting for replicas acknowledged data is lost by definition. */
  readonly cutsTail: boolean;
  /** As of `FaultFacts`. */
  readonly readsGrow: boolean;
  readonly strike: (stage: ClusterStage) => Promise<Struck>;
}

export const FAULTS: readonly ClusterFault[] = [
  { name: 'master killed', cutsTail: false, readsGrow: false, strike: killMaster },
  { name: 'slot moved under load', cutsTail: false, readsGrow: true, strike: moveSlots },
  { name: 'replica promoted with a lost tail', cutsTail: true, readsGrow: false, strike: loseTail },
];

/** What can be said of it afterwards. */
export interface Struck {
  /** Bytes of the log that the former master had alone. */
  readonly lostTail: number;
}

const FAILOVER_LOOKS_MAX = 200;
const LOOK_MS = 100;
/** How long the master goes on alone before it is lost. */
const TAIL_MS = 1500;

let turns = 0;
/** Has no divisor in common with the number of shards, so that all are met in turn. */
const STRIDE = 7;

/** Another one each time, of wallets, payments and the omnibus account. */
function nextShard({ looking }: ClusterStage): Shard {
  const shards = looking.layout.allShards;
  turns += 1;
  return shards[(turns * STRIDE) % shards.length] ?? '';
}

async function killMaster(stage: ClusterStage): Promise<Struck> {
  const { cluster } = stage;
  const master = await masterOf(cluster, nextShard(stage));
  await cluster.node(master.address).server.kill9();
  await comesBack(cluster, master);
  return { lostTail: 0 };
}

/** Waits until its replica serves, and brings it back as a replica. */
async function comesBack(cluster: RedisCluster, master: NodeFacts): Promise<void> {
  await promoted(cluster, master);
  await cluster.node(master.address).server.restart();
  await cluster.untilWhole();
}

async function promoted(cluster: RedisCluster, former: NodeFacts): Promise<void> {
  const [slot = 0] = former.slots[0] ?? [];
  for (let look = 0; look < FAILOVER_LOOKS_MAX; look += 1) {
    const serving = (await cluster.facts()).find(({ slots }) => slots.some(([first, last]) => first <= slot && slot <= last));
    if (serving !== undefined && serving.id !== former.id && !serving.failed) return;
    await sleep(LOOK_MS);
  }
  throw new Error(`nobody took over from ${former.address}`);
}

/** The replica hears nothing any more, the master goes on for a while, then it is lost. */
async function loseTail(stage: ClusterStage): Promise<Struck> {
  const { cluster } = stage;
  const master = await masterOf(cluster, nextShard(stage));
  const replica = await replicaOf(cluster, master);
  // The master knows no password: a replica that has one is refused.
  await cluster.cli(replica.address, 'CONFIG', 'SET', 'masterauth', 'nobody-knows-it');
  await cluster.cli(replica.address, 'CLIENT', 'KILL', 'TYPE', 'master');
  await sleep(TAIL_MS);
  const [ahead, behind] = await Promise.all([offsetOf(cluster, master), offsetOf(cluster, replica)]);
  await cluster.node(master.address).server.kill9();
  await cluster.cli(replica.address, 'CONFIG', 'SET', 'masterauth', '');
  await comesBack(cluster, master);
  return { lostTail: ahead - behind };
}

/** How much of the log a server has. */
async function offsetOf(cluster: RedisCluster, { address, isMaster }: NodeFacts): Promise<number> {
  const info = await cluster.cli(address, 'INFO', 'replication');
  return Number(infoOf(info, isMaster ? 'master_repl_offset' : 'slave_repl_offset'));
}

const KEYS_PER_STEP = 10;
const STEP_MS = 5;
const MOVED_SHARDS = 3;

/** Slots of some shards go to the next master, a few keys at a time. */
async function moveSlots(stage: ClusterStage): Promise<Struck> {
  const { cluster } = stage;
  for (let moved = 0; moved < MOVED_SHARDS; moved += 1) {
    const shard = nextShard(stage);
    const from = await masterOf(cluster, shard);
    const others = (await cluster.facts()).filter(({ slots, id }) => slots.length > 0 && id !== from.id);
    const to = others[turns % others.length];
    if (to !== undefined) await moveSlot(cluster, String(slotOf(shardKeys(shard).lease)), { from, to });
  }
  await cluster.untilWhole();
  return { lostTail: 0 };
}

async function moveSlot(
  cluster: RedisCluster,
  slot: string,
  { from, to }: { readonly from: NodeFacts; readonly to: NodeFacts },
): Promise<void> {
  await cluster.cli(to.address, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
  await cluster.cli(from.address, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
  const [host = '', port = ''] = to.address.split(':');
  for (;;) {
    const keys = (await cluster.cli(from.address, 'CLUSTER', 'GETKEYSINSLOT', slot, String(KEYS_PER_STEP)))
      .trim()
      .split('\n')
      .filter((key) => key !== '');
    if (keys.length === 0) break;
    await cluster.cli(from.address, 'MIGRATE', host, port, '', '0', '5000', 'KEYS', ...keys);
    await sleep(STEP_MS);
  }
  for (const { address } of [to, from]) await cluster.cli(address, 'CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
}
