/** A child of the simulator: runs the seeds that it is sent, and sends back what came of them. Ends with its parent. */
import { runHistory } from './history.ts';
import { planOf } from './plan.ts';

process.on('message', (seed: number) => {
  void runHistory(planOf(seed)).then((history) => process.send?.(history));
});
process.on('disconnect', () => process.exit());
