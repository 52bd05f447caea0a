/** Pages of lists: a limit, and an opaque cursor that says where the next page begins. */
import { z } from 'zod';
import { problem } from './problem.ts';

const LIMIT_MAX = 100;
const LIMIT = 50;

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(LIMIT),
  cursor: z.string().min(1).max(2048).optional().describe('`next` of the page before.'),
});

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable().describe('Cursor of the next page; null at the end.') });
}

/** Makes a cursor of the sort key of a page's last item. */
export function cursorOf(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** The sort key that `cursorOf` was given, or a 400. */
export function keyOf(cursor: string, length: number): readonly string[] {
  const parsed = z
    .array(z.string())
    .length(length)
    .safeParse(jsonOf(Buffer.from(cursor, 'base64url').toString()));
  // Base64 is lenient: only the very text that was given out is taken back.
  if (!parsed.success || cursorOf(parsed.data) !== cursor) throw badCursor();
  return parsed.data;
}

export function badCursor(): Error {
  return problem(400, 'bad_cursor', 'The cursor is not one that this list gave out.');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A page of a sorted list that is at hand as a whole: newest first by `key`, texts that sort as the items do. */
export function slice<T>(
  all: readonly T[],
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  key: (item: T) => readonly [string, string],
): { items: T[]; next: string | null } {
  const from = cursor === undefined ? null : keyOf(cursor, 2);
  const rest = from === null ? all : all.filter((item) => isOlder(key(item), from));
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return { items, next: last === undefined || rest.length <= limit ? null : cursorOf(key(last)) };
}

/** The order of `slice`: for sorting a list before. */
export function newestFirst(a: readonly string[], b: readonly string[]): number {
  return isOlder(a, b) ? 1 : isOlder(b, a) ? -1 : 0;
}

function isOlder(a: readonly string[], b: readonly string[]): boolean {
  const [aFirst = '', aSecond = ''] = a;
  const [bFirst = '', bSecond = ''] = b;
  return aFirst === bFirst ? aSecond < bSecond : aFirst < bFirst;
}
