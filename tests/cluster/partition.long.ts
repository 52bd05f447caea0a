/** Three hosts of different addresses, and a real partition between them: the master on the lonely side goes on being asked, and may promise nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { startHosts } from '../../mocks/servers/hosts.ts';
import type { Host } from '../../mocks/servers/redis.ts';
import { comesOut } from './outcome.ts';
import { masterOf, playRound, startStage } from './stage.ts';
import type { ClusterStage } from './stage.ts';

const LOOK_MS = 100;
const LOOKS_MAX = 200;
/** How long it lasts after the others have another master. */
const LONELY_MS = 2000;

const made = startHosts(3);

if ('why' in made) {
  process.stderr.write(`SKIPPED: the partition between hosts needs network namespaces, which this machine refuses: ${made.why}\n`);
  test.skip('a host with a master is cut off from the others: nothing is lost, nothing is doubled', () => undefined);
} else {
  test.after.always(() => {
    made.close();
  });
  test('a host with a master is cut off from the others: nothing is lost, nothing is doubled', async (t) => {
    const stage = await startStage({ hosts: made.hosts });
    t.teardown(() => stage.stop());
    const round = await playRound(stage, async () => {
      const [shard = ''] = stage.looking.layout.shardsOf('wallet');
      const master = await masterOf(stage.cluster, shard);
      const lonely = made.hosts.find(({ address }) => master.address.startsWith(`${address}:`));
      if (lonely === undefined) throw new Error(`${master.address} is on none of the hosts`);
      made.cut(lonely);
      await othersHaveMaster(stage, lonely);
      await sleep(LONELY_MS);
      made.heal(lonely);
      await stage.cluster.untilWhole();
      t.not((await masterOf(stage.cluster, shard)).address, master.address);
    });
    comesOut(t, stage, round);
  });
}

/** Waits until the other hosts serve every slot without the lonely one. */
async function othersHaveMaster({ cluster }: ClusterStage, { address }: Host): Promise<void> {
  const isLonely = (node: string): boolean => node.startsWith(`${address}:`);
  const witness = cluster.addresses.find((one) => !isLonely(one)) ?? '';
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const serving = (await cluster.facts(witness)).filter(({ slots }) => slots.length > 0);
    if (serving.length > 0 && serving.every((node) => !isLonely(node.address))) return;
    await sleep(LOOK_MS);
  }
  throw new Error('the others promote nobody');
}
