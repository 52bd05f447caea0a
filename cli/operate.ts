// Operators' commands: look at an actor, see what is stuck, resume or skip it, audit the chain.
import { audit as auditAll } from '../engine/audit.ts';
import { inspect as inspectActor, replay as replayActor } from '../engine/inspect.ts';
import type { ActorFacts, Step } from '../engine/inspect.ts';
import type { ActorId, EntryId, StoredEntry } from '../engine/message.ts';
import { msOf } from '../engine/message.ts';
import { parkedAt } from '../engine/skip.ts';
import { actorId, entryId } from '../engine/snapshot-codec.ts';
import { actorOperations, surveyPorts } from '../wiring/edges.ts';
import { looking } from './looking.ts';
import type { Looking } from './looking.ts';
import { age, columns, say, sayJson } from './text.ts';

interface Json {
  readonly json?: boolean;
}

const BODY_CHARS = 100;

export function inspect(name: string, { json = false }: Json): Promise<void> {
  return withActor(name, async (actor, ports) => {
    const { mailboxes, operations, leases } = ports.redis;
    const facts = await inspectActor(actor, { ...ports, mailboxes, operations, leases, snapshots: ports.mongo.snapshots });
    if (json) sayJson(facts);
    else for (const line of inspected(facts)) say(line);
  });
}

function inspected(facts: ActorFacts): string[] {
  const { tip, parked, envelope, fault } = facts;
  const oldest = facts.waiting[0];
  const lag = oldest === undefined ? '0' : `${String(facts.lag)}, the oldest for ${age(Date.now() - msOf(oldest.entry))}`;
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
    ['parked', parked === null ? 'no' : `at ${parked.entry} for ${age(Date.now() - parked.since)}: ${parked.error}`],
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

export function replay(name: string, { to, json = false }: Json & { readonly to?: string }): Promise<void> {
  return withActor(name, async (actor, ports) => {
    const last: EntryId | undefined = to === undefined ? undefined : entryId.parse(to);
    const fold = { registry: ports.registry, mailboxes: ports.redis.mailboxes, snapshots: ports.mongo.snapshots };
    const result = await replayActor(actor, fold, last === undefined ? {} : { to: last });
    if (json) {
      sayJson(result);
      return;
    }
    say(`from ${result.from.head.last} (${String(result.from.head.n)} entries before)`);
    for (const step of result.steps) for (const line of stepped(step)) say(line);
    say(
      result.proven === null
        ? 'the tip was not reached'
        : result.proven
          ? 'the chain is the tip’s: proven'
          : 'THE CHAIN DIFFERS from the tip’s',
    );
    if (result.proven === false) process.exitCode = 1;
    return undefined;
  });
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

export function parked({ json = false }: Json): Promise<void> {
  return looking(async (ports) => {
    const all = await ports.redis.operations.parked(ports.layout.allShards);
    if (json) {
      sayJson(all);
      return;
    }
    if (all.length === 0) {
      say('nothing is parked');
      return;
    }
    const rows = all.map((one) => [one.actor, one.entry, age(Date.now() - one.since), String(one.attempts), one.error]);
    for (const line of columns([['actor', 'entry', 'for', 'attempts', 'error'], ...rows])) say(line);
    return undefined;
  });
}

export function dead({ json = false }: Json): Promise<void> {
  return looking(async (ports) => {
    const all = await ports.redis.operations.dead(ports.layout.allShards);
    if (json) {
      sayJson(all);
      return;
    }
    if (all.length === 0) {
      say('no entry was ever skipped');
      return;
    }
    const rows = all.map((one) => [one.actor, one.entry, one.type, one.by, one.why]);
    for (const line of columns([['actor', 'entry', 'type', 'by', 'why'], ...rows])) say(line);
    return undefined;
  });
}

export function resume(name: string): Promise<void> {
  return withActor(name, async (actor, ports) => {
    const resumed = await actorOperations(ports).resume(actor);
    say(resumed ? `${actor} goes on` : `${actor} is not parked`);
    if (!resumed) process.exitCode = 1;
  });
}

export interface SkipOptions {
  readonly why: string;
  readonly entry?: string;
  readonly by: string;
}

export function skip(name: string, { why, entry, by }: SkipOptions): Promise<void> {
  return withActor(name, async (actor, ports) => {
    const at = entry ?? (await parkedAt(actor, { layout: ports.layout, operations: ports.redis.operations }))?.entry;
    if (at === undefined) throw new Error(`${actor} is not parked`);
    await actorOperations(ports).skip({ actor, entry: entryId.parse(at), by, why });
    say(`${actor} goes on behind ${at}; the entry is among the dead letters`);
  });
}

export function audit({ json = false }: Json): Promise<void> {
  return looking(async (ports) => {
    const result = await auditAll(surveyPorts(ports));
    if (json) sayJson(result);
    else {
      say(`${String(result.actors)} actors, ${String(result.postings)} postings, ${String(result.divergences.length)} divergences`);
      for (const divergence of result.divergences) say(JSON.stringify(divergence));
    }
    if (result.divergences.length > 0) process.exitCode = 1;
  });
}

function withActor(name: string, look: (actor: ActorId, ports: Looking) => Promise<void>): Promise<void> {
  return looking(async (ports) => {
    const parsed = actorId.safeParse(name);
    if (!parsed.success || ports.registry.find(parsed.data) === undefined) {
      throw new Error(
        `${name} names no actor: it must be <kind>:<id>, with a kind of ${ports.registry.kinds.map((kind) => kind.name).join(', ')}`,
      );
    }
    await look(parsed.data, ports);
  });
}
