/** Two processes that both believe to own the same shards. */
import { shardKeys } from '../../providers/redis/keys.ts';
import { lookAt } from '../../tests/support/deposits.ts';
import type { Looking } from '../../tests/support/deposits.ts';
import type { Fault, Scene } from '../fault.ts';
import { LEASE_MS } from '../stage.ts';

const FIGHT_MS = 4_000;
const SWAP_MS = 25;
const TAKEOVER_MS_MAX = 10 * LEASE_MS;

type Owners = Awaited<ReturnType<Looking['look']['leases']['owners']>>;

/**
 * One worker sleeps until the other has its shards; when it wakes, the lease says its old token again, and then by turns the one and the
 * other: both pass the comparison of tokens, and only the comparison of tips is left between them.
 */
async function fight(scene: Scene): Promise<void> {
  const looking = await lookAt(scene.stage.config);
  try {
    await fightOver(scene, looking);
  } finally {
    await looking.close();
  }
}

async function fightOver({ stage, random, sleep, note }: Scene, { look, layout }: Looking): Promise<void> {
  const shards = layout.shardsOf('wallet');
  const [first, second] = stage.of('wallet');
  const sleeper = (random.next() < 0.5 ? first : second)?.process();
  if (sleeper === undefined) throw new Error('two wallet workers are needed');
  const before = await look.leases.owners(shards);
  sleeper.signal('SIGSTOP');
  const after = await takenOver(before, () => look.leases.owners(shards), sleep);
  const contested = shards.filter((shard) => before.get(shard)?.token !== after.get(shard)?.token);
  note(`${String(contested.length)} shards with two owners for ${String(FIGHT_MS)} ms`);
  const end = performance.now() + FIGHT_MS;
  for (let turn = 0; performance.now() < end; turn += 1) {
    const tokens = turn % 2 === 0 ? before : after;
    const pipeline = look.redis.pipeline();
    for (const shard of contested) {
      const { token = '', owner = '' } = tokens.get(shard) ?? {};
      pipeline.hset(shardKeys(shard).lease, { token, owner, expires: String(Date.now() + LEASE_MS / 2) });
    }
    await pipeline.exec();
    if (turn === 0) sleeper.signal('SIGCONT');
    await sleep(SWAP_MS);
  }
}

async function takenOver(before: Owners, owners: () => Promise<Owners>, sleep: Scene['sleep']): Promise<Owners> {
  const deadline = performance.now() + TAKEOVER_MS_MAX;
  for (;;) {
    await sleep(SWAP_MS);
    const now = await owners();
    const living = new Set([...now.values()].map(({ owner }) => owner));
    if (living.size === 1 && new Set([...before.values()].map(({ owner }) => owner)).size > 1) return now;
    if (performance.now() > deadline) return now;
  }
}

export const OWNER_FAULTS: readonly Fault[] = [
  {
    ...{ name: 'two-owners', title: 'two owners, forced by rewriting the token of the lease', fullRounds: 20 },
    detected: '`ironwallet_commits_total{result="stale"}`: the tips are compared, one commits and the other drops its actors',
    strike: fight,
  },
];
