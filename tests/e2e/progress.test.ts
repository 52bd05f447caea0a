/** Health is progress: a worker that is connected and green but does not move is seen, by itself and by the others. */
import test from 'ava';
import { shardKeys } from '../../providers/redis/keys.ts';
import { lookAt } from '../support/deposits.ts';
import { startRole } from '../support/processes.ts';
import { callApi, eventually, startSystem } from '../support/system.ts';

test('a worker whose loop stands still is not ready, the gateway stays in service and says who is late, and both are ready when it moves again', async (t) => {
  const system = await startSystem({ service: false, env: { PROGRESS_MS: '2000', LOG_LEVEL: 'error' } });
  t.teardown(() => system.stop());
  const worker = await startRole({ role: 'wallet,payments,omnibus', env: system.env });
  t.teardown(() => worker.end('SIGKILL'));
  const gateway = await startRole({ role: 'gateway', env: system.env });
  t.teardown(() => gateway.end('SIGKILL'));
  const looking = await lookAt(system.config);
  t.teardown(() => looking.close());

  const { status, body } = await callApi(`${gateway.url}/v1/wallets`, { as: 'alice', key: 'open', body: {} });
  t.is(status, 201);
  const wallet = String(body['id']);
  const readyOf = (url: string) => callApi(`${url}/readyz`);
  for (const { url } of [worker, gateway])
    await eventually(
      () => readyOf(url),
      (reply) => reply.body['status'] === 'ready',
    );

  // Every fetch of the shard fails from here on, while leases are renewed and both servers answer.
  const shard = looking.layout.shardOf(`virtual-account:${wallet}`);
  const { attempts } = shardKeys(shard);
  await looking.look.redis.set(attempts, 'no hash');
  const topUp = { as: 'alice', key: 'top-up', body: { amount: '10.00', currency: 'SAR' } };
  const unknown = await callApi(`${gateway.url}/v1/wallets/${wallet}/top-ups`, topUp);
  t.deepEqual([unknown.status, unknown.body['code']], [503, 'outcome_unknown']);

  const standing = await eventually(
    () => readyOf(worker.url),
    (reply) => reply.status === 503,
  );
  t.like(standing.body, { status: 'unavailable', redis: true, mongo: true, waitsFor: [], stuckShards: [shard] });
  t.deepEqual(standing.body['why'], ['not_progressing', 'late_wallet']);
  const besides = await eventually(
    () => readyOf(gateway.url),
    (reply) => reply.body['status'] === 'degraded',
  );
  t.is(besides.status, 200);
  t.like(besides.body, { why: ['late_wallet'], stuckShards: [], lateRoles: ['wallet'] });
  t.true(Number(besides.body['oldestReadyMs']) > 2_000);
  const metrics = await (await fetch(`${worker.url}/metrics`)).text();
  t.true(figure(metrics, 'ironwallet_standstill_ms{role="wallet"}') > 2_000);
  t.is(figure(metrics, 'ironwallet_standstill_ms{role="payments"}'), 0);
  t.is(figure(metrics, 'ironwallet_shards{role="wallet"}'), 8);
  t.regex(worker.log(), /shards of this process do not move/);

  await looking.look.redis.del(attempts);
  for (const { url } of [worker, gateway])
    await eventually(
      () => readyOf(url),
      (reply) => reply.body['status'] === 'ready',
    );
  t.is((await callApi(`${gateway.url}/v1/wallets/${wallet}/top-ups`, topUp)).status, 201);
});

function figure(metrics: string, series: string): number {
  const line = metrics.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? Number.NaN);
}
