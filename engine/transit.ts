/**
 * What the journal knows of messages between actors, against the snapshots that a restore takes: sent and not heard is in transit, heard and
 * not sent was ahead.
 *
 * X1  A span counts when it leads, head by head, to the snapshot that is taken (J2). Of two that lead to one head (a takeover began anew at an
 *     older snapshot) the longer one counts, so that nothing is counted twice.
 * X2  A message is named by receiver and id. The same name sent twice is two messages, heard in their order.
 * X3  Only what is open stays in memory: what was both sent and heard is forgotten as it is read.
 */
import { snapshotName } from './envelope.ts';
import { decodeJournal } from './journal.ts';
import { msOf } from './message.ts';
import type { ActorId, Addressed, EntryId } from './message.ts';
import type { HeardMessage, Journal, JournalSpan } from './ports.ts';

/** How far a writer was, for the words about what may be missing. */
export interface Mark {
  readonly at: number;
  readonly lagMs: number;
}

/** The journal's heads, without its messages. */
export interface Links {
  /** Actor -> head -> where the longest span that leads there begins. */
  readonly before: ReadonlyMap<ActorId, ReadonlyMap<string, Beginning>>;
  /** `<role> <writer>` -> its last word. */
  readonly marks: ReadonlyMap<string, Mark>;
}

interface Beginning {
  readonly name: string;
  readonly n: number;
}

/** The snapshot that a restore takes of an actor. */
export interface Taken {
  readonly name: string;
  readonly last: EntryId;
}

export interface Ahead extends HeardMessage {
  readonly actor: ActorId;
}

export interface Transit {
  readonly sent: readonly Addressed[];
  readonly ahead: readonly Ahead[];
}

const DOCUMENTS_PER_PAGE = 20;

export async function readLinks(journal: Pick<Journal, 'list'>, roleOf: (actor: ActorId) => string | null): Promise<Links> {
  const before = new Map<ActorId, Map<string, Beginning>>();
  const marks = new Map<string, Mark>();
  for await (const { writer, at, lagMs, spans } of pagesOf(journal)) {
    for (const { actor, from, to } of spans) {
      const heads = before.get(actor) ?? new Map<string, Beginning>();
      before.set(actor, heads);
      const known = heads.get(snapshotName(to));
      if (known === undefined || from.n < known.n) heads.set(snapshotName(to), { name: snapshotName(from), n: from.n });
      const role = roleOf(actor);
      if (role !== null && lagMs !== null) marks.set(`${role} ${writer}`, { at, lagMs });
    }
  }
  return { before, marks };
}

/** X1: the spans of the actor's history that the journal knows, from the taken head backwards. */
function historyOf(before: ReadonlyMap<string, Beginning>, taken: string): Set<string> {
  const spans = new Set<string>();
  for (let to = taken, from = before.get(to); from !== undefined && !spans.has(nameOf(from.name, to)); from = before.get(to)) {
    spans.add(nameOf(from.name, to));
    to = from.name;
  }
  return spans;
}

function nameOf(from: string, to: string): string {
  return `${from} ${to}`;
}

interface Reading {
  readonly taken: ReadonlyMap<ActorId, Taken>;
  readonly links: Links;
  /** Whether a sender is an actor of ours. */
  readonly isActor: (from: string) => boolean;
}

export async function readTransit(journal: Pick<Journal, 'list'>, { taken, links, isActor }: Reading): Promise<Transit> {
  const histories = new Map<ActorId, Set<string>>();
  for (const [actor, before] of links.before) {
    const head = taken.get(actor);
    if (head !== undefined) histories.set(actor, historyOf(before, head.name));
  }
  const books = createBooks();
  for await (const { spans } of pagesOf(journal)) {
    for (const span of spans) {
      const name = nameOf(snapshotName(span.from), snapshotName(span.to));
      // A span that was written again, because what should follow it failed, counts once.
      if (histories.get(span.actor)?.delete(name) === true) books.take(span);
    }
  }
  return { sent: books.sent(), ahead: books.ahead().filter((one) => isActor(one.from) && isAhead(one, taken)) };
}

/** What a sender did before its snapshot is in its history, if not in the journal any more. */
function isAhead({ from, entry }: Ahead, taken: ReadonlyMap<ActorId, Taken>): boolean {
  const sender = taken.get(from as ActorId);
  return sender === undefined || msOf(sender.last) <= msOf(entry);
}

interface Books {
  take(span: JournalSpan): void;
  sent(): Addressed[];
  ahead(): Ahead[];
}

/** X2, X3 */
function createBooks(): Books {
  const sent = new Map<string, { readonly order: number; readonly message: Addressed }[]>();
  const ahead = new Map<string, Ahead[]>();
  let order = 0;
  return {
    take(span) {
      for (const message of span.sent) {
        const key = keyOf(message.to, message.id);
        order += 1;
        if (!settledBy(ahead, key)) sent.set(key, [...(sent.get(key) ?? []), { order, message }]);
      }
      for (const one of span.heard) {
        const key = keyOf(span.actor, one.id);
        if (!settledBy(sent, key)) ahead.set(key, [...(ahead.get(key) ?? []), { ...one, actor: span.actor }]);
      }
    },
    sent: () =>
      [...sent.values()]
        .flat()
        .sort((a, b) => a.order - b.order)
        .map(({ message }) => message),
    ahead: () => [...ahead.values()].flat(),
  };
}

function settledBy<T>(open: Map<string, T[]>, key: string): boolean {
  const [first, ...rest] = open.get(key) ?? [];
  if (first === undefined) return false;
  if (rest.length === 0) open.delete(key);
  else open.set(key, rest);
  return true;
}

function keyOf(receiver: ActorId, id: string): string {
  return `${receiver} ${id}`;
}

async function* pagesOf(journal: Pick<Journal, 'list'>) {
  for (let after: string | null = null; ;) {
    const documents = await journal.list(after, DOCUMENTS_PER_PAGE);
    for (const document of documents) yield decodeJournal(document);
    const last = documents.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}
