/** What edges may look at: folded states of actors, typed, read-only. `main.ts` fills it from the engine's client. */
import type { Posting } from '../engine/envelope.ts';
import type { ActorId, EntryId } from '../engine/message.ts';

export interface View<S> {
  readonly state: S;
  /** The entry up to which the state is decided. */
  readonly asOf: EntryId;
}

/** Reads one actor by id; null while it has decided nothing. */
export type Reader<S> = (id: string) => Promise<View<S> | null>;

export interface PostingsPage {
  readonly postings: readonly Posting[];
  /** Opaque; null at the beginning of the ledger. */
  readonly next: string | null;
}

/** Postings of an actor, newest first. */
export type ReadPostings = (actor: ActorId, page: { readonly before: string | null; readonly limit: number }) => Promise<PostingsPage>;
