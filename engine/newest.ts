/**
 * The newest snapshot of every actor, page by page, from the names alone.
 *
 * N1  Names come in the order of the text. All names of an actor begin with `<actor>@`, so they stand together, but for those of actors whose
 *     ids begin so too: they stand in between, wholly. A stack of open actors sees each one whole.
 * N2  Newest is the greatest `last`. Of two with the same one, which only a skip or a restore can make, the one with more entries stands;
 *     were those equal too, the greater chain, and the actor is told.
 */
import { z } from 'zod';
import { compareEntries } from './message.ts';
import type { ActorId, EntryId } from './message.ts';
import type { Snapshots } from './ports.ts';
import { actorId, parseSnapshotName, snapshotId } from './snapshot-codec.ts';

export interface Newest {
  readonly actor: ActorId;
  /** `<last>~<chain>` */
  readonly name: string;
  readonly last: EntryId;
  /** Another snapshot has as good a claim. */
  readonly ambiguous: boolean;
}

interface Open {
  readonly actor: ActorId;
  last: EntryId;
  names: string[];
}

const NAMES_PER_PAGE = 1_000;

/** Batches of actors, each actor once. */
export async function* newestSnapshots(snapshots: Pick<Snapshots, 'names' | 'find'>): AsyncGenerator<Newest[]> {
  const open: Open[] = [];
  for (let after: string | null = null; ;) {
    const names: string[] = await snapshots.names(after, NAMES_PER_PAGE);
    const closed = names.flatMap((name) => take(open, name));
    const last = names.at(-1);
    if (last === undefined) closed.push(...open.splice(0));
    if (closed.length > 0) yield await decided(closed, snapshots);
    if (last === undefined) return;
    after = last;
  }
}

/** N1: the actors that this name shows to be complete. */
function take(open: Open[], id: string): Open[] {
  const at = id.lastIndexOf('@');
  const actor = actorId.parse(id.slice(0, at));
  const name = id.slice(at + 1);
  const { last } = parseSnapshotName(name);
  const closed: Open[] = [];
  for (let top = open.at(-1); top !== undefined && !id.startsWith(`${top.actor}@`); top = open.at(-1)) closed.push(...open.splice(-1));
  const known = open.find((one) => one.actor === actor);
  if (known === undefined) open.push({ actor, last, names: [name] });
  else if (compareEntries(last, known.last) === 0) known.names.push(name);
  else if (compareEntries(last, known.last) > 0) Object.assign(known, { last, names: [name] });
  return closed;
}

const counted = z.object({ head: z.object({ n: z.number().int() }) });

/** N2 */
async function decided(open: readonly Open[], snapshots: Pick<Snapshots, 'find'>): Promise<Newest[]> {
  const doubtful = open.filter(({ names }) => names.length > 1);
  const ids = doubtful.flatMap(({ actor, names }) => names.map((name) => snapshotId(actor, name)));
  const bytes = ids.length === 0 ? new Map<string, string>() : await snapshots.find(ids);
  const countOf = (id: string): number => counted.parse(JSON.parse(bytes.get(id) ?? '{"head":{"n":0}}')).head.n;
  return open.map(({ actor, last, names }) => {
    const ranked = names.map((name) => ({ name, n: names.length === 1 ? 0 : countOf(snapshotId(actor, name)) }));
    ranked.sort((a, b) => b.n - a.n || (a.name < b.name ? 1 : -1));
    const [first, second] = ranked;
    return { actor, last, name: first?.name ?? '', ambiguous: second !== undefined && second.n === first?.n };
  });
}
