/** What edges may look at: folded states of actors, typed, read-only. `main.ts` fills it from the engine's client. */
import type { Client, KindOf } from '../engine/client.ts';
import type { Posting } from '../engine/envelope.ts';
import type { ActorId, EntryId } from '../engine/message.ts';
import type { PostingsQuery } from '../engine/postings.ts';

export interface View<S> {
  readonly state: S;
  /** The entry up to which the state is decided. */
  readonly asOf: EntryId;
}

/** Reads one actor by id; null while it has decided nothing. */
export type Reader<S> = (id: string) => Promise<View<S> | null>;

export type ManyReader<S> = (ids: readonly string[]) => Promise<(View<S> | null)[]>;

export interface PostingsPage {
  readonly postings: readonly Posting[];
  /** Opaque; null at the beginning of the ledger. */
  readonly next: string | null;
}

/** Postings of an actor, newest first. */
export type ReadPostings = (actor: ActorId, query: PostingsQuery) => Promise<PostingsPage>;

/** The client's read of one kind, as the edges see it. */
export function readerOf<S>(client: Pick<Client, 'read'>, kind: KindOf<S>): Reader<S> {
  return async (id) => {
    const folded = await client.read(kind, id);
    return folded === null ? null : { state: folded.envelope.state, asOf: folded.tip.last };
  };
}

/** The same for many ids with one read, in their order. */
export function manyReaderOf<S>(client: Pick<Client, 'readMany'>, kind: KindOf<S>): ManyReader<S> {
  return async (ids) => {
    const all = await client.readMany(kind, ids);
    return all.map((folded) => (folded === null ? null : { state: folded.envelope.state, asOf: folded.tip.last }));
  };
}
