/** A round of each fault, in the middle of deposits and of clients' commands: nothing lost, nothing doubled. Many more: `npm run cluster`. */
import test from 'ava';
import { FAULT_NAMES, round } from './faults.ts';
import { startStage } from './stage.ts';

const stage = await startStage();
test.after.always(() => stage.stop());

for (const name of FAULT_NAMES) {
  test.serial(`${name}: nothing is lost, nothing is doubled`, async (t) => {
    const { struck, account } = await round(stage, name);
    const { lost, lostTail, doubled, wrong, acknowledged } = account;
    if (lost + lostTail.length + doubled + wrong.length > 0) for (const process of stage.processes) t.log(process.log().slice(-4000));
    t.deepEqual({ lost, lostTail, doubled, wrong }, { lost: 0, lostTail: [], doubled: 0, wrong: [] });
    t.true(acknowledged > 0, 'clients were answered');
    t.is(struck.lostTail > 0, name === 'replica promoted with a lost tail');
  });
}
