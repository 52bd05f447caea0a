/** Lists come from the directory: it may be a little behind, and says so. One thing looked at by itself is exact. */
import { z } from 'zod';
import { directoryCursor } from '../../engine/directory-cursor.ts';
import { actorId, entryId } from '../../engine/snapshot-codec.ts';
import { idOf } from '../../engine/message.ts';
import type { EntryId } from '../../engine/message.ts';
import { badCursor, cursorOf, keyOf } from '../paging.ts';
import type { OpsParts } from './parts.ts';

export interface Listed {
  readonly id: string;
  readonly listing: Readonly<Record<string, string | number | boolean | null>>;
  readonly asOf: EntryId;
}

export interface ListQuery {
  readonly kind: string;
  readonly where: Readonly<Record<string, string | undefined>>;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export function listOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe('Cursor of the next page; null at the end.'),
    mayLagMs: z.number().describe('Items may be this much behind; each says up to which entry it is.'),
  });
}

/** One page of the directory, newest change first. */
export async function list<T>(
  { directory, directoryLagMs }: OpsParts,
  { kind, where, limit, cursor }: ListQuery,
  render: (listed: Listed) => T,
): Promise<{ items: T[]; next: string | null; mayLagMs: number }> {
  const filters = Object.fromEntries(Object.entries(where).filter((pair): pair is [string, string] => pair[1] !== undefined));
  const before = cursor === undefined ? null : placeOf(cursor);
  const found = await directory.list({ kind, where: filters, before, limit: limit + 1 });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const next = last === undefined || found.length <= limit ? null : cursorOf([last.last, last.actor]);
  return {
    items: page.map(({ actor, listing, last: asOf }) => render({ id: idOf(actor), listing, asOf })),
    next,
    mayLagMs: directoryLagMs,
  };
}

/** The directory's own cursor. */
function placeOf(cursor: string): string {
  const [last, actor] = keyOf(cursor, 2);
  const place = z.object({ last: entryId, actor: actorId }).safeParse({ last, actor });
  if (!place.success) throw badCursor();
  return directoryCursor(place.data);
}
