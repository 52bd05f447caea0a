/** What people may want to know of one actor. Read only; nothing here acts. */
import type { Row } from './actor.ts';
import { decideEntry } from './envelope.ts';
import type { Envelope } from './envelope.ts';
import type { Fault } from './fault.ts';
import { foldActors, unfolded } from './fold.ts';
import type { FoldPorts, FoldResult } from './fold.ts';
import type { Layout } from './layout.ts';
import { beginning, compareEntries, toCanonicalJson } from './message.ts';
import type { ActorId, Addressed, EntryId, StoredEntry } from './message.ts';
import type { Operations } from './operations.ts';
import type { Head, Leases, Mailboxes, ParkedActor, ReadResult, Shard, Tip } from './ports.ts';
import { parkedAt } from './skip.ts';

const ENTRIES_SHOWN = 20;

export interface InspectPorts extends FoldPorts {
  readonly layout: Pick<Layout, 'shardOf'>;
  readonly mailboxes: Pick<Mailboxes, 'read'>;
  readonly operations: Pick<Operations, 'parked'>;
  readonly leases: Pick<Leases, 'owners'>;
}

export interface ActorFacts {
  readonly actor: ActorId;
  readonly shard: Shard;
  readonly owner: string | null;
  /** Null: nothing is committed. */
  readonly tip: Tip | null;
  /** Null: nothing is committed, or `fault` says why it cannot be folded. */
  readonly envelope: Envelope | null;
  /** Canonical JSON of the state: what a snapshot of it weighs. */
  readonly stateBytes: number;
  readonly fault: Fault | null;
  readonly parked: ParkedActor | null;
  /** Uncommitted entries, and the first of them. */
  readonly lag: number;
  readonly waiting: readonly StoredEntry[];
  /** The newest committed entries that are still in the mailbox. */
  readonly entries: readonly StoredEntry[];
}

export async function inspect(actor: ActorId, ports: InspectPorts): Promise<ActorFacts> {
  const shard = ports.layout.shardOf(actor);
  const [[read], [result], owners, parked] = await Promise.all([
    ports.mailboxes.read([{ actor, after: beginning() }]), // also what the snapshot covers: entries stay for people to look at
    foldActors([{ actor, known: null }], ports),
    ports.leases.owners([shard]),
    parkedAt(actor, ports),
  ]);
  if (read === undefined || result === undefined) throw new Error('a read without a result');
  return { actor, shard, owner: owners.get(shard)?.owner ?? null, parked, ...folding(result), ...mailbox(read) };
}

function folding(result: FoldResult): Pick<ActorFacts, 'envelope' | 'stateBytes' | 'fault'> {
  if (!result.ok) return { envelope: null, stateBytes: 0, fault: result.fault };
  const envelope = result.folded?.envelope ?? null;
  return { envelope, stateBytes: envelope === null ? 0 : Buffer.byteLength(toCanonicalJson(envelope.state)), fault: null };
}

function mailbox({ tip, entries }: ReadResult): Pick<ActorFacts, 'tip' | 'lag' | 'waiting' | 'entries'> {
  const isCommitted = ({ entry }: StoredEntry): boolean => tip !== null && compareEntries(entry, tip.last) <= 0;
  const waiting = entries.filter((entry) => !isCommitted(entry));
  const committed = entries.filter(isCommitted).slice(-ENTRIES_SHOWN);
  return { tip, lag: waiting.length, waiting: waiting.slice(0, ENTRIES_SHOWN), entries: committed };
}

/** One entry, decided again. Beyond the tip it shows what *would* be decided, by the rules that are here. */
export interface Step {
  readonly entry: StoredEntry;
  readonly committed: boolean;
  /** `accepted`, `repeated`, the refusal, or `threw` (a poison entry: the replay ends). */
  readonly code: string;
  readonly answer: unknown;
  readonly rows: readonly Row[];
  readonly sends: readonly Addressed[];
  readonly head: Head;
  readonly state: unknown;
  readonly error: string | null;
}

export interface Replay {
  /** Where it begins: the named snapshot, or nothing. */
  readonly from: Envelope;
  readonly tip: Tip | null;
  readonly steps: readonly Step[];
  /** Whether the chain at the tip is the tip's; null when the replay did not get there. */
  readonly proven: boolean | null;
}

/** Decides again what no snapshot covers, up to `to` (default: the tip). Throws when there is no start to replay from. */
export async function replay(actor: ActorId, ports: FoldPorts, { to }: { readonly to?: EntryId } = {}): Promise<Replay> {
  const { kind, from, tip, entries } = await unfolded(actor, ports);
  const last = to ?? tip?.last ?? from.head.last;
  const steps: Step[] = [];
  let envelope = from;
  for (const entry of entries.filter((one) => compareEntries(one.entry, last) <= 0)) {
    const committed = tip !== null && compareEntries(entry.entry, tip.last) <= 0;
    try {
      const outcome = decideEntry(kind, envelope, entry);
      envelope = outcome.envelope;
      const { code, answer, rows, sends } = outcome;
      steps.push({ entry, committed, code, answer, rows, sends, head: envelope.head, state: envelope.state, error: null });
    } catch (error) {
      const { head, state } = envelope;
      steps.push({ entry, committed, code: 'threw', answer: null, rows: [], sends: [], head, state, error: String(error) });
      break;
    }
  }
  return { from, tip, steps, proven: provenAt(tip, [from.head, ...steps.map(({ head }) => head)]) };
}

function provenAt(tip: Tip | null, heads: readonly Head[]): boolean | null {
  const there = heads.find(({ last }) => last === tip?.last);
  return there === undefined ? null : there.chain === tip?.chain;
}
