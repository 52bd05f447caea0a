/** The real server keeps the contracts of the ports. */
import test from 'ava';
import { startTestRedis } from '../support/redis.ts';
import { agreedContract } from './agreed.ts';
import { effectsContract } from './effects.ts';
import { hintsContract } from './hints.ts';
import { leasesContract } from './leases.ts';
import { mailboxesContract } from './mailboxes.ts';
import { operationsContract } from './operations.ts';

const redis = await startTestRedis();
test.after.always(() => redis.close());

for (const contract of [mailboxesContract, leasesContract, effectsContract, operationsContract, hintsContract, agreedContract])
  contract('Redis', () => redis.create());
