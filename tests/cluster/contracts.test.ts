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
