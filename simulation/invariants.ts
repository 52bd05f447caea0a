/**
 * The invariants of the design, checked while a history runs and when it has come to rest. What breaks one is thrown as `Broken`.
 *
 * V1  The archive keeps every committed entry of every actor, as the mailbox had it at the commit: the history that is to be proven.
 */
import { KINDS } from '../actors/kinds.ts';
import { audit } from '../engine/audit.ts';
import { decideEntry, freshEnvelope, snapshotName } from '../engine/envelope.ts';
import { beginning, compareEntries } from '../engine/message.ts';
import type { ActorId, StoredEntry } from '../engine/message.ts';
import type { ActorCommit, Mailboxes, NameSnapshot, ShardCommit, Snapshots } from '../engine/ports.ts';
import { createRegistry } from '../engine/registry.ts';
import { snapshotId } from '../engine/snapshot-codec.ts';
import type { SurveyPorts } from '../engine/survey.ts';
import type { MemoryPorts } from '../mocks/memory/ports.ts';
import { entriesAfter, headOf, storeOf } from '../mocks/memory/store.ts';
import { provePosition } from '../proof/position.ts';

const STATE_BYTES_MAX = 256 * 1024;

export class Broken extends Error {
  readonly invariant: string;
  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

export interface Archive {
  readonly entries: Map<ActorId, StoredEntry[]>;
  /** Where commits have ended: the only states that snapshots may be of. */
  readonly heads: Set<string>;
  /** Committed so far. */
  count(): number;
  /** Goes back with a server that lost its tail. */
  checkpoint(): () => void;
}

export function createArchive(): Archive {
  const entries = new Map<ActorId, StoredEntry[]>();
  return {
    entries,
    heads: new Set(),
    count: () => [...entries.values()].reduce((sum, all) => sum + all.length, 0),
    checkpoint() {
      const lengths = new Map([...entries].map(([actor, all]) => [actor, all.length]));
      return () => {
        for (const [actor, all] of entries) all.length = lengths.get(actor) ?? 0;
      };
    },
  };
}

/** The ports, with a look at every commit, trim and snapshot. `broken` is called for each violation. */
export function watched(ports: MemoryPorts, archive: Archive, broken: (error: Broken) => void): MemoryPorts {
  const { mailboxes, snapshots } = ports;
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
  const trim: Mailboxes['trim'] = async (lease, names) => {
    const named = await mailboxes.trim(lease, names);
    guarded(() => {
      for (const name of names) checkNamed(ports, name);
    });
    return named;
  };
  const insert: Snapshots['insert'] = (documents) => {
    guarded(() => {
      for (const { id } of documents) if (!archive.heads.has(id)) throw new Broken('I6', `${id} is written and was never committed`);
    });
    return snapshots.insert(documents);
  };
  return { ...ports, mailboxes: { ...mailboxes, commit, trim }, snapshots: { ...snapshots, insert } };
}

function checkCommit(ports: MemoryPorts, archive: Archive, { actors, totals }: ShardCommit): void {
  for (const commit of actors) checkMove(ports, archive, commit);
  const sums = new Map<string, bigint>();
  for (const [account, amount] of totals) {
    const currency = account.slice(account.lastIndexOf(':') + 1);
    sums.set(currency, (sums.get(currency) ?? 0n) + amount);
  }
  for (const [currency, sum] of sums) if (sum !== 0n) throw new Broken('I7', `a commit's rows sum up to ${String(sum)} ${currency}`);
}

/** I1: each entry once, in order. I5: ids grow, tips never go back. */
function checkMove({ store }: MemoryPorts, archive: Archive, { actor, expected, next }: ActorCommit): void {
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
  const last = known.at(-1)?.entry ?? beginning();
  for (const { entry } of entries) if (compareEntries(entry, last) <= 0) throw new Broken('I5', `${actor}: ${entry} is not after ${last}`);
  for (const { id, from } of entries) {
    if (from === 'timer' && known.some((one) => one.id === id)) throw new Broken('I1', `${actor}: the timer ${id} fired twice`);
  }
  if (headOf(shard.tips.get(actor)).n !== next.n) throw new Broken('I5', `${actor}: the tip did not move to ${next.last}`);
  archive.entries.set(actor, [...known, ...entries]);
  archive.heads.add(snapshotId(actor, snapshotName(next)));
}

/** I3: what a tip names was acknowledged. */
function checkNamed({ store, mongo }: MemoryPorts, { actor }: NameSnapshot): void {
  const named = storeOf(store, actor).tips.get(actor)?.snapshot ?? null;
  if (named !== null && !mongo.snapshots.has(`${actor}@${named}`))
    throw new Broken('I3', `${actor}: the tip names ${named}, which was never written`);
}

/** I4, and that nothing after the named snapshot is gone (I3). Walks all actors: for now and then. */
export function checkStore({ store }: MemoryPorts): void {
  for (const shard of store.shards.values()) {
    for (const [actor, mailbox] of shard.mailboxes) {
      const { last } = headOf(shard.tips.get(actor));
      const waits = mailbox.entries.some(({ entry }) => compareEntries(entry, last) > 0);
      const [ready, parked] = [shard.ready.has(actor), shard.parked.has(actor)];
      if (ready && parked) throw new Broken('I4', `${actor} is ready and parked`);
      if (waits && !ready && !parked) throw new Broken('I4', `${actor} has entries and is neither ready nor parked`);
    }
  }
}

/** Everything that can be said at rest: I4, I6 from the first entry on, I7 with the independent figures, I9. */
export async function checkAtRest(ports: MemoryPorts, archive: Archive, survey: SurveyPorts): Promise<void> {
  checkStore(ports);
  checkHistory(ports, archive);
  const { divergences } = await audit(survey);
  if (divergences.length > 0)
    throw new Broken(
      'I6',
      JSON.stringify(divergences[0], (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    );
  const position = await provePosition(survey);
  for (const [currency, sum] of position.identity)
    if (sum !== 0n) throw new Broken('I7', `the totals sum up to ${String(sum)} ${currency}`);
  for (const [currency, difference] of position.differences) {
    if (difference !== 0n) throw new Broken('I7', `the ledger is ${String(difference)} ${currency} off the independent figures`);
  }
}

const registry = createRegistry(KINDS);

/** I6: decided again from the first entry on, each actor comes to where its tip is. */
function checkHistory({ store }: MemoryPorts, archive: Archive): void {
  for (const [actor, entries] of archive.entries) {
    const kind = registry.kindOf(actor);
    let envelope = freshEnvelope(kind, actor);
    for (const stored of entries) envelope = decideEntry(kind, envelope, stored).envelope;
    const head = headOf(storeOf(store, actor).tips.get(actor));
    if (head.chain !== envelope.head.chain)
      throw new Broken('I6', `${actor}: the tip says ${head.chain} at ${head.last}, its history ${envelope.head.chain}`);
    const bytes = JSON.stringify(envelope.state, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)).length;
    if (bytes > STATE_BYTES_MAX) throw new Broken('I9', `${actor}: a state of ${String(bytes)} bytes`);
  }
}
