/** The four roles as four processes, and each alone. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { freePort } from '../../mocks/servers/own-process.ts';
import { lookAt } from '../support/deposits.ts';
import { startRole } from '../support/processes.ts';
import type { RoleProcess } from '../support/processes.ts';
import { openWallet, payOut, pendingTopUp, proven, topUpIs, walletHas } from '../support/story.ts';
import { callApi, eventually, startSystem } from '../support/system.ts';
import type { TestSystem } from '../support/system.ts';

const ROLES = ['gateway', 'wallet', 'payments', 'omnibus'] as const;

/** Servers and fakes; the test starts the processes. */
async function servers(t: ExecutionContext, env: Readonly<Record<string, string>> = {}): Promise<TestSystem> {
  const system = await startSystem({ service: false, env: { LEASE_MS: '5000', ...env } });
  t.teardown(() => system.stop());
  return system;
}

async function started(t: ExecutionContext, role: string, env: Readonly<Record<string, string>>): Promise<RoleProcess> {
  const process = await startRole({ role, env });
  t.teardown(() => process.end('SIGKILL'));
  return process;
}

test.serial('both ways of funding work across four processes', async (t) => {
  const bare = await servers(t);
  const [gateway, , payments, omnibus] = await Promise.all(ROLES.map((role) => started(t, role, bare.env)));
  if (gateway === undefined || payments === undefined || omnibus === undefined) throw new Error('a role is missing');
  await bare.webhooksTo({ payments: payments.url, omnibus: omnibus.url });
  const call: TestSystem['call'] = (path, request) => callApi(`${path.startsWith('/ops/') ? omnibus.url : gateway.url}${path}`, request);
  const system: TestSystem = { ...bare, call };
  const wallet = await openWallet(system, 'alice');
  const topUp = await pendingTopUp(system, wallet);
  await system.bank.transfer({ to: wallet.iban, amount: '250.00', notify: true });
  await walletHas(system, wallet, { available: '250.00', pending: '100.00' });
  const { expectedCreditText } = await system.moyasar.settle();
  await payOut(system, expectedCreditText);
  await topUpIs(system, wallet, { id: topUp.id, status: 'paid' });
  await walletHas(system, wallet, { available: '350.00', pending: '0.00' });
  await proven(system);
  const missing = await callApi(`${gateway.url}/ops/v1/position`, { as: 'olga', scope: 'ops' });
  t.is(missing.status, 404, 'the gateway shows nothing of other services');
});

test.serial('each role alone starts, and says what it waits for', async (t) => {
  const system = await servers(t);
  for (const role of ROLES) {
    const process = await started(t, role, { ...system.env, LOG_LEVEL: 'warn' });
    const away = ['wallet', 'payments', 'omnibus'].filter((other) => other !== role);
    const { status, body } = await eventually(
      () => callApi(`${process.url}/readyz`),
      (reply) => JSON.stringify(reply.body['waitsFor']) === JSON.stringify(away),
    );
    t.is(status, 200);
    t.is(body['status'], 'degraded');
    await eventually(
      () => Promise.resolve(process.log()),
      (log) => log.includes(`waits for a worker of: ${away.join(', ')}"`),
    );
    t.is(await process.end('SIGTERM'), 0);
  }
});

test.serial('a worker that is told to stop hands its shards over at once; each role owns its own shards alone', async (t) => {
  // Longer than anything here waits: a lease that was not given back would never be taken over.
  const system = await servers(t, { LEASE_MS: '60000' });
  const [first, second] = [await started(t, 'wallet', system.env), await started(t, 'wallet', system.env)];
  for (const role of ['payments', 'omnibus']) await started(t, role, system.env);
  const looking = await lookAt(system.config);
  t.teardown(() => looking.close());
  const ownersOf = async (role: string): Promise<string[]> =>
    [...(await looking.look.leases.owners(looking.layout.shardsOf(role))).values()]
      .filter(({ expiresAt }) => expiresAt > 0)
      .map(({ owner }) => owner);
  await eventually(
    async () => new Set(await ownersOf('wallet')).size,
    (count) => count === 2,
  );
  for (const role of ['wallet', 'payments', 'omnibus']) {
    const owners = await eventually(
      () => ownersOf(role),
      (all) => all.length === looking.layout.shardsOf(role).length,
    );
    t.true(
      owners.every((owner) => owner.startsWith(`${role}@`)),
      owners.join(' '),
    );
  }
  const before = performance.now();
  t.is(await first.end('SIGTERM'), 0);
  const owners = await eventually(
    () => ownersOf('wallet'),
    (all) => new Set(all).size === 1 && all.length === looking.layout.shardsOf('wallet').length,
  );
  t.log(`handed over ${String(owners.length)} shards in ${String(Math.round(performance.now() - before))} ms`);
  t.is(await second.end('SIGTERM'), 0);
  t.deepEqual(await ownersOf('wallet'), [], 'nobody holds what nobody serves');
});

test.serial(
  'a process killed with -9 and started again on its port has its shards at once; one that finds the port taken asks for none',
  async (t) => {
    // Longer than anything here waits: a lease that must end by itself would never be taken over.
    const system = await servers(t, { LEASE_MS: '60000' });
    const port = await freePort();
    const start = async (): Promise<RoleProcess> => {
      const process = await startRole({ role: 'wallet', env: system.env, port, eager: true });
      t.teardown(() => process.end('SIGKILL'));
      return process;
    };
    const looking = await lookAt(system.config);
    t.teardown(() => looking.close());
    const ownersOf = async (): Promise<string[]> =>
      [...(await looking.look.leases.owners(looking.layout.shardsOf('wallet'))).values()].map(({ owner }) => owner);
    const all = looking.layout.shardsOf('wallet').length;
    const owned = (not: string): Promise<string[]> => eventually(ownersOf, (owners) => owners.length === all && !owners.includes(not));
    const killed = await start();
    const [former = ''] = await owned('');
    await killed.end('SIGKILL');
    await start();
    const owners = await owned(former);
    const intruder = await start();
    t.is(await intruder.end('SIGCONT'), 1);
    t.regex(intruder.log(), /EADDRINUSE/);
    t.deepEqual(await ownersOf(), owners);
  },
);

test.serial('a missing setting is one clear line and exit code 2', async (t) => {
  const process = await startRole({ role: 'payments', env: { ...withoutProvider, NODE_ENV: 'test' }, eager: true });
  t.is(await process.end('SIGCONT'), 2);
  t.regex(process.log(), /^Configuration: MOYASAR_SECRET_KEY is not set; the payments role needs it\.$/m);
});

const withoutProvider = { REDIS_URL: 'redis://127.0.0.1:1', MONGODB_URL: 'mongodb://127.0.0.1:1', MOYASAR_SECRET_KEY: '' };
