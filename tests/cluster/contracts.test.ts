/** A real cluster of three masters and three replicas keeps the contracts of the ports. */
import test from 'ava';
import { effectsContract } from '../contract/effects.ts';
import { hintsContract } from '../contract/hints.ts';
import { leasesContract } from '../contract/leases.ts';
import { mailboxesContract } from '../contract/mailboxes.ts';
import { operationsContract } from '../contract/operations.ts';
import { outboxContract } from '../contract/outbox.ts';
import { startTestRedisCluster } from '../support/redis-cluster.ts';

const redis = await startTestRedisCluster();
test.after.always(() => redis.close());

for (const contract of [mailboxesContract, leasesContract, effectsContract, operationsContract, hintsContract, outboxContract])
  contract('Redis Cluster', () => redis.create());

test.serial('a cluster is not filled by a restore, and says so', async (t) => {
  const { restoration } = await redis.connect();
  await t.throwsAsync(restoration.begin('one'), { code: 'restore_needs_one_server', message: /REDIS_CLUSTER_NODES/ });
});
