/** Snapshots, ledger and directory in maps; `mongo.away` makes each of them fail as a database that cannot be reached. */
import { Fault } from '../../engine/fault.ts';
import type { ActorId, EntryId } from '../../engine/message.ts';
import { compareEntries } from '../../engine/message.ts';
import type { Directory, DirectoryEntry, Journal, Ledger, LedgerPage, Snapshots } from '../../engine/ports.ts';

export interface MemoryMongo {
  away: boolean;
  readonly snapshots: Map<string, string>;
  readonly pages: Map<string, LedgerPage>;
  readonly directory: Map<ActorId, DirectoryEntry>;
  /** Id -> bytes. */
  readonly journal: Map<string, string>;
}

export function createMemoryMongo(): MemoryMongo {
  return { away: false, snapshots: new Map(), pages: new Map(), directory: new Map(), journal: new Map() };
}

/** Runs as a call to a server would: the failure is a rejection, never a throw. */
function call<T>(mongo: MemoryMongo, work: () => T): Promise<T> {
  if (mongo.away) return Promise.reject(new Fault({ code: 'mongo_away', retry: 'later' }));
  return Promise.resolve(work());
}

/** As MongoDB: a document has 16 MiB at most. */
const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024;

function fitting(bytes: string): string {
  if (Buffer.byteLength(bytes) > DOCUMENT_BYTES_MAX) throw new Error('a document of more than 16 MiB');
  return bytes;
}

/** Inserts what is new; the ids that exist with another value come back. */
function insertInto<T>(
  map: Map<string, T>,
  items: readonly (readonly [string, T])[],
  bytesOf: (item: T) => string,
): { conflicts: string[] } {
  const conflicts: string[] = [];
  for (const [id, item] of items) {
    const existing = map.get(id);
    if (existing === undefined) map.set(id, item);
    else if (bytesOf(existing) !== bytesOf(item)) conflicts.push(id);
  }
  return { conflicts };
}

function pick<T>(map: ReadonlyMap<string, T>, ids: readonly string[]): Map<string, T> {
  const found = new Map<string, T>();
  for (const id of ids) {
    const item = map.get(id);
    if (item !== undefined) found.set(id, item);
  }
  return found;
}

export function createMemorySnapshots(mongo: MemoryMongo): Snapshots {
  return {
    insert: (documents) =>
      call(mongo, () =>
        insertInto(
          mongo.snapshots,
          documents.map(({ id, bytes }) => [id, bytes] as const),
          (bytes) => bytes,
        ),
      ),
    names: (after, limit) =>
      call(mongo, () =>
        [...mongo.snapshots.keys()]
          .filter((id) => after === null || id > after)
          .sort()
          .slice(0, limit),
      ),
    find: (ids) => call(mongo, () => pick(mongo.snapshots, ids)),
    remove: (ids) =>
      call(mongo, () => {
        for (const id of ids) mongo.snapshots.delete(id);
      }),
  };
}

export function createMemoryJournal(mongo: MemoryMongo): Journal {
  return {
    insert: (documents) =>
      call(mongo, () => {
        for (const { id, bytes } of documents) mongo.journal.set(id, fitting(bytes));
      }),
    list: (after, limit) =>
      call(mongo, () => {
        const ids = [...mongo.journal.keys()].filter((id) => after === null || id > after).sort();
        return ids.slice(0, limit).map((id) => ({ id, bytes: mongo.journal.get(id) ?? '' }));
      }),
    removeBefore: (ms) =>
      call(mongo, () => {
        for (const id of mongo.journal.keys()) if (Number(id.slice(0, id.indexOf('/'))) < ms) mongo.journal.delete(id);
      }),
  };
}

export function createMemoryLedger(mongo: MemoryMongo): Ledger {
  return {
    insert: (pages) =>
      call(mongo, () =>
        insertInto(
          mongo.pages,
          pages.map((page) => [page.id, page] as const),
          (page) => page.bytes,
        ),
      ),
    find: (ids) => call(mongo, () => pick(mongo.pages, ids)),
  };
}

export function createMemoryDirectory(mongo: MemoryMongo): Directory {
  return {
    put: (entries) =>
      call(mongo, () => {
        for (const entry of entries) {
          const known = mongo.directory.get(entry.actor);
          if (known === undefined || compareEntries(known.last, entry.last) <= 0) mongo.directory.set(entry.actor, entry);
        }
      }),
    list: (query) => call(mongo, () => list(mongo, query)),
  };
}

/** `before` is the last row of the page before, `<last>@<actor>`, as the real directory has it. */
function list(mongo: MemoryMongo, query: Parameters<Directory['list']>[0]): DirectoryEntry[] {
  const matches = ({ actor, listing }: DirectoryEntry): boolean =>
    actor.startsWith(`${query.kind}:`) && Object.entries(query.where).every(([key, value]) => listing[key] === value);
  const newest = [...mongo.directory.values()].filter(matches).sort(newestFirst);
  const from = query.before === null ? null : placeOf(query.before);
  return newest.filter((entry) => from === null || newestFirst(from, entry) < 0).slice(0, query.limit);
}

type Place = Pick<DirectoryEntry, 'last' | 'actor'>;

function newestFirst(a: Place, b: Place): number {
  return compareEntries(b.last, a.last) || (a.actor < b.actor ? 1 : a.actor > b.actor ? -1 : 0);
}

function placeOf(before: string): Place {
  const at = before.indexOf('@');
  return { last: before.slice(0, at) as EntryId, actor: before.slice(at + 1) as ActorId };
}
