/** What a test asks of a round. */
import type { ExecutionContext } from 'ava';
import type { RoundOutcome, Stage } from './stage.ts';

/** Nothing lost, doubled or wrong, and something done; tells what the processes said when it is not so. */
export function comesOut<T>(t: ExecutionContext, { processes }: Pick<Stage, 'processes'>, round: RoundOutcome<T>): RoundOutcome<T> {
  const { lost, doubled, wrong, ledger, ok } = round;
  if (!ok) for (const process of processes) t.log(process.log().slice(-4000));
  t.deepEqual({ lost, doubled, wrong }, { lost: 0, doubled: 0, wrong: [] });
  for (const kind of ['open_wallet', 'top_up', 'debit'] as const)
    t.true(
      ledger.commands.some((command) => command.kind === kind && command.answer !== null),
      `${kind} was answered`,
    );
  t.true(ledger.deposits.length > 0 && ledger.paid.length > 0, 'money came both ways');
  t.true(ledger.reads > 0, 'reads were answered');
  return round;
}
