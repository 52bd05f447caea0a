/**
 * The ledger of one actor, newest first: what its envelope still holds, then full pages, each of which names the one before.
 *
 * P1  A page that filled after the named snapshot may not be in the ledger yet; it is derived by folding, with the same name and bytes.
 * P2  A cursor names the posting and the page to go on with; one that names another actor's page is no cursor.
 */
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { postingsText } from './envelope.ts';
import type { Envelope, Posting } from './envelope.ts';
import { Fault } from './fault.ts';
import type { Folded, FoldResult } from './fold.ts';
import type { ActorId, EntryId } from './message.ts';
import type { Ledger, LedgerPage } from './ports.ts';
import type { Reader } from './reader.ts';
import { decodePostings } from './snapshot-codec.ts';

export interface PostingsPage {
  /** Newest first. */
  readonly postings: readonly Posting[];
  /** Where the next page begins; null at the beginning of the ledger. */
  readonly next: string | null;
  /** The last entry that was seen; null when the actor has committed nothing. */
  readonly asOf: EntryId | null;
}

export interface PostingsQuery {
  readonly before: string | null;
  /** Number of a posting: only later ones are wanted, and nothing older is looked for. */
  readonly after?: number;
  readonly limit: number;
}

export interface PostingsLimits {
  /** Postings of one answer. */
  readonly postingsPerAnswer: number;
  /** Full ledger pages kept; they never change. */
  readonly ledgerPages: number;
}

interface Page {
  readonly previous: string | null;
  readonly postings: readonly Posting[];
}

/** Postings before number `n`; `page` is the full page that holds the next one, null while it is still in the envelope. */
const place = z.object({ n: z.number().int().positive(), page: z.string().nullable() });
type Place = z.output<typeof place>;

export type ReadPostings = (actor: ActorId, query: PostingsQuery) => Promise<PostingsPage>;

export function createPostings(parts: {
  readonly reader: Reader;
  readonly ledger: Pick<Ledger, 'find'>;
  readonly limits: PostingsLimits;
}): ReadPostings {
  const { reader, ledger, limits } = parts;
  const pages = new LRUCache<string, Page>({ max: limits.ledgerPages });
  const pageOf = async (actor: ActorId, id: string): Promise<Page | null> => {
    const kept = pages.get(id);
    if (kept !== undefined) return kept;
    const found = (await inLedger(ledger, id)) ?? (await derived(reader, actor, id)) ?? (await inLedger(ledger, id));
    if (found === null) return null;
    const page: Page = { previous: found.previous, postings: decodePostings(found.bytes) };
    pages.set(id, page);
    return page;
  };
  /** From where it starts until the walk is full; the page to go on with. */
  const walkThrough = async (envelope: Envelope, walk: Walk, start: Place | null): Promise<string | null> => {
    const { actor, page: newest } = envelope;
    const from = start?.page ?? null;
    if (from === null) walk.take(inEnvelope(envelope, walk.wanted));
    let page = from ?? newest;
    while (!walk.isFull() && page !== null) {
      const found = await pageOf(actor, page);
      if (found === null) throw missing(actor, page, start);
      walk.take(found.postings, page);
      page = found.previous;
    }
    return page;
  };
  return async (actor, { before, after = 0, limit }) => {
    const start = before === null ? null : parseCursor(actor, before);
    const folded = foldedOf(await reader.look([{ actor }]));
    if (folded === null) return { postings: [], next: null, asOf: null };
    const { envelope, filled } = folded;
    for (const { id, previous, bytes } of filled) pages.set(id, { previous, postings: decodePostings(bytes) });
    const walk = createWalk({ before: start?.n ?? envelope.posted + 1, after, limit: Math.min(limit, limits.postingsPerAnswer) });
    const page = await walkThrough(envelope, walk, start);
    return { postings: walk.taken, next: nextOf(walk, page, after), asOf: envelope.head.last };
  };
}

/** Postings with numbers between the two, newest first, so many at most. */
interface Wanted {
  readonly before: number;
  readonly after: number;
  readonly limit: number;
}

/** Those that are wanted, oldest first, and one more, which tells that something was left. */
function inEnvelope({ postings, posted }: Envelope, { before, after, limit }: Wanted): Posting[] {
  const first = posted - postings.length + 1;
  const wanted = postings.slice(Math.max(0, after + 1 - first), Math.max(0, before - first));
  return decodePostings(postingsText(wanted.slice(-(limit + 1))));
}

interface Walk {
  readonly wanted: Wanted;
  readonly taken: Posting[];
  /** Takes what is older than all that was taken, newest first, until the answer is full or nothing older is wanted. */
  take(postings: readonly Posting[], page?: string): void;
  isFull(): boolean;
  /** Where the first one that was left stands; null when nothing was left. */
  left(): { readonly page: string | null } | null;
}

function createWalk(wanted: Wanted): Walk {
  const { before, after, limit } = wanted;
  const taken: Posting[] = [];
  let left: { page: string | null } | null = null;
  return {
    wanted,
    taken,
    take(postings, page) {
      for (const posting of [...postings].reverse()) {
        if (posting.n >= before || posting.n <= after) continue;
        if (taken.length < limit) taken.push(posting);
        else left ??= { page: page ?? null };
      }
    },
    isFull: () => taken.length >= limit || (taken.at(-1)?.n ?? before) <= after + 1,
    left: () => left,
  };
}

/** `page` is the next one to look into, had there been room. */
function nextOf(walk: Walk, page: string | null, after: number): string | null {
  const last = walk.taken.at(-1);
  if (last === undefined || last.n <= after + 1) return null;
  const left = walk.left() ?? (page === null ? null : { page });
  return left === null ? null : toCursor({ n: last.n, page: left.page });
}

async function inLedger(ledger: Pick<Ledger, 'find'>, id: string): Promise<LedgerPage | null> {
  return (await ledger.find([id])).get(id) ?? null;
}

/** P1 */
async function derived(reader: Reader, actor: ActorId, id: string): Promise<LedgerPage | null> {
  const folded = foldedOf(await reader.look([{ actor, fromSnapshot: true }]));
  return folded?.filled.find((page) => page.id === id) ?? null;
}

function foldedOf([result]: readonly FoldResult[]): Folded | null {
  if (result === undefined) throw new Error('a look without a result');
  if (!result.ok) throw result.fault;
  return result.folded;
}

/** The page that a cursor names is the client's word; the one that a snapshot or a page names must be there. */
function missing(actor: ActorId, page: string, start: Place | null): Fault {
  if (start?.page === page) return badCursor();
  return new Fault({ code: 'ledger_page_missing', retry: 'never', message: `${actor} has no ledger page ${page}` });
}

function toCursor(at: Place): string {
  return Buffer.from(JSON.stringify(at)).toString('base64url');
}

function parseCursor(actor: ActorId, cursor: string): Place {
  const parsed = place.safeParse(jsonOf(cursor));
  if (!parsed.success || (parsed.data.page !== null && !isPageOf(actor, parsed.data.page))) throw badCursor(); // P2
  return parsed.data;
}

function isPageOf(actor: ActorId, page: string): boolean {
  return page.startsWith(`${actor}#`) && /^\d+~[\w-]+$/.test(page.slice(actor.length + 1));
}

function jsonOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return null;
  }
}

function badCursor(): Fault {
  return new Fault({ code: 'bad_cursor', retry: 'never' });
}
