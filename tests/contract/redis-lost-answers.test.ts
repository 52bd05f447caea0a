/** Every script is sent twice, because the first answer was lost and the client library sends again: the end is as if it was sent once. */
import test from 'ava';
import { answersKey, mailboxKey } from '../../providers/redis/keys.ts';
import { createScripts } from '../../providers/redis/scripts.ts';
import type { ScriptCall } from '../../providers/redis/scripts.ts';
import { startLossyProxy } from '../support/lossy-proxy.ts';
import { contentsOf } from '../support/redis-state.ts';
import { startTestRedis } from '../support/redis.ts';
import { actorIn, commitOf, fetchOne, message, owned, stepOf } from './fixture.ts';
import { SCENARIOS } from './redis-scenarios.ts';

const redis = await startTestRedis();
test.after.always(() => redis.close());

/** Where a repeat honestly answers otherwise: what was claimed comes back with the runner's next look, what is done is done. */
const OTHER_ANSWER = new Map<string, unknown>([
  ['claim', []],
  ['settle', false],
  ['resume', false],
  ['due', 0],
  ['restore-put', 0],
  ['restore-deliver', 0],
]);

const ANSWERS_NOTHING: ReadonlySet<string> = new Set(['release', 'expire']);

for (const [script, scenario] of Object.entries(SCENARIOS)) {
  test.serial(`${script}: a lost answer changes nothing beyond the first time`, async (t) => {
    const direct = await redis.create();
    const act = await scenario(direct);
    const proxy = await startLossyProxy(redis.server.url);
    const ports = await redis.connect(proxy.url);
    // `due` looks with another script first; its own is the one that says what they become.
    const lost = proxy.loseNextAnswer(script === 'due' ? 'TimerDue' : 'evalsha');
    const answer = act(ports);
    await lost;
    const once = await contentsOf(direct.redis);
    proxy.heal();
    const given = await answer;
    t.deepEqual(await contentsOf(direct.redis), once);
    if (OTHER_ANSWER.has(script)) t.deepEqual(given, OTHER_ANSWER.get(script));
    else t.truthy(given ?? ANSWERS_NOTHING.has(script));
    await Promise.all([ports.close(), direct.close()]);
    await proxy.close();
  });
}

test.serial('commits of two shards, of which only the first answer arrived, are both known to be applied', async (t) => {
  const direct = await redis.create();
  const actors = [actorIn('t0'), actorIn('t1')];
  const commits = [];
  for (const actor of actors) {
    const lease = await owned(direct, actor);
    await direct.mailboxes.send([message(actor, 'a')], null);
    commits.push(commitOf(lease, [stepOf(await fetchOne(direct, lease, actor))], { totals: new Map([['cash:SAR', 1n]]) }));
  }
  const proxy = await startLossyProxy(redis.server.url);
  const ports = await redis.connect(proxy.url);
  const lost = proxy.loseNextAnswer('evalsha', '$7\r\nAPPLIED\r\n'.length);
  const results = ports.mailboxes.commit(commits);
  await lost;
  proxy.heal();
  t.deepEqual(await results, [{ result: 'applied' }, { result: 'already' }]);
  t.is((await direct.operations.totals(['t0', 't1'])).get('cash:SAR'), 2n);
  await Promise.all([ports.close(), direct.close()]);
  await proxy.close();
});

test.serial('a send repeated so late that its answer is no longer kept writes nothing and says that its outcome is unknown', async (t) => {
  const ports = await redis.create();
  const actor = actorIn('t0');
  const call = (number: number): ScriptCall => ({
    script: 'send',
    keys: [answersKey('t0', 'sender'), 'iw:{t0}:ready', 'iw:{t0}:tip', 'iw:{t0}:parked', mailboxKey('t0', actor)],
    args: [number, '', 1, 1, 1, 1, 'a', 'Say', '{}', 'edge:test', ''],
  });
  const scripts = createScripts(ports.redis);
  const answers = await scripts.runAll([call(1), call(2), call(1), call(33)]);
  t.is(answers[2], answers[0]);
  await t.throwsAsync(scripts.run(call(1)), { code: 'outcome_unknown' });
  t.is(await ports.redis.xlen(mailboxKey('t0', actor)), 3);
  t.true((await ports.redis.pttl(answersKey('t0', 'sender'))) > 0, 'the answers go by themselves');
  await ports.close();
});
