/**
 * The one client of a process, with timeouts short enough that a MongoDB that is away is noticed soon: a stopped server after 2 to 4 seconds
 * (heartbeat, its timeout, the driver's one retry), an unreachable one after 1.5.
 */
import { MongoClient, MongoError, WriteConcern } from 'mongodb';
import type { Db, MongoClientOptions } from 'mongodb';
import { Fault } from '../../engine/fault.ts';

export interface MongoOptions {
  readonly url: string;
  readonly database: string;
  /** A client that is there already; closed with the ports. */
  readonly client?: MongoClient;
}

const SELECTION_MS = 1_500;
const CONNECT_MS = 1_500;
/** An insert of the largest chunk on a busy disk; longer is taken for away. */
const SOCKET_MS = 10_000;
/** How often the driver looks whether the server is there: after a stop, calls in flight fail within this and `CONNECT_MS`. */
const HEARTBEAT_MS = 500;
const POOL_MAX = 10;
const MAJORITY_MS = 5_000;

export function connect(url: string, more: Pick<MongoClientOptions, 'monitorCommands'> = {}): MongoClient {
  return new MongoClient(url, {
    ...more,
    serverSelectionTimeoutMS: SELECTION_MS,
    connectTimeoutMS: CONNECT_MS,
    socketTimeoutMS: SOCKET_MS,
    heartbeatFrequencyMS: HEARTBEAT_MS,
    maxPoolSize: POOL_MAX,
    retryWrites: true,
    retryReads: true,
    readPreference: 'primary',
    ignoreUndefined: false,
  });
}

/**
 * How safe money is, is said here and not by the address: the driver mixes what a client is given with what its address says, and
 * `journal=false` there won in a trial. What a database is given stands alone.
 */
export function databaseOf(client: MongoClient, name: string): Db {
  return client.db(name, {
    // Journaled: entries are trimmed once a snapshot is acknowledged, so a crash of the database must not take it back (I3).
    writeConcern: new WriteConcern('majority', MAJORITY_MS, true),
    // A secondary may lag: a snapshot that a tip names would be missing there.
    readPreference: 'primary',
  });
}

/** Runs a call; whatever the driver throws becomes a fault that may be repeated later: every write here is repeatable. */
export async function attempt<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof MongoError ? away(error) : error;
  }
}

export function away(error: Error): Fault {
  return new Fault({ code: 'mongo_away', retry: 'later', message: `MongoDB: ${error.message}`, cause: error });
}

/** Parts of a list that fit one call. */
export function* chunksOf<T>(items: readonly T[], { count, size, sizeOf }: Chunking<T>): Generator<T[]> {
  let chunk: T[] = [];
  let total = 0;
  for (const item of items) {
    const itemSize = sizeOf(item);
    if (chunk.length > 0 && (chunk.length >= count || total + itemSize > size)) {
      yield chunk;
      chunk = [];
      total = 0;
    }
    chunk.push(item);
    total += itemSize;
  }
  if (chunk.length > 0) yield chunk;
}

export interface Chunking<T> {
  readonly count: number;
  readonly size: number;
  readonly sizeOf: (item: T) => number;
}
