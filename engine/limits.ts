/** Every bound of the engine in one place: name, unit, reason. A worker may be given other numbers; none may be given infinity. */
export interface Limits {
  /** Cycles under way at a time, each over its share of the shards: one decides while the others wait for Redis (with one, Node was idle for 39 % of a busy run). */
  readonly lanes: number;
  /** Actors of one cycle over all shards: what `peek` may bring. */
  readonly actorsPerCycle: number;
  /** Actors that a commit wrote to and that are fetched without waiting for `peek`; what writes to more is a bulk, which fills cycles anyway. */
  readonly guessesPerShard: number;
  /** Entries decided in one cycle. At 20 to 50 µs each the event loop is free again within 50 ms. */
  readonly entriesPerCycle: number;
  /** Entries of one actor in one cycle: batches of 100 reach 69k to 111k entries/s, longer ones bring little and starve others. */
  readonly entriesPerActor: number;
  /** The same while other actors of the lane are ready, or were a moment ago: they wait for at most two such batches. */
  readonly entriesPerActorShared: number;
  /** How long a lane remembers that several actors were ready. */
  readonly sharedForMs: number;
  /** Sends of one cycle: one page of a statement sends 500, so entries alone do not bound memory. */
  readonly deliveriesPerCycle: number;
  /** Bounds of one commit call: 500 cold deliveries cost 12 ms of server time, 10,000 cost 203 ms, which would block every lease. */
  readonly entriesPerCommit: number;
  readonly deliveriesPerCommit: number;
  readonly bytesPerCommit: number;
  /** Times a commit whose answer was lost is sent again before its actors are dropped. */
  readonly commitAttempts: number;
  /** Hot actors that need no snapshot; at 16 KB each about 800 MB, most are far smaller. */
  readonly hotActors: number;
  /** Actors with unsaved entries; beyond it only actors already in memory are decided. */
  readonly dirtyActors: number;
  /** Entries without a snapshot, of all actors in memory: beyond it nothing is decided until some are saved. Each takes about 1 KB (postings, traffic for the journal). */
  readonly unsavedEntries: number;
  /** The same for what they are to leave in journal and ledger: a page of a statement sends 200 KB. */
  readonly unsavedChars: number;
  /** How long a cycle waits for cold actors before it goes on without them. */
  readonly loadWaitMs: number;
  /** Cold actors being loaded at a time. */
  readonly loadingActors: number;
  /** Snapshots fetched by one call. */
  readonly snapshotsPerFind: number;
  /** Tries of an entry whose process died each time, before its actor is parked. */
  readonly crashAttempts: number;
  /** An actor is flushed after so many entries... */
  readonly flushEntries: number;
  /** ...or when its oldest unsaved entry is this old, at the latest. */
  readonly flushAgeMs: number;
  /** The part of that age over which actors are spread, so that those of one moment are not all saved in one. */
  readonly flushSpread: number;
  readonly flushEveryMs: number;
  /** Snapshots, and their bytes, of one insert: the driver encodes them in one go, and with 8 MiB turns waited for 100 ms and more. */
  readonly snapshotsPerInsert: number;
  readonly bytesPerInsert: number;
  /** Characters of one document of the journal, which is encoded in one go too. One commit alone may have more; three bytes each in UTF-8 are less than the 16 MiB that MongoDB takes. */
  readonly journalChars: number;
  /** An encoded state beyond this is reported: it should never have grown so far (I9). */
  readonly stateBytes: number;
  /** Entries that stay in a mailbox for people to look at. */
  readonly entriesKept: number;
  /** Superseded snapshots live this long (one per hour); a Redis that failed over may name an older one again. */
  readonly snapshotRetentionMs: number;
  /** Superseded snapshots beyond one an hour live this long. */
  readonly snapshotThinAfterMs: number;
  /** Messages between actors are kept this long in the journal: far longer than any snapshot lags, less than 1 KB for each deposit. */
  readonly journalRetentionMs: number;
  /** Superseded snapshots remembered for deletion, of each of the two delays; what does not fit stays in the database. */
  readonly retiredSnapshots: number;
  readonly leaseTtlMs: number;
  /** Pause between looks at heartbeats and free shards: how long a hand-over takes. */
  readonly leaseEveryMs: number;
  /** Shards given to other living workers per look, so that a newcomer does not stop everything at once. */
  readonly movesPerLook: number;
  /** Leases asked for at a time. */
  readonly acquiresPerLook: number;
  readonly idleMinMs: number;
  readonly idleMaxMs: number;
  readonly timersEveryMs: number;
  /** Messages that the relay carries from one shard's outbox at a time: 500 cold deliveries cost 12 ms of server time. */
  readonly relayEntries: number;
  /** Pause between looks at all outboxes; a commit that wrote into one is relayed at once. */
  readonly relayEveryMs: number;
  /** A mailbox without traffic for this long is deleted; people look at recent ones. */
  readonly forgetAfterMs: number;
  readonly forgetEveryMs: number;
  /** Mailboxes deleted per look. */
  readonly forgetsPerLook: number;
  /** How long a stopping worker tries to save what is unsaved; the rest is replayed by the next owner. */
  readonly stopFlushMs: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: Limits = {
  lanes: 3,
  actorsPerCycle: 1_000,
  guessesPerShard: 16,
  entriesPerCycle: 1_000,
  entriesPerActor: 256,
  entriesPerActorShared: 32,
  sharedForMs: 200,
  deliveriesPerCycle: 20_000,
  entriesPerCommit: 1_000,
  deliveriesPerCommit: 2_000,
  bytesPerCommit: 4 * MIB,
  commitAttempts: 5,
  hotActors: 50_000,
  dirtyActors: 200_000,
  unsavedEntries: 1_000_000,
  unsavedChars: 512 * MIB,
  loadWaitMs: 100,
  loadingActors: 4_000,
  snapshotsPerFind: 200,
  crashAttempts: 3,
  flushEntries: 200,
  flushAgeMs: 10 * SECOND,
  flushSpread: 0.3,
  flushEveryMs: 200,
  snapshotsPerInsert: 500,
  bytesPerInsert: MIB,
  journalChars: MIB,
  stateBytes: 256 * 1024,
  entriesKept: 16,
  snapshotRetentionMs: 24 * HOUR,
  snapshotThinAfterMs: 10 * MINUTE,
  journalRetentionMs: 6 * HOUR,
  retiredSnapshots: 200_000,
  leaseTtlMs: 5 * SECOND,
  leaseEveryMs: 500,
  movesPerLook: 8,
  acquiresPerLook: 256,
  idleMinMs: 2,
  idleMaxMs: 25,
  timersEveryMs: 200,
  relayEntries: 500,
  relayEveryMs: 250,
  forgetAfterMs: 24 * HOUR,
  forgetEveryMs: 5 * SECOND,
  forgetsPerLook: 100,
  stopFlushMs: 10 * SECOND,
};
