/** The single-master form with sentinels: the master is killed in the middle of money, a replica goes on, and nothing is lost or doubled. */
import test from 'ava';
import { startSentinels } from '../../mocks/servers/redis-sentinel.ts';
import { inTheMiddle } from './faults.ts';
import { startServing } from './stage.ts';

test('a master that sentinels know is killed: a replica goes on, and what was acknowledged is there', async (t) => {
  const redis = await startSentinels();
  t.teardown(() => redis.close());
  const env = { REDIS_SENTINELS: redis.sentinels.join(','), REDIS_SENTINEL_NAME: redis.name, REDIS_WAIT_REPLICAS: '1' };
  const stage = await startServing({ env });
  t.teardown(() => stage.stop());
  const former = await redis.master();
  await inTheMiddle(stage, async () => {
    await former.kill9();
    t.not(await redis.untilOther(former), former);
  });
  const { lost, doubled, wrong, acknowledged } = await stage.account();
  if (lost + doubled + wrong.length > 0) for (const process of stage.processes) t.log(process.log().slice(-4000));
  t.deepEqual({ lost, doubled, wrong }, { lost: 0, doubled: 0, wrong: [] });
  t.true(acknowledged > 0, 'clients were answered');
});
