import { runHistory } from './history.ts';
import { planOf } from './plan.ts';
const [from = '1', count = '1', trace = ''] = process.argv.slice(2);
const began = performance.now();
for (let seed = Number(from); seed < Number(from) + Number(count); seed += 1) {
  const history = await runHistory(planOf(seed), trace === '' ? null : (line) => void process.stdout.write(`${line}\n`));
  if (Number(count) < 20 || history.failure !== null) process.stdout.write(`${JSON.stringify(history)}\n`);
}
process.stdout.write(`${String(Math.round((performance.now() - began) / Number(count)))} ms each\n`);
