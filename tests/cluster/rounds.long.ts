/** A round of each fault, in the middle of all that clients do: nothing lost, nothing doubled. Many more: `npm run cluster`. */
import test from 'ava';
import { FAULTS } from './faults.ts';
import { comesOut } from './outcome.ts';
import { playRound, startStage } from './stage.ts';

const stage = await startStage();
test.after.always(() => stage.stop());

for (const { name, cutsTail, readsGrow, strike } of FAULTS) {
  test.serial(`${name}: nothing is lost, nothing is doubled`, async (t) => {
    const { struck } = comesOut(t, stage, await playRound(stage, () => strike(stage), { readsGrow }));
    t.is((struck?.lostTail ?? 0) > 0, cutsTail);
  });
}
