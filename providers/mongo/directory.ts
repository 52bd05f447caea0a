/**
 * What lists need, one document per listed actor: the only collection that is updated. A stale write loses by itself: `$max` compares `v`
 * field by field, `last` first, padded so that the order of the text is the order of the entries.
 */
import type { Collection, Filter } from 'mongodb';
import { z } from 'zod';
import { parseDirectoryCursor } from '../../engine/directory-cursor.ts';
import { compareEntries, kindOf } from '../../engine/message.ts';
import type { EntryId } from '../../engine/message.ts';
import type { Directory, DirectoryEntry } from '../../engine/ports.ts';
import { actorId } from '../../engine/snapshot-codec.ts';
import { attempt, chunksOf } from './connection.ts';

const MS_DIGITS = 15;
const SEQUENCE_DIGITS = 10;
const PUTS = { count: 500, size: Infinity, sizeOf: () => 0 };
const LIMIT_MAX = 1_000;

export interface DirectoryDocument {
  readonly _id: string;
  readonly kind: string;
  readonly v: { readonly last: string; readonly listing: Readonly<Record<string, string | number | boolean | null>> };
}

const document = z.object({
  _id: actorId,
  v: z.object({ last: z.string(), listing: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])) }),
});

export function createDirectory(collection: Collection<DirectoryDocument>): Directory {
  let indexed: Promise<unknown> | null = null;
  const prepared = async (): Promise<void> => {
    indexed ??= attempt(() => createIndexes(collection));
    try {
      await indexed;
    } catch (error) {
      indexed = null;
      throw error;
    }
  };
  return {
    async put(entries) {
      await prepared();
      for (const chunk of chunksOf(newest(entries), PUTS)) await attempt(() => collection.bulkWrite(chunk.map(update), { ordered: false }));
    },
    async list({ kind, where, before, limit }) {
      await prepared();
      const filter: Filter<DirectoryDocument> = { kind, ...matching(where), ...(before === null ? {} : olderThan(before)) };
      const cursor = collection.find(filter, { sort: { 'v.last': -1, _id: -1 }, limit: Math.min(limit, LIMIT_MAX) });
      return (await attempt(() => cursor.toArray())).map(parse);
    },
  };
}

/** One per actor: of two upserts of the same `_id` in one unordered bulk, one could fail on the other. */
function newest(entries: readonly DirectoryEntry[]): DirectoryEntry[] {
  const byActor = new Map<string, DirectoryEntry>();
  for (const entry of entries) {
    const known = byActor.get(entry.actor);
    if (known === undefined || compareEntries(known.last, entry.last) <= 0) byActor.set(entry.actor, entry);
  }
  return [...byActor.values()];
}

async function createIndexes(collection: Collection<DirectoryDocument>): Promise<void> {
  await collection.createIndex({ kind: 1, 'v.last': -1, _id: -1 });
  await collection.createIndex({ kind: 1, 'v.listing.status': 1, 'v.last': -1, _id: -1 });
}

function update({ actor, last, listing }: DirectoryEntry) {
  const change = { $max: { v: { last: padded(last), listing } }, $setOnInsert: { kind: kindOf(actor) } };
  return { updateOne: { filter: { _id: actor }, update: change, upsert: true } } as const;
}

function matching(where: Readonly<Record<string, string | boolean>>): Record<string, string | boolean> {
  return Object.fromEntries(Object.entries(where).map(([field, value]) => [`v.listing.${field}`, value]));
}

/** Entries of different mailboxes may have the same id: the actor decides then. */
function olderThan(before: string): Filter<DirectoryDocument> {
  const cursor = parseDirectoryCursor(before);
  const last = padded(cursor.last);
  return { $or: [{ 'v.last': { $lt: last } }, { 'v.last': last, _id: { $lt: cursor.actor } }] };
}

function parse(found: unknown): DirectoryEntry {
  const { _id: actor, v } = document.parse(found);
  return { actor, last: unpadded(v.last), listing: v.listing };
}

export function padded(entry: EntryId): string {
  const [ms = '', sequence = ''] = entry.split('-');
  return `${ms.padStart(MS_DIGITS, '0')}-${sequence.padStart(SEQUENCE_DIGITS, '0')}`;
}

export function unpadded(text: string): EntryId {
  const [ms = '', sequence = ''] = text.split('-');
  return `${Number(ms)}-${Number(sequence)}`;
}
