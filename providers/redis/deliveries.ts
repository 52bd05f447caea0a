/** Messages as the arguments that `lua/parts/deliver.lua` reads. */
import type { Layout } from '../../engine/layout.ts';
import type { ActorId, Addressed } from '../../engine/message.ts';
import type { Shard } from '../../engine/ports.ts';
import { mailboxKey, shardKeys } from './keys.ts';

/** How far one write reaches: a whole server, or, in a cluster, the slot of one shard. */
export interface Reach {
  readonly layout: Layout;
  readonly cluster: boolean;
}

/** What a write of the shard delivers itself, and what it leaves in the outbox. */
export function splitOf({ layout, cluster }: Reach, shard: Shard, messages: readonly Addressed[]): Split {
  if (!cluster) return { near: messages, outgoing: NOTHING };
  const isNear = ({ to }: Addressed): boolean => layout.shardOf(to) === shard;
  return { near: messages.filter(isNear), outgoing: messages.filter((message) => !isNear(message)) };
}

interface Split {
  readonly near: readonly Addressed[];
  readonly outgoing: readonly Addressed[];
}

const NOTHING: readonly Addressed[] = [];

/** As `lua/parts/outbox.lua` reads them. */
export function outgoingArgs(messages: readonly Addressed[]): string[] {
  return messages.flatMap(({ to, id, type, body, from, trace }) => [to, id, type, body, from, trace]);
}

export interface Deliveries {
  readonly keys: string[];
  readonly args: (string | number)[];
}

interface Target {
  readonly shard: Shard;
  readonly boxes: ActorId[];
}

export function deliveriesOf(layout: Layout, messages: readonly Addressed[]): Deliveries {
  const targets = targetsOf(layout, messages);
  const numbers = new Map<ActorId, number>();
  const keys: string[] = [];
  for (const { shard, boxes } of targets) {
    const { ready, tip, parked } = shardKeys(shard);
    keys.push(ready, tip, parked);
    for (const actor of boxes) {
      keys.push(mailboxKey(shard, actor));
      numbers.set(actor, numbers.size + 1);
    }
  }
  const args: (string | number)[] = [targets.length, ...targets.map((target) => target.boxes.length), messages.length];
  for (const { to, id, type, body, from, trace } of messages) args.push(numbers.get(to) ?? 0, id, type, body, from, trace);
  return { keys, args };
}

function targetsOf(layout: Layout, messages: readonly Addressed[]): Target[] {
  const targets = new Map<Shard, Target>();
  const seen = new Set<ActorId>();
  for (const { to } of messages) {
    if (seen.has(to)) continue;
    seen.add(to);
    const shard = layout.shardOf(to);
    const target = targets.get(shard);
    if (target === undefined) targets.set(shard, { shard, boxes: [to] });
    else target.boxes.push(to);
  }
  return [...targets.values()];
}
