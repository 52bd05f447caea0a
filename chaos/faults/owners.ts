/** Two processes that both believe to own the same shards. */
import type { Shard } from '../../engine/ports.ts';
import { shardKeys } from '../../providers/redis/keys.ts';
import { lookAt } from '../../tests/support/deposits.ts';
import type { Looking } from '../../tests/support/deposits.ts';
import type { Fault, Scene } from '../fault.ts';
import { LEASE_MS } from '../stage.ts';

/** Longer than an owner lets pass between two renewals: the sleeper finds its token and works on, with what it remembers. */
const OLD_TOKEN_MS = LEASE_MS;
const FIGHT_MS = OLD_TOKEN_MS + 2_000;
const SWAP_MS = 25;
/** The other works on the shards for so long before the sleeper wakes. */
const WORKED_MS = 1_500;
const TAKEOVER_MS_MAX = 10 * LEASE_MS;

type Owners = Awaited<ReturnType<Looking['look']['leases']['owners']>>;

/**
 * One worker sleeps until the other has its shards and has worked on them. When it wakes, the leases say its old token again: it renews them and
 * works on with the states that it remembers, and only the comparison of tips is left between it and what the other has done. Then the leases
 * say the one and the other token by turns.
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
  const owners = (): Promise<Owners> => look.leases.owners(shards);
  const before = await untilOwners(2, owners, sleep);
  sleeper.signal('SIGSTOP');
  try {
    const after = await untilOwners(1, owners, sleep);
    await sleep(WORKED_MS);
    const contested = shards.filter((shard) => before.get(shard)?.token !== after.get(shard)?.token);
    note(`${String(contested.length)} shards with two owners for ${String(FIGHT_MS)} ms`);
    if (contested.length === 0) throw new Error('no shard had two owners');
    await swap({ look, contested, before, after }, (turn) => {
      if (turn === 0) sleeper.signal('SIGCONT');
      return sleep(SWAP_MS);
    });
  } finally {
    sleeper.signal('SIGCONT');
  }
}

interface Contest {
  readonly look: Looking['look'];
  readonly contested: readonly Shard[];
  readonly before: Owners;
  readonly after: Owners;
}

/** Writes the tokens of the former owner, then of both by turns. */
async function swap({ look, contested, before, after }: Contest, written: (turn: number) => Promise<void>): Promise<void> {
  const begun = performance.now();
  for (let turn = 0; performance.now() - begun < FIGHT_MS; turn += 1) {
    const tokens = performance.now() - begun < OLD_TOKEN_MS || turn % 2 === 0 ? before : after;
    const pipeline = look.redis.pipeline();
    for (const shard of contested) {
      const { token = '', owner = '' } = tokens.get(shard) ?? {};
      pipeline.hset(shardKeys(shard).lease, { token, owner, expires: String(Date.now() + LEASE_MS / 2) });
    }
    await pipeline.exec();
    await written(turn);
  }
}

/** Who owns what when so many workers own the shards, all of them. */
async function untilOwners(count: number, owners: () => Promise<Owners>, sleep: Scene['sleep']): Promise<Owners> {
  const deadline = performance.now() + TAKEOVER_MS_MAX;
  for (;;) {
    const now = await owners();
    const living = new Set([...now.values()].map(({ owner }) => owner));
    if (living.size === count) return now;
    if (performance.now() > deadline) throw new Error(`${String(living.size)} workers own the shards, not ${String(count)}`);
    await sleep(SWAP_MS);
  }
}

export const OWNER_FAULTS: readonly Fault[] = [
  {
    ...{ name: 'two-owners', title: 'two owners, forced by rewriting the token of the lease', fullRounds: 20 },
    detected: '`ironwallet_commits_total{result="stale"}`: the tips are compared, one commits and the other drops its actors',
    strike: fight,
  },
];
