/**
 * What the engine needs of the outside: mailboxes, leases, effects and operations (Redis), snapshots and ledger (MongoDB), hints.
 * No driver type shows here. Each port has one contract suite, run on the in-memory version and on the real server.
 *
 * A *shard* is a tag such as `w17`: the unit of ownership. Whoever holds its lease may act on its actors; everyone may read and send.
 */
import type { ActorId, Addressed, EntryId, Message, StoredEntry } from './message.ts';

export type Shard = string;

/** The part of an actor's tip that a commit compares and moves: `<last> <n> <chain>`. */
export interface Head {
  /** The last committed entry, `0-0` before the first. */
  readonly last: EntryId;
  /** Entries ever committed. */
  readonly n: number;
  readonly chain: string;
}

export interface Tip extends Head {
  /** `<last>~<chain>` of the snapshot that covers the start of the mailbox, or null before the first. */
  readonly snapshot: string | null;
  /** Version of the kind's `decide` that the entries up to `last` were decided with. */
  readonly rules: number;
}

/** Proof of ownership, `<epoch>:<uuid>`; every acting script compares it. */
export interface Lease {
  readonly shard: Shard;
  readonly token: string;
  /** How the lease came: `expired` means the former owner vanished, so the first pass is careful (one entry per actor, attempts counted). */
  readonly via: 'free' | 'released' | 'expired' | 'same';
}

// ---- mailboxes -------------------------------------------------------------------------------------------------------------------

export type Sent = { readonly sent: true; readonly entry: EntryId } | { readonly sent: false; readonly why: 'full' | 'memory' };

export interface FetchRequest {
  readonly actor: ActorId;
  readonly count: number;
}

/** Where an actor stands, as far as its owner knows. */
export interface FollowRequest {
  readonly shard: Shard;
  readonly actor: ActorId;
  readonly last: EntryId;
}

/** An actor's next entries. `tip` is null when the actor has never committed; `attempts` counts tries after takeovers by expiry. */
export interface Fetched {
  readonly actor: ActorId;
  readonly tip: Tip | null;
  readonly entries: readonly StoredEntry[];
  readonly attempts: number;
}

export interface ActorCommit {
  readonly actor: ActorId;
  readonly expected: Head;
  readonly next: Head;
  readonly rules: number;
}

export interface ParkedActor {
  readonly actor: ActorId;
  readonly shard: Shard;
  /** The entry that could not be decided, `-` when the load itself failed. */
  readonly entry: string;
  readonly error: string;
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export interface EffectRecord {
  readonly actor: ActorId;
  readonly id: string;
  readonly type: string;
  /** JSON text. */
  readonly body: string;
  readonly trace: string;
}

export interface TimerRecord {
  readonly actor: ActorId;
  readonly key: string;
  /** null cancels. */
  readonly at: number | null;
}

/** All that follows from one shard's turns; applied in one atomic step or not at all. */
export interface ShardCommit {
  readonly lease: Lease;
  readonly actors: readonly ActorCommit[];
  readonly deliveries: readonly Addressed[];
  /** `<account>:<currency>` -> signed sum of the rows, debit positive. */
  readonly totals: ReadonlyMap<string, bigint>;
  readonly effects: readonly EffectRecord[];
  readonly timers: readonly TimerRecord[];
  readonly parks: readonly Omit<ParkedActor, 'shard' | 'since'>[];
}

export type CommitResult =
  | { readonly result: 'applied' | 'already' }
  /** Nothing was written: these actors' tips are not what was expected. */
  | { readonly result: 'stale'; readonly actors: readonly ActorId[] }
  /** Nothing was written: another owner holds the shard. */
  | { readonly result: 'fenced' }
  /** Nobody knows: its server did not answer, while those of other shards did. To be repeated. */
  | { readonly result: 'unanswered' };

export interface ReadRequest {
  readonly actor: ActorId;
  /** Entries after this one are wanted; null: after the tip's snapshot. */
  readonly after: EntryId | null;
}

export interface ReadResult {
  readonly tip: Tip | null;
  /** Committed and uncommitted entries after `after` (at most 1,500); those up to `tip.last` are committed. */
  readonly entries: readonly StoredEntry[];
  readonly parked: boolean;
}

export interface NameSnapshot {
  readonly actor: ActorId;
  readonly snapshot: Head;
  /** Newest entries that stay for people to look at. */
  readonly keep: number;
}

export interface Mailboxes {
  /** Writes messages into mailboxes, in order; never refuses when `cap` is null (messages between actors). At `cap` uncommitted entries: full. */
  send(messages: readonly Addressed[], cap: number | null): Promise<Sent[]>;
  /** Actors with uncommitted entries, of the given shards: half the oldest, half rotating. */
  peek(shards: readonly Shard[], limit: number): Promise<Map<Shard, ActorId[]>>;
  /** The entries after each actor's tip; null when fenced (nothing asked: nothing answered). `careful` also counts the attempt before handing the entry out. */
  fetch(lease: Lease, requests: readonly FetchRequest[], careful: boolean): Promise<Fetched[] | null>;
  /** Up to `count` entries of each actor (named once) after where it stands, in the cheapest way: no lease, tip or park is looked at. null: not known, ask `fetch`. */
  follow(requests: readonly FollowRequest[], count: number): Promise<(readonly StoredEntry[] | null)[]>;
  commit(commits: readonly ShardCommit[]): Promise<CommitResult[]>;
  /** Names inserted snapshots and trims what they cover; the count of named ones per call, null when fenced. Stale names change nothing. */
  trim(lease: Lease, names: readonly NameSnapshot[]): Promise<number | null>;
  /** One consistent look per actor, by anyone. */
  read(requests: readonly ReadRequest[]): Promise<ReadResult[]>;
  /** Moves due timers of owned shards into mailboxes, at most 100 of each, the oldest first; how many. The server's clock decides. */
  due(leases: readonly Lease[]): Promise<number>;
}

// ---- outbox ----------------------------------------------------------------------------------------------------------------------

/** A message that a commit wrote for an actor of another shard. */
export interface OutboxEntry extends Addressed {
  /** Its place in the outbox of the sending shard. */
  readonly entry: EntryId;
  /** Token of the lease under which it was written: within it the entry ids grow, also where a failover took some of them back. */
  readonly epoch: string;
}

/** Entries of one epoch, in outbox order, that begin with the oldest one for `to` that was not yet removed. */
export interface OutboxDelivery {
  readonly from: Shard;
  readonly to: Shard;
  readonly epoch: string;
  readonly entries: readonly OutboxEntry[];
}

/**
 * Messages between shards, where one write cannot reach both (Redis Cluster): a commit puts them into the outbox of its shard, the relay
 * carries them over. Without this port a commit delivers everything itself.
 */
export interface Outbox {
  /** The oldest entries, in order; null when fenced. What is answered outlives the loss of the server, or it throws `not_replicated`. */
  read(lease: Lease, count: number): Promise<readonly OutboxEntry[] | null>;
  /**
   * Writes into the mailboxes what was not delivered before: the receiving shard knows the last entry it saw of each epoch (in the same
   * write). Anybody may call it with what it read, however late. Outlives the loss of the server, or it throws `not_replicated`; throws
   * `epoch_forgotten` for an epoch so old that it cannot be told any more.
   */
  deliver(delivery: OutboxDelivery): Promise<void>;
  /** Forgets delivered entries; false when fenced. */
  remove(lease: Lease, entries: readonly EntryId[]): Promise<boolean>;
}

// ---- leases ----------------------------------------------------------------------------------------------------------------------

export interface Leases {
  /** Says that the worker lives and returns the living workers of the role. */
  heartbeat(role: string, worker: string, ttlMs: number): Promise<string[]>;
  leave(role: string, worker: string): Promise<void>;
  /** The lease if it is free, expired, released or already ours; null while another holds it. */
  acquire(shard: Shard, worker: string, ttlMs: number): Promise<Lease | null>;
  /** Extends all; the ones still held come back. */
  renew(leases: readonly Lease[], ttlMs: number): Promise<Lease[]>;
  release(leases: readonly Lease[]): Promise<void>;
  /** Ends leases of somebody else who is dead: the next `acquire` finds them expired. Until then their tokens are good. */
  expire(leases: readonly Pick<Lease, 'shard' | 'token'>[]): Promise<void>;
  /** Who owns what, for people. */
  owners(shards: readonly Shard[]): Promise<Map<Shard, { readonly owner: string; readonly token: string; readonly expiresAt: number }>>;
}

// ---- effects ---------------------------------------------------------------------------------------------------------------------

export interface ClaimedEffect extends EffectRecord {
  readonly shard: Shard;
  /** The stream entry of the claim. */
  readonly claim: EntryId;
  /** Attempts so far, this one included; durable before the call is made. */
  readonly attempt: number;
}

export interface Effects {
  /**
   * New effects of the shards, and such that another runner took and has been silent about for `idleMs`. Given what this runner holds, also
   * those of its own that are not among these: the answer to their claim was lost, or it let go of them.
   */
  claim(
    shards: readonly Shard[],
    options: { readonly runner: string; readonly count: number; readonly idleMs: number; readonly held?: readonly ClaimedEffect[] },
  ): Promise<ClaimedEffect[]>;
  /** Keeps a claim from being taken over while we wait to retry; counts the next attempt. */
  retry(effect: ClaimedEffect, runner: string): Promise<ClaimedEffect | null>;
  /** Delivers the result to the actor and forgets the effect; false when somebody else already did. */
  settle(effect: ClaimedEffect, result: Message): Promise<boolean>;
}

// ---- hints -----------------------------------------------------------------------------------------------------------------------

/** Wake-ups; losing any of them costs time, never truth. */
export interface Hints {
  /** Actors that committed. */
  committed(actors: readonly ActorId[]): void;
  /** Shards that got new work (sends, effects). */
  work(shards: readonly Shard[]): void;
  onCommitted(listener: (actors: readonly ActorId[]) => void): () => void;
  onWork(listener: (shards: readonly Shard[]) => void): () => void;
}

// ---- the long memory -------------------------------------------------------------------------------------------------------------

/** A snapshot as it is stored: the name and the canonical bytes of the envelope. Never changed. */
export interface SnapshotDocument {
  /** `<kind>:<id>@<last>~<chain>` */
  readonly id: string;
  /** Canonical JSON of the envelope (state, recent, rows, page, sums, head, rules). */
  readonly bytes: string;
}

/** A full page of an actor's ledger, inserted before the snapshot that lacks its rows. */
export interface LedgerPage {
  /** `<kind>:<id>#<page>~<chain>` */
  readonly id: string;
  readonly previous: string | null;
  /** Canonical JSON of the postings. */
  readonly bytes: string;
}

/** What one actor was told by actors, and told actors, between two saved heads. */
export interface JournalSpan {
  readonly actor: ActorId;
  /** The saved head before, where the actor was fresh, or where the span before ends. */
  readonly from: Head;
  readonly to: Head;
  /** In the order in which they were sent. */
  readonly sent: readonly Addressed[];
  /** Ids of the messages from other actors that were decided. */
  readonly heard: readonly HeardMessage[];
}

export interface HeardMessage {
  readonly id: string;
  readonly from: string;
  /** The receiver's entry. */
  readonly entry: EntryId;
}

/** Spans that were saved together. */
export interface JournalDocument {
  /** `<milliseconds since 1970, 15 digits>/<place among those written together>/<uuid>`: in the order of time. */
  readonly id: string;
  /** A line of JSON about the spans and how far the writer was behind, then the messages' bodies one after another. */
  readonly bytes: string;
}

/** Messages between actors, kept until nobody can be without them: what `restore` finds in transit. */
export interface Journal {
  insert(documents: readonly JournalDocument[]): Promise<void>;
  /** Documents after that id (null: from the beginning), oldest first. */
  list(after: string | null, limit: number): Promise<JournalDocument[]>;
  /** Deletes what was written before that time, milliseconds since 1970. */
  removeBefore(ms: number): Promise<void>;
}

export interface Snapshots {
  /** Names of snapshots after that one (null: from the beginning), in the order of the text. */
  names(after: string | null, limit: number): Promise<string[]>;
  /** Inserts; names the ones that existed with *other* bytes. A duplicate with equal bytes is success. Throws when MongoDB is away. */
  insert(documents: readonly SnapshotDocument[]): Promise<{ readonly conflicts: readonly string[] }>;
  find(ids: readonly string[]): Promise<Map<string, string>>;
  remove(ids: readonly string[]): Promise<void>;
}

export interface Ledger {
  insert(pages: readonly LedgerPage[]): Promise<{ readonly conflicts: readonly string[] }>;
  find(ids: readonly string[]): Promise<Map<string, LedgerPage>>;
}

export interface DirectoryEntry {
  readonly actor: ActorId;
  readonly last: EntryId;
  readonly listing: Readonly<Record<string, string | number | boolean | null>>;
}

export interface Directory {
  /** Keeps the newest `last` per actor; an older one changes nothing. */
  put(entries: readonly DirectoryEntry[]): Promise<void>;
  /** Newest first, by kind and exact-match filters on listing fields. */
  list(query: {
    readonly kind: string;
    readonly where: Readonly<Record<string, string | boolean>>;
    readonly before: string | null;
    readonly limit: number;
  }): Promise<DirectoryEntry[]>;
}

/** The clock and randomness of the process, so that tests own them. */
export interface System {
  /** Milliseconds that never step back. */
  monotonicMs(): number;
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** Ends early when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs after so many milliseconds, unless what it gives back called it off before. */
  alarm(ms: number, run: () => void): () => void;
  /** Lets everything else that is ready run first. */
  yield(): Promise<void>;
  /** From 0 (included) to 1 (excluded): jitter. */
  random(): number;
  uuid(): string;
}
