/** Both ways of funding a wallet on a cluster of three masters and three replicas: in one process, and in one per role. */
import test from 'ava';
import { startRedisCluster } from '../../mocks/servers/redis-cluster.ts';
import { startRole } from '../support/processes.ts';
import { openWallet, payOut, pendingTopUp, proven, topUpIs, walletHas } from '../support/story.ts';
import { callApi, startSystem } from '../support/system.ts';
import type { TestSystem } from '../support/system.ts';

const ROLES = ['gateway', 'wallet', 'payments', 'omnibus'] as const;

const one = await startRedisCluster();
const other = await startRedisCluster();
test.after.always(async () => {
  await Promise.all([one.close(), other.close()]);
});

test.serial('both ways of funding work in one process on a cluster', async (t) => {
  const system = await startSystem({ env: { REDIS_CLUSTER_NODES: one.addresses.join(',') } });
  t.teardown(() => system.stop());
  await bothWays(system);
  t.pass();
});

test.serial('both ways of funding work across four processes on a cluster', async (t) => {
  const bare = await startSystem({ service: false, env: { REDIS_CLUSTER_NODES: other.addresses.join(',') } });
  t.teardown(() => bare.stop());
  const processes = await Promise.all(ROLES.map((role) => startRole({ role, env: bare.env })));
  t.teardown(async () => {
    if (!t.passed) for (const process of processes) t.log(process.log());
    await Promise.all(processes.map((process) => process.end('SIGKILL')));
  });
  const [gateway, , payments, omnibus] = processes;
  if (gateway === undefined || payments === undefined || omnibus === undefined) throw new Error('a role is missing');
  await bare.webhooksTo({ payments: payments.url, omnibus: omnibus.url });
  const call: TestSystem['call'] = (path, request) => callApi(`${path.startsWith('/ops/') ? omnibus.url : gateway.url}${path}`, request);
  await bothWays({ ...bare, call });
  t.pass();
});

async function bothWays(system: TestSystem): Promise<void> {
  const wallet = await openWallet(system, 'alice');
  const topUp = await pendingTopUp(system, wallet);
  await system.bank.transfer({ to: wallet.iban, amount: '250.00', notify: true });
  await walletHas(system, wallet, { available: '250.00', pending: '100.00' });
  const { expectedCreditText } = await system.moyasar.settle();
  await payOut(system, expectedCreditText);
  await topUpIs(system, wallet, { id: topUp.id, status: 'paid' });
  await walletHas(system, wallet, { available: '350.00', pending: '0.00' });
  await proven(system);
}
