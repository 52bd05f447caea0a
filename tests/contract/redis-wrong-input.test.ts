/** Nothing rolls back inside a script, so none may stop half-way: whatever is wrong, a refused call leaves every key as it was. */
import type { Redis } from 'ioredis';
import test from 'ava';
import { COMMIT_BYTES_MAX } from '../../providers/redis/commit.ts';
import { mailboxKey } from '../../providers/redis/keys.ts';
import { createScripts } from '../../providers/redis/scripts.ts';
import type { ScriptCall } from '../../providers/redis/scripts.ts';
import { dumpsOf, restoreDumps } from '../support/redis-state.ts';
import { startTestRedis } from '../support/redis.ts';
import { actorIn, message } from './fixture.ts';
import { fullCommit, SCENARIOS } from './redis-scenarios.ts';

/** Hashes stay lists, so that equal contents have equal dumps (a hash table's order is random). */
const redis = await startTestRedis({ settings: { 'hash-max-listpack-value': '65536', 'hash-max-listpack-entries': '1000' } });
test.after.always(() => redis.close());

const WRONG_TYPE = 'a string where no string belongs';
const WRONG_ARGUMENTS = ['', 'x', '-1', '0', '1.5', '99999999999999999999', '1e300', '99999999999999999999-1', '5-5', 'a b c', '\u0000'];

for (const [script, scenario] of Object.entries(SCENARIOS)) {
  test.serial(`${script}: a key of a wrong type is refused and changes nothing`, async (t) => {
    const ports = await redis.create();
    const act = await scenario(ports);
    const calls = await recorded(ports.redis, () => act(ports), script);
    await ports.redis.set(WRONG_TYPE, 'x');
    const before = await dumpsOf(ports.redis);
    for (const call of calls) {
      for (const index of call.keys.keys()) {
        const wrong = { ...call, keys: call.keys.with(index, WRONG_TYPE) };
        await t.throwsAsync(
          createScripts(ports.redis).run(wrong),
          { name: 'Fault' },
          `${call.script} took ${WRONG_TYPE} as key ${String(index + 1)}`,
        );
      }
    }
    t.deepEqual(await dumpsOf(ports.redis), before);
    await ports.close();
  });

  test.serial(`${script}: wrong arguments are refused and change nothing, or they are taken whole`, async (t) => {
    const ports = await redis.create();
    const act = await scenario(ports);
    const calls = await recorded(ports.redis, () => act(ports), script);
    const before = await dumpsOf(ports.redis);
    const scripts = createScripts(ports.redis);
    for (const call of calls) {
      for (const index of call.args.keys()) {
        for (const value of WRONG_ARGUMENTS) {
          const refused = await scripts.run({ ...call, args: call.args.with(index, value) }).then(
            () => false,
            () => true,
          );
          const after = await dumpsOf(ports.redis);
          if (refused)
            t.deepEqual(after, before, `${call.script} stopped half-way with ${JSON.stringify(value)} as argument ${String(index + 1)}`);
          else await restoreDumps(ports.redis, before);
        }
      }
    }
    t.pass();
    await ports.close();
  });
}

test.serial('an amount of 18 digits, or a total that would have 19, is a fault and changes nothing', async (t) => {
  const ports = await redis.create();
  const commit = await fullCommit(ports);
  await ports.redis.hset(`iw:{${commit.lease.shard}}:totals`, 'bank:SAR', '999999999999999990');
  const before = await dumpsOf(ports.redis);
  const withTotal = (delta: bigint): Promise<unknown> =>
    ports.mailboxes.commit([
      {
        ...commit,
        totals: new Map([
          ['cash:SAR', 1n],
          ['bank:SAR', delta],
        ]),
      },
    ]);
  await t.throwsAsync(withTotal(10n ** 17n), { message: /amount_out_of_range.*bank:SAR/ });
  await t.throwsAsync(withTotal(-(10n ** 17n)), { message: /amount_out_of_range/ });
  await t.throwsAsync(withTotal(10n ** 16n), { message: /total_out_of_range.*bank:SAR/ });
  t.deepEqual(await dumpsOf(ports.redis), before);
  t.deepEqual(await withTotal(-(10n ** 16n)), [{ result: 'applied' }]);
  await ports.close();
});

test.serial('a commit beyond the limits, backwards, or of consequences without an entry is not even sent', async (t) => {
  const ports = await redis.create();
  const commit = await fullCommit(ports);
  const [step] = commit.actors;
  if (step === undefined) throw new Error('no step');
  const refused = (change: Partial<typeof commit>): Promise<unknown> =>
    t.throwsAsync(ports.mailboxes.commit([{ ...commit, ...change }]), { name: 'Fault' });
  const [delivery] = commit.deliveries;
  if (delivery === undefined) throw new Error('no delivery');
  await refused({ deliveries: Array.from({ length: 2001 }, () => delivery) });
  await refused({ deliveries: [{ ...delivery, body: 'x'.repeat(COMMIT_BYTES_MAX) }] });
  await refused({ actors: [{ ...step, next: { ...step.next, n: step.expected.n + 1001 } }] });
  await refused({ actors: [{ ...step, next: step.expected }] });
  await refused({ actors: [] });
  await refused({ deliveries: [{ ...delivery, to: 'toy:a b' }] });
  t.deepEqual(await ports.mailboxes.commit([commit]), [{ result: 'applied' }]);
  await ports.close();
});

test.serial('what is sent together to several shards is written whole or not at all', async (t) => {
  const ports = await redis.create();
  const [sound, broken] = [actorIn('t0'), actorIn('t1')];
  await ports.redis.set(mailboxKey('t1', broken), WRONG_TYPE);
  const both = [message(sound, 'a'), message(broken, 'b')];
  await t.throwsAsync(ports.mailboxes.send(both, null), { name: 'Fault' });
  t.is(await ports.redis.xlen(mailboxKey('t0', sound)), 0);
  await ports.redis.del(mailboxKey('t1', broken));
  t.true((await ports.mailboxes.send(both, null)).every(({ sent }) => sent));
  await ports.close();
});

/** The calls of one script that an action makes, taken off the wire and undone again. */
async function recorded(client: Redis, act: () => Promise<unknown>, script: string): Promise<ScriptCall[]> {
  const before = await dumpsOf(client);
  const calls: ScriptCall[] = [];
  const monitor = await client.duplicate({ connectionName: 'monitor' }).monitor();
  const seen = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, args: string[]) => {
      const [name, , count, ...rest] = args;
      if (name === 'evalsha')
        calls.push({ script: scriptName(script), keys: rest.slice(0, Number(count)), args: rest.slice(Number(count)) });
      if (name === 'echo') resolve();
    });
  });
  await act();
  await client.echo('that was it');
  await seen;
  monitor.disconnect();
  await restoreDumps(client, before);
  // `due` looks with another script first.
  return script === 'due' ? calls.slice(1) : calls.slice(0, 1);
}

function scriptName(script: string): ScriptCall['script'] {
  const names = Object.keys(SCENARIOS);
  if (isScript(script, names)) return script;
  throw new Error(`no script ${script}`);
}

function isScript(script: string, names: readonly string[]): script is ScriptCall['script'] {
  return names.includes(script);
}
