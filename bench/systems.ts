/** The systems that benches look at, processes of their own on servers of their own; gone when the bench is over. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startMongo } from '../mocks/servers/mongo.ts';
import { startRedis } from '../mocks/servers/redis.ts';
import { lookAt } from '../tests/support/deposits.ts';
import type { Looking } from '../tests/support/deposits.ts';
import { startRole } from '../tests/support/processes.ts';
import type { RoleProcess } from '../tests/support/processes.ts';
import { ACCOUNT, configOf, environmentOf, SECRET_KEY } from '../tests/support/system.ts';
import { metricOf, startBeside, until } from './rig.ts';

type Settings = Readonly<Record<string, string>>;

/** Nobody answers there. */
const NOWHERE = 'http://127.0.0.1:9';
/** Of a process that is stopped for a while and shall find its shards again. */
const STOPPED_LEASE_MS = '60000';
const QUIET = { LOG_LEVEL: 'silent', SNAPSHOT_MS: '10000' };

export interface WalletSystem {
  /** The role `wallet` alone. */
  readonly worker: RoleProcess;
  readonly looking: Looking;
  /** Name -> pid, as Linux counts it; undefined: not ours. Without Redis. */
  readonly processes: Readonly<Record<string, number | undefined>>;
}

/** Wallets without bank and provider: what is sent straight into their mailboxes is all they hear. */
export async function withWallets(maxmemory: string, settings: Settings, run: (system: WalletSystem) => Promise<void>): Promise<void> {
  const redis = await startRedis({ own: true, maxmemory });
  const mongo = await startMongo();
  const few = { SHARDS_WALLET: '16', SHARDS_PAYMENTS: '1', SHARDS_OMNIBUS: '1' };
  const env = { ...environmentOf({ redis, mongo, moyasar: NOWHERE, bank: NOWHERE }), ...QUIET, ...few, ...settings };
  const worker = await startRole({ role: 'wallet', env });
  const looking = await lookAt(configOf(env));
  try {
    await run({ worker, looking, processes: { worker: worker.pid, MongoDB: mongo.pid } });
  } finally {
    await looking.close();
    await worker.end('SIGKILL'); // nothing of it is needed any more
    await redis.close();
    await mongo.close();
  }
}

export interface WholeSystem {
  readonly gateway: RoleProcess;
  /** Wallets, payments and the omnibus account. */
  readonly others: RoleProcess;
  /** Payments and the omnibus account, where they are apart. */
  readonly behind: RoleProcess | null;
  readonly looking: Looking;
  /** Addresses of the fakes. */
  readonly bank: string;
  readonly moyasar: string;
  /** Name -> pid, as Linux counts it; undefined: not ours. Without Redis. */
  readonly processes: Readonly<Record<string, number | undefined>>;
}

/** Everything, with both fakes in processes of their own, and requests without a limit. `apart`: wallets have a process for themselves. */
export async function withEverything(settings: Settings, run: (system: WholeSystem) => Promise<void>, apart = false): Promise<void> {
  const redis = await startRedis({ own: true, maxmemory: '2gb' });
  const mongo = await startMongo();
  const bank = await startBeside('fake-bank.js', [ACCOUNT, '20']);
  const moyasar = await startBeside('fake-moyasar.js', [SECRET_KEY]);
  const unlimited = { RATE_LIMIT_PER_SECOND: '1000000', RATE_LIMIT_BURST: '1000000' };
  const env = { ...environmentOf({ redis, mongo, moyasar: moyasar.url, bank: bank.url }), ...QUIET, ...unlimited, ...settings };
  const others = await startRole({ role: apart ? 'wallet' : 'wallet,payments,omnibus', env });
  const behind = apart ? await startRole({ role: 'payments,omnibus', env: { ...env, LEASE_MS: STOPPED_LEASE_MS } }) : null;
  const gateway = await startRole({ role: 'gateway', env });
  const looking = await lookAt(configOf(env));
  try {
    const roles = { gateway: gateway.pid, 'wallets, payments, omnibus': others.pid };
    const fakes = { 'the fake provider': moyasar.process.pid, 'the fake bank': bank.process.pid };
    const processes = { ...roles, MongoDB: mongo.pid, ...fakes };
    await run({ gateway, others, behind, looking, bank: bank.url, moyasar: moyasar.url, processes });
  } finally {
    await looking.close();
    await gateway.end('SIGTERM');
    await others.end('SIGTERM');
    await behind?.end('SIGTERM');
    await Promise.all([bank.process.end('SIGTERM'), moyasar.process.end('SIGTERM')]);
    await redis.close();
    await mongo.close();
  }
}

const SAVED_MS_MAX = 300_000;

/** Waits until nothing is ready and a snapshot covers every actor of the process that serves there. */
export async function saved({ look, layout }: Looking, url: string): Promise<void> {
  const isSaved = async (): Promise<boolean> => {
    if ((await look.operations.gauges(layout.allShards)).ready > 0) return false;
    return metricOf(await (await fetch(`${url}/metrics`)).text(), 'ironwallet_dirty_actors') === 0;
  };
  await sleep(1_000); // the figure is written a few times a second
  await until(isSaved, SAVED_MS_MAX, 'all actors saved');
}
