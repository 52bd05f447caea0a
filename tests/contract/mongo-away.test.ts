/** MongoDB that is away: noticed soon, told as a fault that passes, and forgotten when it is back. */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { Fault } from '../../engine/fault.ts';
import { startMongo } from '../../mocks/servers/mongo.ts';
import { createMongoPorts } from '../../providers/mongo/ports.ts';

const NOTICED_MS = 15_000;
/** A thread that runs on another core when the signal comes may still answer what comes at the same moment. */
const STANDS_STILL_MS = 300;

async function faultOf(work: Promise<unknown>): Promise<{ fault: unknown; ms: number }> {
  const began = performance.now();
  const fault = await work.then(
    () => null,
    (error: unknown) => error,
  );
  return { fault, ms: performance.now() - began };
}

test.serial('a MongoDB that cannot be reached is a fault to repeat later', async (t) => {
  const ports = createMongoPorts({ url: 'mongodb://127.0.0.1:1', database: 'nowhere' });
  for (const work of [ports.ping(), ports.snapshots.find(['a@1-0~x']), ports.snapshots.insert([{ id: 'a@1-0~x', bytes: '' }])]) {
    const { fault, ms } = await faultOf(work);
    t.like(fault, { code: 'mongo_away', retry: 'later' });
    t.true(fault instanceof Fault && ms < NOTICED_MS);
  }
  await ports.close();
});

test.serial('a MongoDB that stands still is noticed, and serves again when it goes on', async (t) => {
  const server = await startMongo({ own: true });
  const { pid } = server;
  const ports = createMongoPorts(server);
  try {
    t.deepEqual(await ports.snapshots.insert([{ id: 'a@1-0~x', bytes: 'x' }]), { conflicts: [] });
    if (pid === undefined) return t.log('SKIPPED: this MongoDB is not ours to stop');
    process.kill(pid, 'SIGSTOP');
    await sleep(STANDS_STILL_MS);
    const { fault, ms } = await faultOf(ports.snapshots.find(['a@1-0~x']));
    t.log(`noticed after ${ms.toFixed(0)} ms`);
    t.like(fault, { code: 'mongo_away', retry: 'later' });
    t.true(ms < NOTICED_MS);
    process.kill(pid, 'SIGCONT');
    let found = new Map<string, string>();
    for (let tries = 0; tries < 20 && found.size === 0; tries += 1) {
      found = await ports.snapshots.find(['a@1-0~x']).catch(() => new Map<string, string>());
    }
    t.is(found.get('a@1-0~x'), 'x');
    t.deepEqual(await ports.snapshots.insert([{ id: 'a@1-0~x', bytes: 'x' }]), { conflicts: [] });
  } finally {
    if (pid !== undefined) process.kill(pid, 'SIGCONT');
    await ports.close();
    await server.close();
  }
});
