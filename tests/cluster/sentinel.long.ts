/** The single-master form with sentinels: the master is killed in the middle of money, a replica goes on, and no money is lost or doubled. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { startSentinels } from '../../mocks/servers/redis-sentinel.ts';
import type { SentinelSetup } from '../../mocks/servers/redis-sentinel.ts';
import type { RedisServer } from '../../mocks/servers/redis.ts';
import { infoOf } from '../../providers/redis/reply.ts';
import { comesOut } from './outcome.ts';
import { playRound, startServing } from './stage.ts';
import type { Stage } from './stage.ts';

const run = promisify(execFile);
/** How long the master goes on alone before it is lost. */
const TAIL_MS = 1_500;

interface Served {
  readonly redis: SentinelSetup;
  readonly stage: Stage;
}

async function serving(t: ExecutionContext, waitReplicas: number): Promise<Served> {
  const redis = await startSentinels();
  t.teardown(() => redis.close());
  const env = {
    REDIS_SENTINELS: redis.sentinels.join(','),
    REDIS_SENTINEL_NAME: redis.name,
    REDIS_WAIT_REPLICAS: String(waitReplicas),
  };
  const stage = await startServing(env);
  t.teardown(() => stage.stop());
  return { redis, stage };
}

test.serial('a master that sentinels know is killed: a replica goes on, and what was acknowledged is there', async (t) => {
  const { redis, stage } = await serving(t, 1);
  const former = await redis.master();
  const round = await playRound(stage, async () => {
    await former.kill9();
    t.not(await redis.untilOther(former), former);
  });
  comesOut(t, stage, round);
});

test.serial(
  'without waiting for replicas, one is promoted with a lost tail: its commands are known by their keys, and no wallet is wrong',
  async (t) => {
    const { redis, stage } = await serving(t, 0);
    const former = await redis.master();
    const replicas = redis.servers.filter((server) => server !== former);
    const strike = async (): Promise<number> => {
      // The master knows no password: a replica that has one is refused, and hears nothing any more.
      await Promise.all(replicas.map((one) => cutOff(one)));
      await sleep(TAIL_MS);
      const ahead = await offsetOf(former, 'master_repl_offset');
      const behind = Math.max(...(await Promise.all(replicas.map((one) => offsetOf(one, 'slave_repl_offset')))));
      await former.kill9();
      await Promise.all(replicas.map((one) => cli(one, 'CONFIG', 'SET', 'masterauth', '')));
      t.not(await redis.untilOther(former), former);
      return ahead - behind;
    };
    const { struck: lostBytes, tail } = comesOut(t, stage, await playRound(stage, strike, { losesTail: true }));
    t.true(lostBytes !== null && lostBytes > 0);
    t.log(`${String(lostBytes)} bytes of log lost, and these commands, which had one effect when repeated:`);
    t.log(tail.join(', '));
    t.true(tail.length > 0, 'clients were answered by the master that was alone');
  },
);

async function cutOff(replica: RedisServer): Promise<void> {
  await cli(replica, 'CONFIG', 'SET', 'masterauth', 'nobody-knows-it');
  await cli(replica, 'CLIENT', 'KILL', 'TYPE', 'master');
}

/** How much of the log a server has. */
async function offsetOf(server: RedisServer, name: 'master_repl_offset' | 'slave_repl_offset'): Promise<number> {
  return Number(infoOf(await cli(server, 'INFO', 'replication'), name));
}

async function cli({ url }: RedisServer, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('redis-cli', ['-u', url, ...args]);
  return stdout;
}
