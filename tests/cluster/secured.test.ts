/** What was written but is not yet safe against the loss of its server is not acknowledged, and does not go on to another shard. */
import test from 'ava';
import { actorIn, carry, commitOf, fetchOne, message, owned, stepOf } from '../contract/fixture.ts';
import { startTestRedisCluster } from '../support/redis-cluster.ts';

const redis = await startTestRedisCluster();
test.after.always(() => redis.close());

const ONE_REPLICA_EACH = 1;

test.serial('a master with more replicas than are waited for is told', async (t) => {
  const [careless, careful] = await Promise.all([redis.connect({ waitReplicas: 0 }), redis.connect({ waitReplicas: ONE_REPLICA_EACH })]);
  const told = /^REDIS_WAIT_REPLICAS is 0 and must be 1, the replicas of a master/;
  t.is((await careless.problems()).filter((problem) => told.test(problem)).length, 1);
  t.deepEqual(await careful.problems(), []);
});

test.serial('a message that too few replicas have is not acknowledged, and sent again it is', async (t) => {
  const ports = await redis.create();
  const strict = await redis.connect({ waitReplicas: ONE_REPLICA_EACH + 1, waitMs: 100 });
  const actor = actorIn('t0');
  await t.throwsAsync(strict.mailboxes.send([message(actor, 'a')], null), { code: 'not_replicated' });
  const [sent] = await ports.mailboxes.send([message(actor, 'b')], null);
  t.true(sent?.sent);
});

test.serial('a message for another shard waits in the outbox until enough replicas have it', async (t) => {
  const ports = await redis.create();
  const strict = await redis.connect({ waitReplicas: ONE_REPLICA_EACH + 1, waitMs: 100 });
  const [actor, far] = [actorIn('t0'), actorIn('o1')];
  const lease = await owned(ports, actor);
  await ports.mailboxes.send([message(actor, 'a')], null);
  const step = stepOf(await fetchOne(ports, lease, actor));
  await ports.mailboxes.commit([commitOf(lease, [step], { deliveries: [message(far, 'x')] })]);
  await t.throwsAsync(carry(strict, lease), { code: 'not_replicated' });
  const look = async (): Promise<number | undefined> => (await ports.mailboxes.read([{ actor: far, after: null }]))[0]?.entries.length;
  t.is(await look(), 0);
  await carry(ports, lease);
  t.is(await look(), 1);
});
