import test from 'ava';
import type { ShardCommit } from './ports.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { createRig } from './testing/rig.ts';

const QUIET = 300;
const OTHERS = 1_000;

test('a parked actor blocks nobody: 1,000 others of its shard go on, and so do those that come later', async (t) => {
  const rig = createRig({ shards: 1 });
  const worker = rig.worker();
  await worker.start();
  await rig.send('purse:parked', 'Boom', {});
  for (let index = 0; index < 100; index += 1) await rig.send('purse:parked', 'Deposit', { amount: '1' });
  for (const amount of ['7', '1']) {
    for (let index = 0; index < OTHERS; index += 1) await rig.send(`purse:${String(index)}`, 'Deposit', { amount });
    await rig.system.advance(QUIET);
  }
  const balances = new Set<bigint>();
  for (let index = 0; index < OTHERS; index += 1) balances.add((await rig.purse(`purse:${String(index)}`)).balance);
  t.deepEqual([...balances], [8n]);
  t.is((await rig.purse('purse:parked')).balance, 0n);
  const { ready, parked } = await rig.ports.operations.gauges(rig.layout.allShards);
  t.deepEqual([ready, parked], [0, 1]);
  await worker.stop();
});

test('who comes to a shard with a hot actor waits behind two of its shared batches at most, and alone it is served in full ones', async (t) => {
  const rig = createRig({ shards: 1 });
  const { mailboxes } = rig.ports;
  /** Entries of the hot one in each commit, and whether the quiet one was in it. */
  const commits: { readonly hot: number; readonly quiet: boolean }[] = [];
  let quietSent = 0;
  const commit: typeof mailboxes.commit = async (asked) => {
    commits.push({ hot: entriesOf(asked, 'purse:hot'), quiet: entriesOf(asked, 'purse:quiet') > 0 });
    const results = await mailboxes.commit(asked);
    // The worst moment: after the next cycle has been decided upon, again and again.
    if (commits.length > 4 && (commits.at(-1)?.quiet === true || quietSent === 0)) {
      quietSent += 1;
      setImmediate(() => void rig.send('purse:quiet', 'Deposit', { amount: '1' }));
    }
    return results;
  };
  for (let index = 0; index < 6_000; index += 1) await rig.send('purse:hot', 'Deposit', { amount: '1' });
  const worker = rig.worker({}, { ...rig.ports, mailboxes: { ...mailboxes, commit } });
  await worker.start();
  await rig.system.advance(2_000);
  t.is((await rig.purse('purse:hot')).balance, 6_000n);
  const { entriesPerActor, entriesPerActorShared } = DEFAULT_LIMITS;
  t.is(commits[0]?.hot, entriesPerActor);
  const firstQuiet = commits.findIndex(({ quiet }) => quiet);
  const busy = commits.slice(firstQuiet).filter(({ hot }) => hot > 0);
  t.true(busy.length > 20 && busy.filter(({ quiet }) => quiet).length > 5, `${String(busy.length)} cycles`);
  t.deepEqual(
    busy.filter(({ hot }) => hot > entriesPerActorShared),
    [],
  );
  t.true(longestWithout(busy) <= 2, 'the quiet one is in every second cycle at least');
  await worker.stop();
});

function entriesOf(commits: readonly ShardCommit[], actor: string): number {
  return commits.flatMap(({ actors }) => actors).reduce((sum, one) => sum + (one.actor === actor ? one.next.n - one.expected.n : 0), 0);
}

/** Cycles in a row that had the hot one alone. */
function longestWithout(commits: readonly { readonly quiet: boolean }[]): number {
  let longest = 0;
  let run = 0;
  for (const { quiet } of commits) {
    run = quiet ? 0 : run + 1;
    longest = Math.max(longest, run);
  }
  return longest;
}
