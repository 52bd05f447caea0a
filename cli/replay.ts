// `ironwallet replay`: decides again what no snapshot covers, step by step.
import { replay as replayActor } from '../engine/inspect.ts';
import type { Replay, Step } from '../engine/inspect.ts';
import { compareEntries } from '../engine/message.ts';
import type { EntryId } from '../engine/message.ts';
import { entryOf, lookingAt } from './looking.ts';
import type { Json } from './looking.ts';
import { say, sayJson } from './text.ts';

/** Exit code 1 when the chain differs from the tip's. */
export function replay(name: string, { to, json = false }: Json & { readonly to?: string }): Promise<void> {
  return lookingAt(name, async (actor, ports) => {
    const last = to === undefined ? undefined : entryOf(to);
    const fold = { registry: ports.registry, mailboxes: ports.redis.mailboxes, snapshots: ports.mongo.snapshots };
    const result = await replayActor(actor, fold, last === undefined ? {} : { to: last });
    if (json) sayJson(result);
    else for (const line of replayed(result, last)) say(line);
    if (result.proven === false) process.exitCode = 1;
  });
}

/** The replay for people. */
export function replayed(result: Replay, to?: EntryId): string[] {
  const { last, n } = result.from.head;
  const begin = n === 0 ? 'from the beginning' : `from ${last} (${String(n)} entries before)`;
  if (to !== undefined && compareEntries(to, last) < 0) return [begin, `${to} is before that: the snapshot covers it`];
  return [begin, ...result.steps.flatMap(stepped), provenText(result.proven)];
}

function provenText(proven: boolean | null): string {
  if (proven === null) return 'the tip was not reached';
  return proven ? 'the chain is the tip’s: proven' : 'THE CHAIN DIFFERS from the tip’s';
}

function stepped({ entry, committed, code, rows, sends, head, error }: Step): string[] {
  const money = rows.map(({ account, currency, amount }) => `${account} ${amount.toString()} ${currency}`).join(', ');
  return [
    `${entry.entry}  ${entry.type}  ${code}${committed ? '' : '  (not committed)'}  chain ${head.chain}`,
    ...(money === '' ? [] : [`    rows   ${money}`]),
    ...sends.map(({ to, type }) => `    sends  ${type} -> ${to}`),
    ...(error === null ? [] : [`    error  ${error}`]),
  ];
}
