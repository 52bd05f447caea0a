/**
 * A collection whose documents are inserted and never changed: snapshots and ledger pages (§5).
 *
 * W1  An insert of what is there with equal bytes is success: any call may be repeated.
 * W2  An insert of what is there with other bytes changes nothing and is told as a conflict.
 * W3  Success means acknowledged by the majority, also for what was already there: MongoDB waits for the write concern on duplicates too.
 */
import { MongoBulkWriteError } from 'mongodb';
import type { Collection } from 'mongodb';
import { z } from 'zod';
import { attempt, away, chunksOf } from './connection.ts';

export interface StoredDocument {
  readonly _id: string;
  /** Text: a Binary was no faster (2.6 KB, batches of 500, stand-in: 60k against 41k inserts/s warm, 26k against 33k finds/s), and people can read it. */
  readonly bytes: string;
  readonly previous?: string | null;
}

const storedDocument = z.object({ _id: z.string(), bytes: z.string(), previous: z.string().nullable().default(null) });
const storedName = storedDocument.extend({ bytes: z.string().default('') });

const DUPLICATE_KEY = 11_000;
/** A chunk must be done within the socket's timeout: 1,000 snapshots of 8 KB. */
const INSERT = { count: 1_000, size: 8 * 1024 * 1024, sizeOf: (document: StoredDocument) => document.bytes.length };
const IDS = { count: 500, size: Infinity, sizeOf: () => 0 };

/** Inserts; the ids that exist with other bytes come back (W2). */
export async function insertOnce(collection: Collection<StoredDocument>, documents: readonly StoredDocument[]): Promise<string[]> {
  const conflicts: string[] = [];
  for (const chunk of chunksOf(documents, INSERT)) {
    const duplicates = await attempt(() => insertChunk(collection, chunk));
    if (duplicates.length > 0) conflicts.push(...(await differing(collection, duplicates)));
  }
  return conflicts;
}

/** Inserts a chunk; the documents whose ids were taken come back. */
async function insertChunk(collection: Collection<StoredDocument>, chunk: StoredDocument[]): Promise<StoredDocument[]> {
  try {
    await collection.insertMany(chunk, { ordered: false });
    return [];
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    return duplicatesIn(error, chunk);
  }
}

function duplicatesIn(error: MongoBulkWriteError, chunk: readonly StoredDocument[]): StoredDocument[] {
  const errors = [error.writeErrors].flat();
  const unconcerned = error.result.getWriteConcernError() === undefined;
  if (errors.length === 0 || !unconcerned || errors.some(({ code }) => code !== DUPLICATE_KEY)) throw away(error);
  return errors.flatMap(({ index }) => chunk[index] ?? []);
}

/** Two writers of the same name wrote the same bytes, or one of them is wrong. */
async function differing(collection: Collection<StoredDocument>, duplicates: readonly StoredDocument[]): Promise<string[]> {
  const existing = await findDocuments(
    collection,
    duplicates.map((document) => document._id),
  );
  return duplicates.filter((document) => !sameDocument(existing.get(document._id), document)).map((document) => document._id);
}

function sameDocument(a: StoredDocument | undefined, b: StoredDocument): boolean {
  return a !== undefined && a.bytes === b.bytes && (a.previous ?? null) === (b.previous ?? null);
}

export async function findDocuments(collection: Collection<StoredDocument>, ids: readonly string[]): Promise<Map<string, StoredDocument>> {
  const found = new Map<string, StoredDocument>();
  for (const chunk of chunksOf(ids, IDS)) {
    const documents = await attempt(() => collection.find({ _id: { $in: chunk } }).toArray());
    for (const document of documents) found.set(document._id, storedDocument.parse(document));
  }
  return found;
}

/** A page of the collection in the order of its ids; without their bytes when only the names are wanted. */
export async function documentsAfter(
  collection: Collection<StoredDocument>,
  { after, limit, namesOnly }: { readonly after: string | null; readonly limit: number; readonly namesOnly: boolean },
): Promise<StoredDocument[]> {
  const filter = after === null ? {} : { _id: { $gt: after } };
  const projection = namesOnly ? { projection: { _id: 1 } } : {};
  const found = await attempt(() => collection.find(filter, { sort: { _id: 1 }, limit, ...projection }).toArray());
  return z.array(namesOnly ? storedName : storedDocument).parse(found);
}

export async function removeDocuments(collection: Collection<StoredDocument>, ids: readonly string[]): Promise<void> {
  for (const chunk of chunksOf(ids, IDS)) await attempt(() => collection.deleteMany({ _id: { $in: chunk } }));
}
