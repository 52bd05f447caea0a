/** `send`: messages into mailboxes, all in one round trip: in a cluster by shard, else together. */
import { randomUUID } from 'node:crypto';
import { Fault } from '../../engine/fault.ts';
import type { Layout } from '../../engine/layout.ts';
import type { Addressed } from '../../engine/message.ts';
import type { Mailboxes, Sent, Shard } from '../../engine/ports.ts';
import { deliveriesOf } from './deliveries.ts';
import { groupsOf } from './groups.ts';
import { answersKey } from './keys.ts';
import type { MemoryGauge } from './memory.ts';
import { entryId, text } from './reply.ts';
import type { ScriptCall, Scripts } from './scripts.ts';

/** Bounds one script's time: 500 cold mailboxes take about 12 ms, 10,000 would block every lease for 200 ms. */
const MESSAGES_PER_CALL = 500;

export interface SendParts {
  readonly scripts: Scripts;
  /** Waits for replicas before it answers; `scripts` where none are waited for. */
  readonly secured: Pick<Scripts, 'runAll'>;
  readonly layout: Layout;
  readonly memory: MemoryGauge;
}

export function createSend({ scripts, secured, layout, memory }: SendParts): Mailboxes['send'] {
  const sender = randomUUID();
  let calls = 0;
  const placeOf = ({ to }: Addressed): Shard => (scripts.cluster ? layout.shardOf(to) : '');
  const callOf = (messages: readonly Addressed[], cap: number | null): ScriptCall[] => {
    const [first] = messages;
    if (first === undefined) return [];
    const { keys, args } = deliveriesOf(layout, messages);
    calls += 1;
    return [{ script: 'send', keys: [answersKey(layout.shardOf(first.to), sender), ...keys], args: [calls, cap ?? '', ...args] }];
  };
  return async (messages, cap) => {
    if (messages.length === 0) return [];
    if (cap !== null && (await memory.isOverMark())) return messages.map(() => ({ sent: false, why: 'memory' }));
    const groups = groupsOf(messages, { placeOf, max: MESSAGES_PER_CALL });
    const parts = groups.map((positions) => positions.flatMap((position) => messages[position] ?? []));
    try {
      const answers = await secured.runAll(parts.flatMap((part) => callOf(part, cap)));
      return inOrder(messages.length, groups, answers);
    } catch (error) {
      if (cap !== null && error instanceof Fault && error.code === 'redis_memory')
        return messages.map(() => ({ sent: false, why: 'memory' }));
      throw error;
    }
  };
}

function inOrder(count: number, groups: readonly (readonly number[])[], answers: readonly unknown[]): Sent[] {
  const sent = Array.from<Sent>({ length: count });
  groups.forEach((positions, index) => {
    const words = text(answers[index]).split(' ');
    positions.forEach((position, place) => {
      const word = words[place];
      sent[position] = word === 'FULL' ? { sent: false, why: 'full' } : { sent: true, entry: entryId(word) };
    });
  });
  return sent;
}
