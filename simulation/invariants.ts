/**
 * The invariants of the design, checked while a history runs and when it has come to rest. What breaks one is thrown as `Broken`.
 *
 * V1  The archive keeps every committed entry of every actor, as the mailbox had it at the commit: the history that is to be proven.
 * V2  Each is decided here once more, from the actor's first entry on and with nothing that a process has in memory.
 */
import { KINDS } from '../actors/kinds.ts';
import { audit } from '../engine/audit.ts';
import { decideEntry, freshEnvelope, snapshotName } from '../engine/envelope.ts';
import type { Envelope, Outcome } from '../engine/envelope.ts';
import { beginning, compareEntries } from '../engine/message.ts';
import type { ActorId, EntryId, StoredEntry } from '../engine/message.ts';
import type { ActorCommit, Mailboxes, Outbox, ShardCommit, Snapshots } from '../engine/ports.ts';
import { createRegistry } from '../engine/registry.ts';
import { snapshotId } from '../engine/snapshot-codec.ts';
import type { SurveyPorts } from '../engine/survey.ts';
import type { MemoryPorts } from '../mocks/memory/ports.ts';
import { entriesAfter, headOf, storeOf } from '../mocks/memory/store.ts';
import type { ShardStore } from '../mocks/memory/store.ts';
import { provePosition } from '../proof/position.ts';

const STATE_BYTES_MAX = 256 * 1024;
const registry = createRegistry(KINDS);

export class Broken extends Error {
  readonly invariant: string;
  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

export interface Archive {
  readonly entries: Map<ActorId, StoredEntry[]>;
  /** What all of them come to (V2). */
  readonly decided: Map<ActorId, Envelope>;
  /** Messages that commits sent. */
  readonly sent: Set<string>;
  /** Where commits have ended: the only states that snapshots may be of. */
  readonly heads: Set<string>;
  /** Committed so far. */
  count(): number;
  /** Goes back with a server that lost its tail. */
  checkpoint(): () => void;
}

export function createArchive(): Archive {
  const entries = new Map<ActorId, StoredEntry[]>();
  const decided = new Map<ActorId, Envelope>();
  return {
    entries,
    decided,
    sent: new Set(),
    heads: new Set(),
    count: () => [...entries.values()].reduce((sum, all) => sum + all.length, 0),
    checkpoint() {
      const lengths = new Map([...entries].map(([actor, all]) => [actor, all.length]));
      const envelopes = [...decided];
      return () => {
        decided.clear();
        for (const [actor, envelope] of envelopes) decided.set(actor, envelope);
        for (const [actor, all] of entries) all.length = lengths.get(actor) ?? 0;
      };
    },
  };
}

/** The ports, with a look at every commit, trim and snapshot. `broken` is called for each violation. */
export function watched(ports: MemoryPorts, archive: Archive, broken: (error: Broken) => void): MemoryPorts {
  const { mailboxes, snapshots, outbox } = ports;
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      broken(error instanceof Broken ? error : new Broken('check', String(error)));
    }
  };
  const commit: Mailboxes['commit'] = async (commits) => {
    const results = await mailboxes.commit(commits);
    commits.forEach((one, index) => {
      if (results[index]?.result === 'applied') guarded(() => checkCommit(ports, archive, one));
    });
    return results;
  };
  const send: Mailboxes['send'] = (messages, cap) => {
    guarded(() => {
      for (const { from, type } of messages)
        if (registry.find(from as ActorId) !== undefined) throw new Broken('I2', `${type} of ${from} is sent without a commit`);
    });
    return mailboxes.send(messages, cap);
  };
  const trim: Mailboxes['trim'] = (lease, names) => {
    const before = names.map(({ actor }) => storeOf(ports.store, actor).mailboxes.get(actor)?.entries ?? []);
    const named = mailboxes.trim(lease, names); // in memory it is done when it gives back its promise
    guarded(() => {
      for (const [index, { actor }] of names.entries())
        checkNamed(ports, actor, [...(archive.entries.get(actor) ?? []), ...(before[index] ?? [])]);
    });
    return named;
  };
  const deliver: Outbox['deliver'] = (delivery) => {
    guarded(() => {
      for (const { to, id } of delivery.entries)
        if (!archive.sent.has(`${to} ${id}`)) throw new Broken('I2', `${id} to ${to} is delivered, and no commit sent it`);
    });
    return outbox?.deliver(delivery) ?? Promise.resolve();
  };
  const insert: Snapshots['insert'] = (documents) => {
    guarded(() => {
      for (const { id } of documents) if (!archive.heads.has(id)) throw new Broken('I6', `${id} is written and was never committed`);
    });
    return snapshots.insert(documents);
  };
  return {
    ...{ ...ports, mailboxes: { ...mailboxes, send, commit, trim }, snapshots: { ...snapshots, insert } },
    ...(outbox === undefined ? {} : { outbox: { ...outbox, deliver } }),
  };
}

function checkCommit(ports: MemoryPorts, archive: Archive, commit: ShardCommit): void {
  const { actors, totals, deliveries } = commit;
  checkOutgoing(
    commit,
    actors.flatMap((one) => checkMove(ports, archive, one)),
  );
  for (const { to, id } of deliveries) archive.sent.add(`${to} ${id}`);
  for (const actor of [...actors.map((one) => one.actor), ...deliveries.map(({ to }) => to)])
    checkReady(storeOf(ports.store, actor), actor);
  const sums = new Map<string, bigint>();
  for (const [account, amount] of totals) {
    const currency = account.slice(account.lastIndexOf(':') + 1);
    sums.set(currency, (sums.get(currency) ?? 0n) + amount);
  }
  for (const [currency, sum] of sums) if (sum !== 0n) throw new Broken('I7', `a commit's rows sum up to ${String(sum)} ${currency}`);
}

/** I2: a commit brings what its entries' decisions say, and nothing else. */
function checkOutgoing({ actors, deliveries, effects, timers, totals }: ShardCommit, outcomes: readonly Outcome[]): void {
  const sums = new Map<string, bigint>();
  for (const { account, currency, amount } of outcomes.flatMap(({ rows }) => rows)) {
    const key = `${account}:${currency}`;
    sums.set(key, (sums.get(key) ?? 0n) + amount);
  }
  const brought = { deliveries, effects, timers, totals: [...totals] };
  const decided = {
    deliveries: outcomes.flatMap(({ sends }) => sends),
    effects: outcomes.flatMap((outcome) => outcome.effects),
    timers: outcomes.flatMap((outcome) => outcome.timers),
    totals: [...sums],
  };
  for (const what of ['deliveries', 'effects', 'timers', 'totals'] as const) {
    const [found, wanted] = [textOf(brought[what]), textOf(decided[what])];
    if (found !== wanted)
      throw new Broken('I2', `${actors.map(({ actor }) => actor).join(', ')}: committed ${what} ${found}, decided ${wanted}`);
  }
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
}

/** I1: each entry once, in order. I5: ids grow, tips never go back. I6: the tip is where its entries lead. What they lead to is given back (V2). */
function checkMove({ store }: MemoryPorts, archive: Archive, { actor, expected, next }: ActorCommit): Outcome[] {
  const known = archive.entries.get(actor) ?? [];
  if (expected.n !== known.length)
    throw new Broken('I1', `${actor}: committed from entry ${String(expected.n)}, known are ${String(known.length)}`);
  const shard = storeOf(store, actor);
  const entries = entriesAfter(shard, actor, expected.last).filter(({ entry }) => compareEntries(entry, next.last) <= 0);
  const decided = next.n - expected.n;
  if (entries.length !== decided) {
    throw new Broken(
      'I1',
      `${actor}: ${String(decided)} entries decided, ${String(entries.length)} lie between ${expected.last} and ${next.last}`,
    );
  }
  checkOrder(actor, known, entries);
  if (headOf(shard.tips.get(actor)).n !== next.n) throw new Broken('I5', `${actor}: the tip did not move to ${next.last}`);
  archive.entries.set(actor, [...known, ...entries]);
  archive.heads.add(snapshotId(actor, snapshotName(next)));
  return decideAnew(archive, { actor, next }, entries);
}

function checkOrder(actor: ActorId, known: readonly StoredEntry[], entries: readonly StoredEntry[]): void {
  const last = known.at(-1)?.entry ?? beginning();
  for (const { entry } of entries) if (compareEntries(entry, last) <= 0) throw new Broken('I5', `${actor}: ${entry} is not after ${last}`);
  for (const { id, from } of entries) {
    if (from === 'timer' && known.some((one) => one.id === id)) throw new Broken('I1', `${actor}: the timer ${id} fired twice`);
  }
}

/** Goes on from what was decided here before: nobody else writes to that. */
function decideAnew(archive: Archive, { actor, next }: Pick<ActorCommit, 'actor' | 'next'>, entries: readonly StoredEntry[]): Outcome[] {
  const kind = registry.kindOf(actor);
  let envelope = archive.decided.get(actor) ?? freshEnvelope(kind, actor);
  const outcomes = entries.map((stored) => {
    const outcome = decideEntry(kind, envelope, stored);
    ({ envelope } = outcome);
    return outcome;
  });
  const { chain } = envelope.head;
  if (chain !== next.chain) throw new Broken('I6', `${actor}: committed ${next.chain} at ${next.last}, decided anew it is ${chain}`);
  archive.decided.set(actor, envelope);
  return outcomes;
}

/** I3: what a tip names was acknowledged, and none of these entries that lie after it is gone. */
function checkNamed({ store, mongo }: MemoryPorts, actor: ActorId, entries: readonly StoredEntry[]): void {
  const shard = storeOf(store, actor);
  const named = shard.tips.get(actor)?.snapshot ?? null;
  if (named === null) return;
  if (!mongo.snapshots.has(`${actor}@${named}`)) throw new Broken('I3', `${actor}: the tip names ${named}, which was never written`);
  const last = named.slice(0, named.indexOf('~')) as EntryId;
  const kept = new Set(entriesAfter(shard, actor, last).map(({ entry }) => entry));
  const lost = entries.find(({ entry }) => compareEntries(entry, last) > 0 && !kept.has(entry));
  if (lost !== undefined) throw new Broken('I3', `${actor}: ${lost.entry} is gone, and the tip names ${named}`);
}

/** I4 for all actors: for now and then. */
export function checkStore({ store }: MemoryPorts): void {
  for (const shard of store.shards.values()) for (const actor of shard.mailboxes.keys()) checkReady(shard, actor);
}

/** I4 */
function checkReady(shard: ShardStore, actor: ActorId): void {
  const waits = entriesAfter(shard, actor, headOf(shard.tips.get(actor)).last).length > 0;
  const [ready, parked] = [shard.ready.has(actor), shard.parked.has(actor)];
  if (ready && parked) throw new Broken('I4', `${actor} is ready and parked`);
  if (waits && !ready && !parked) throw new Broken('I4', `${actor} has entries and is neither ready nor parked`);
}

/** Everything that can be said at rest: I4, I6 from the first entry on, I7 with the independent figures, I9. */
export async function checkAtRest(ports: MemoryPorts, archive: Archive, survey: SurveyPorts): Promise<void> {
  checkStore(ports);
  checkHistory(ports, archive);
  const { divergences } = await audit(survey);
  if (divergences.length > 0) throw new Broken('I6', textOf(divergences[0]));
  const position = await provePosition(survey);
  for (const [currency, sum] of position.identity)
    if (sum !== 0n) throw new Broken('I7', `the totals sum up to ${String(sum)} ${currency}`);
  for (const [currency, difference] of position.differences) {
    if (difference !== 0n) throw new Broken('I7', `the ledger is ${String(difference)} ${currency} off the independent figures`);
  }
}

/** I6: decided again from the first entry on (V2), each actor comes to where its tip is. */
function checkHistory({ store }: MemoryPorts, archive: Archive): void {
  for (const [actor, envelope] of archive.decided) {
    const head = headOf(storeOf(store, actor).tips.get(actor));
    if (head.chain !== envelope.head.chain)
      throw new Broken('I6', `${actor}: the tip says ${head.chain} at ${head.last}, its history ${envelope.head.chain}`);
    const bytes = textOf(envelope.state).length;
    if (bytes > STATE_BYTES_MAX) throw new Broken('I9', `${actor}: a state of ${String(bytes)} bytes`);
  }
}
