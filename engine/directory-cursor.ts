/** Where a page of the directory ended: `<last>@<actor>`. The actor counts, because entries of different mailboxes may have the same id. */
import { Fault } from './fault.ts';
import type { ActorId, EntryId } from './message.ts';
import { actorId, entryId } from './snapshot-codec.ts';

/** The `before` of the page after the one that ends with this entry. */
export function directoryCursor({ last, actor }: { readonly last: EntryId; readonly actor: ActorId }): string {
  return `${last}@${actor}`;
}

/** Throws `bad_cursor`. */
export function parseDirectoryCursor(before: string): { readonly last: EntryId; readonly actor: ActorId } {
  const at = before.indexOf('@');
  const last = entryId.safeParse(before.slice(0, at));
  const actor = actorId.safeParse(before.slice(at + 1));
  if (!last.success || !actor.success) throw new Fault({ code: 'bad_cursor', retry: 'never' });
  return { last: last.data, actor: actor.data };
}
