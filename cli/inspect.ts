// `ironwallet inspect`: what there is to know of an actor.
import { inspect as inspectActor } from '../engine/inspect.ts';
import type { ActorFacts } from '../engine/inspect.ts';
import type { StoredEntry } from '../engine/message.ts';
import { msOf } from '../engine/message.ts';
import { lookingAt } from './looking.ts';
import type { Json } from './looking.ts';
import { age, columns, say, sayJson } from './text.ts';

const BODY_CHARS = 100;

export function inspect(name: string, { json = false }: Json): Promise<void> {
  return lookingAt(name, async (actor, ports) => {
    const { mailboxes, operations, leases } = ports.redis;
    const facts = await inspectActor(actor, { ...ports, mailboxes, operations, leases, snapshots: ports.mongo.snapshots });
    if (json) sayJson(facts);
    else for (const line of inspected(facts, Date.now())) say(line);
  });
}

/** The facts for people; ages are as of `now`. */
export function inspected(facts: ActorFacts, now: number): string[] {
  const { tip, parked, envelope, fault } = facts;
  const oldest = facts.waiting[0];
  const lag = oldest === undefined ? '0' : `${String(facts.lag)}, the oldest for ${age(now - msOf(oldest.entry))}`;
  const table = columns([
    ['actor', facts.actor],
    ['shard', facts.shard],
    ['owner', facts.owner ?? '-'],
    [
      'tip',
      tip === null ? '- (nothing is committed)' : `${tip.last}, ${String(tip.n)} entries, chain ${tip.chain}, rules ${String(tip.rules)}`,
    ],
    ['snapshot', tip?.snapshot ?? '-'],
    ['lag', lag],
    ['parked', parked === null ? 'no' : `at ${parked.entry} for ${age(now - parked.since)}: ${parked.error}`],
    ['state', fault === null ? `${String(facts.stateBytes)} bytes` : `${fault.code}: ${fault.message}`],
  ]);
  const state = envelope === null ? [] : JSON.stringify(envelope.state, null, 2).split('\n');
  return [...table, ...state, ...listed('last committed entries, newest last', facts.entries), ...listed('waiting', facts.waiting)];
}

function listed(title: string, entries: readonly StoredEntry[]): string[] {
  if (entries.length === 0) return [];
  return ['', `${title}:`, ...columns(entries.map(({ entry, type, from, body }) => [entry, type, from, short(body)]))];
}

function short(text: string): string {
  return text.length <= BODY_CHARS ? text : `${text.slice(0, BODY_CHARS)}…`;
}
