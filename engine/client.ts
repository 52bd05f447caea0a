/**
 * What edges may do with actors: tell them something durably, ask for a decision, look at what was decided. Nobody here acts on an actor.
 *
 * C1  A message that was told is in its mailbox, or a fault says why not; telling it again under the same id is safe.
 * C2  An answer and a state are what the owner decided: the chain proves it, and `asOf` says up to where.
 */
import type { Kind } from './actor.ts';
import { createAsks } from './asks.ts';
import type { Answer, AskLimits } from './asks.ts';
import { Fault } from './fault.ts';
import type { Folded } from './fold.ts';
import type { Layout } from './layout.ts';
import type { ActorId, Addressed, EntryId } from './message.ts';
import type { Hints, Ledger, Mailboxes, Sent, Snapshots, System } from './ports.ts';
import { createPostings } from './postings.ts';
import type { PostingsLimits, ReadPostings } from './postings.ts';
import { createReader } from './reader.ts';
import type { Reader, ReaderLimits } from './reader.ts';
import type { Registry } from './registry.ts';

export interface ClientLimits extends AskLimits, ReaderLimits, PostingsLimits {
  /** Uncommitted entries of an actor at which edges are turned away. */
  readonly mailboxEntries: number;
}

export const CLIENT_LIMITS: ClientLimits = {
  mailboxEntries: 1_000,
  askTimeoutMs: 2_000,
  askPollMs: 100,
  foldedEnvelopes: 2_000,
  actorsPerRead: 500,
  postingsPerAnswer: 500,
  ledgerPages: 500,
};

export interface ClientOptions {
  readonly registry: Registry;
  readonly layout: Pick<Layout, 'shardOf'>;
  readonly mailboxes: Pick<Mailboxes, 'send' | 'read'>;
  readonly snapshots: Pick<Snapshots, 'find'>;
  readonly ledger: Pick<Ledger, 'find'>;
  readonly hints: Hints;
  readonly system: System;
  /** Told of actors that were just written to; true where their owner is in this process and was woken. */
  readonly told?: (actor: ActorId) => boolean;
  readonly limits?: Partial<ClientLimits>;
}

/** What a read needs of a kind. */
export type KindOf<S> = Pick<Kind<S>, 'name' | 'state'>;

export interface Client {
  /** Writes messages into mailboxes; their entries, in order. Throws `mailbox_full` or `overloaded` when one could not be written. */
  tell(messages: readonly Addressed[]): Promise<EntryId[]>;
  /** Sends a command and waits for its decision. Throws also `outcome_unknown` (repeat it with the same id) and `actor_parked`. */
  ask(command: Addressed): Promise<Answer>;
  /** The committed state; null while the actor has committed nothing. */
  read<S>(kind: KindOf<S>, id: string): Promise<Folded<S> | null>;
  readMany<S>(kind: KindOf<S>, ids: readonly string[]): Promise<(Folded<S> | null)[]>;
  /** Newest first; throws `bad_cursor`. */
  postings: ReadPostings;
  /** Calls back when the actor may have moved (a hint: it may be missing); returns the way to stop it. */
  watch(actor: ActorId, listener: () => void): () => void;
  close(): void;
}

export function createClient(options: ClientOptions): Client {
  const limits: ClientLimits = { ...CLIENT_LIMITS, ...options.limits };
  const { hints, system } = options;
  const reader = createReader({ ...options, pause: () => system.yield() }, limits);
  const asks = createAsks({ reader, hints, system, limits });
  const watchers = createWatchers(hints);
  const tell = createTell(options, limits.mailboxEntries);
  const tellOne = async (message: Addressed): Promise<EntryId> => {
    const [entry] = await tell([message]);
    if (entry === undefined) throw new Error('a message was told without an entry');
    return entry;
  };
  return {
    tell,
    ask: (command) => asks.ask(command, () => tellOne(command), system.monotonicMs() + limits.askTimeoutMs),
    async read<S>(kind: KindOf<S>, id: string) {
      const [folded = null] = await readAll(reader, kind, [id]);
      return folded;
    },
    readMany: (kind, ids) => readAll(reader, kind, ids),
    postings: createPostings({ reader, ledger: options.ledger, limits }),
    watch: watchers.watch,
    close() {
      watchers.close();
      asks.close();
    },
  };
}

function createTell({ mailboxes, layout, hints, told = () => false }: ClientOptions, cap: number): Client['tell'] {
  return async (messages) => {
    const sent = await mailboxes.send(messages, cap);
    const written = messages.filter((_message, index) => sent[index]?.sent === true);
    const elsewhere = written.filter(({ to }) => !told(to));
    if (elsewhere.length > 0) hints.work([...new Set(elsewhere.map(({ to }) => layout.shardOf(to)))]);
    return sent.map(entryOf);
  };
}

function entryOf(sent: Sent): EntryId {
  if (sent.sent) return sent.entry;
  if (sent.why === 'full') throw new Fault({ code: 'mailbox_full', retry: 'later' });
  throw new Fault({ code: 'overloaded', retry: 'later', message: 'Redis is near its memory limit' });
}

async function readAll<S>(reader: Reader, kind: KindOf<S>, ids: readonly string[]): Promise<(Folded<S> | null)[]> {
  const results = await reader.look(ids.map((id) => ({ actor: `${kind.name}:${id}` as const })));
  return results.map((result) => {
    if (!result.ok) throw result.fault;
    // The registry's kind of that name made this state, by initial, decide or schema: its type is the kind's.
    return result.folded as Folded<S> | null;
  });
}

/** One subscription for all watched actors. */
function createWatchers(hints: Hints): { watch: Client['watch']; close: () => void } {
  const listeners = new Map<ActorId, Set<() => void>>();
  const unsubscribe = hints.onCommitted((actors) => {
    for (const actor of actors) for (const listener of listeners.get(actor) ?? []) listener();
  });
  return {
    watch(actor, listener) {
      const own = (): void => listener();
      const others = listeners.get(actor);
      if (others === undefined) listeners.set(actor, new Set([own]));
      else others.add(own);
      return () => {
        const set = listeners.get(actor);
        set?.delete(own);
        if (set?.size === 0) listeners.delete(actor);
      };
    },
    close: unsubscribe,
  };
}
