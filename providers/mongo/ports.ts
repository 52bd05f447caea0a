/** The long memory on MongoDB: snapshots, ledger, directory, and whose database it is. */
import type { Db } from 'mongodb';
import { z } from 'zod';
import type { Directory, Journal, Ledger, LedgerPage, Snapshots } from '../../engine/ports.ts';
import { journalIdAt } from '../../engine/journal.ts';
import { attempt, connect, databaseOf } from './connection.ts';
import type { MongoOptions } from './connection.ts';
import { createDirectory } from './directory.ts';
import type { DirectoryDocument } from './directory.ts';
import { documentsAfter, findDocuments, insertOnce, removeDocuments } from './write-once.ts';
import type { StoredDocument } from './write-once.ts';

/** Names the installation that Redis and MongoDB belong to together. */
export interface Installation {
  read(): Promise<string | null>;
  /** Writes it once; rejects when another one is there. */
  write(uuid: string): Promise<void>;
}

export interface MongoPorts {
  readonly snapshots: Snapshots;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly directory: Directory;
  readonly installation: Installation;
  /** Milliseconds that the answer took; rejects when MongoDB is away. */
  ping(): Promise<number>;
  close(): Promise<void>;
}

interface MetaDocument {
  readonly _id: string;
  readonly uuid: string;
}

const INSTALLATION = 'installation';
const meta = z.object({ uuid: z.string() });

/** Connects on the first call, so that a process starts while MongoDB is away. */
export function createMongoPorts({ url, database, client = connect(url) }: MongoOptions): MongoPorts {
  const db = databaseOf(client, database);
  return {
    snapshots: snapshotsIn(db),
    ledger: ledgerIn(db),
    journal: journalIn(db),
    directory: createDirectory(db.collection<DirectoryDocument>('directory')),
    installation: installationIn(db),
    async ping() {
      const began = performance.now();
      await attempt(() => db.command({ ping: 1 }));
      return performance.now() - began;
    },
    close: () => client.close(),
  };
}

function snapshotsIn(db: Db): Snapshots {
  const collection = db.collection<StoredDocument>('snapshots');
  return {
    async insert(documents) {
      return {
        conflicts: await insertOnce(
          collection,
          documents.map(({ id, bytes }) => ({ _id: id, bytes })),
        ),
      };
    },
    names: async (after, limit) => (await documentsAfter(collection, { after, limit, namesOnly: true })).map(({ _id }) => _id),
    async find(ids) {
      const found = await findDocuments(collection, ids);
      return new Map([...found].map(([id, { bytes }]) => [id, bytes]));
    },
    remove: (ids) => removeDocuments(collection, ids),
  };
}

function ledgerIn(db: Db): Ledger {
  const collection = db.collection<StoredDocument>('ledger');
  return {
    async insert(pages) {
      return {
        conflicts: await insertOnce(
          collection,
          pages.map(({ id, previous, bytes }) => ({ _id: id, previous, bytes })),
        ),
      };
    },
    async find(ids) {
      const found = await findDocuments(collection, ids);
      return new Map([...found].map(([id, { bytes, previous = null }]): [string, LedgerPage] => [id, { id, previous, bytes }]));
    },
  };
}

/** Its ids begin with the time, so that age needs no index of its own. */
function journalIn(db: Db): Journal {
  const collection = db.collection<StoredDocument>('journal');
  return {
    async insert(documents) {
      const conflicts = await insertOnce(
        collection,
        documents.map(({ id, bytes }) => ({ _id: id, bytes })),
      );
      if (conflicts.length > 0) throw new Error(`the journal holds other bytes for ${conflicts.join(', ')}`);
    },
    async list(after, limit) {
      const found = await documentsAfter(collection, { after, limit, namesOnly: false });
      return found.map(({ _id, bytes }) => ({ id: _id, bytes }));
    },
    async removeBefore(ms) {
      await attempt(() => collection.deleteMany({ _id: { $lt: journalIdAt(ms) } }));
    },
  };
}

function installationIn(db: Db): Installation {
  const collection = db.collection<MetaDocument>('meta');
  const read = async (): Promise<string | null> => {
    const found = await attempt(() => collection.findOne({ _id: INSTALLATION }));
    return found === null ? null : meta.parse(found).uuid;
  };
  return {
    read,
    async write(uuid) {
      await attempt(() => collection.updateOne({ _id: INSTALLATION }, { $setOnInsert: { uuid } }, { upsert: true }));
      const written = await read();
      if (written !== uuid) throw new Error(`this MongoDB belongs to the installation ${String(written)}`);
    },
  };
}
