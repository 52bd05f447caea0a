/** `send`: messages into mailboxes, grouped by shard, all in one round trip. */
import { randomUUID } from 'node:crypto';
import { Fault } from '../../engine/fault.ts';
import type { Layout } from '../../engine/layout.ts';
import type { Addressed } from '../../engine/message.ts';
import type { Sent, Shard } from '../../engine/ports.ts';
import { deliveriesOf } from './deliveries.ts';
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

interface Group {
  readonly shard: Shard;
  readonly positions: number[];
}

export function createSend({
  secured,
  layout,
  memory,
}: SendParts): (messages: readonly Addressed[], cap: number | null) => Promise<Sent[]> {
  const sender = randomUUID();
  let calls = 0;
  const callOf = (group: Group, messages: readonly Addressed[], cap: number | null): ScriptCall => {
    const { keys, args } = deliveriesOf(
      layout,
      group.positions.flatMap((position) => messages[position] ?? []),
    );
    calls += 1;
    return { script: 'send', keys: [answersKey(group.shard, sender), ...keys], args: [calls, cap ?? '', ...args] };
  };
  return async (messages, cap) => {
    if (messages.length === 0) return [];
    if (cap !== null && (await memory.isOverMark())) return messages.map(() => ({ sent: false, why: 'memory' }));
    const groups = groupsOf(layout, messages);
    try {
      const answers = await secured.runAll(groups.map((group) => callOf(group, messages, cap)));
      return inOrder(messages.length, groups, answers);
    } catch (error) {
      if (cap !== null && error instanceof Fault && error.code === 'redis_memory')
        return messages.map(() => ({ sent: false, why: 'memory' }));
      throw error;
    }
  };
}

function groupsOf(layout: Layout, messages: readonly Addressed[]): Group[] {
  const groups: Group[] = [];
  const open = new Map<Shard, Group>();
  messages.forEach((message, position) => {
    const shard = layout.shardOf(message.to);
    const found = open.get(shard);
    if (found !== undefined && found.positions.length < MESSAGES_PER_CALL) {
      found.positions.push(position);
      return;
    }
    const group = { shard, positions: [position] };
    open.set(shard, group);
    groups.push(group);
  });
  return groups;
}

function inOrder(count: number, groups: readonly Group[], answers: readonly unknown[]): Sent[] {
  const sent = Array.from<Sent>({ length: count });
  groups.forEach(({ positions }, index) => {
    const words = text(answers[index]).split(' ');
    positions.forEach((position, place) => {
      const word = words[place];
      sent[position] = word === 'FULL' ? { sent: false, why: 'full' } : { sent: true, entry: entryId(word) };
    });
  });
  return sent;
}
