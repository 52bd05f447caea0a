// A MongoDB for the demo, the benches and the tests: MONGODB_URL, else a process of our own, by whatever this machine has or can get.
import { MongoClient } from 'mongodb';
import { mongodBinary } from './mongod-binary.ts';
import { freePort, onPath, removeFolder, shortId, startProcess, temporaryFolder } from './own-process.ts';
import type { OwnProcess } from './own-process.ts';
import { prepareStandIn } from './stand-in.ts';

/** Of the machine's memory, at most: a soak or twenty minutes of chaos fill more than one GiB. */
const HEAP_PERCENT = 50;
/** Its pauses cost us processors, not answers: one thread and a small young generation have 60 of at most 50 ms where two threads had ten of 250. Room from the start puts off collecting all of it. */
const COLLECTOR = '-XX:+UseSerialGC';
const ROOM = [`-XX:MaxRAMPercentage=${String(HEAP_PERCENT)}`, '-XX:InitialRAMPercentage=15', '-Xmn64m'];
const HELP = `No MongoDB: set MONGODB_URL, or install mongod 5 or newer, or Java 17 or newer with Maven for the stand-in of mocks/mongo.`;

export type MongoKind = 'external' | 'mongod' | 'memory-server' | 'stand-in';

export interface MongoOptions {
  /** Never MONGODB_URL nor the one that the test run shares: for a test that stops its server. */
  readonly own?: boolean;
  /** The limit of the stand-in, which keeps everything in memory; by default half of the machine's memory. */
  readonly heapMb?: number;
}

export interface MongoServer {
  readonly kind: MongoKind;
  readonly url: string;
  /** A database name that nobody else uses; dropped by `close` when the server goes on without us. */
  readonly database: string;
  /** One line for people: what serves, and whether its data is kept. */
  readonly describe: string;
  /** Undefined when the process is not ours; otherwise it may be sent SIGSTOP and SIGCONT. */
  readonly pid: number | undefined;
  close(): Promise<void>;
}

/** Starts a MongoDB, or takes the one that the test run shares; rejects with what to install when there is none. */
export async function startMongo(options: MongoOptions = {}): Promise<MongoServer> {
  if (options.own !== true) {
    const shared = process.env['IRONWALLET_TEST_MONGO'] ?? '';
    if (shared !== '') return sharedMongo(shared);
    const external = process.env['MONGODB_URL'] ?? '';
    if (external !== '') return borrowed('external', external, 'MongoDB: the one that MONGODB_URL names; its data stays.');
  }
  const refusals: string[] = [];
  for (const start of [mongodOnThisMachine, downloadedMongod, standIn]) {
    try {
      const server = await start(options);
      if (server !== undefined) return server;
    } catch (error) {
      refusals.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error([HELP, ...refusals].join('\n  '));
}

/** What a test run (scripts/test.mjs) puts into IRONWALLET_TEST_MONGO, so that its files share one server. @public */
export function shareOf(server: MongoServer): string {
  return `${server.kind} ${server.url}`;
}

function sharedMongo(shared: string): MongoServer {
  const [kind = '', url = ''] = shared.split(' ');
  const known = (['mongod', 'memory-server', 'stand-in'] as const).find((name) => name === kind) ?? 'external';
  return borrowed(known, url, `MongoDB: shared by this test run (${known}).`);
}

function borrowed(kind: MongoKind, url: string, describe: string): MongoServer {
  const database = `ironwallet_${shortId()}`;
  return { kind, url, database, describe, pid: undefined, close: () => dropDatabase(url, database) };
}

/** Best effort: a test that stopped its server, or took it away, must still be able to end. */
async function dropDatabase(url: string, database: string): Promise<void> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 2000, socketTimeoutMS: 5000 });
  await client
    .db(database)
    .dropDatabase()
    .catch(() => undefined);
  await client.close();
}

async function mongodOnThisMachine(): Promise<MongoServer | undefined> {
  const named = process.env['MONGOMS_SYSTEM_BINARY'] ?? '';
  const binary = named === '' ? onPath('mongod') : named;
  return binary === undefined ? undefined : mongod('mongod', binary);
}

async function downloadedMongod(): Promise<MongoServer | undefined> {
  const binary = await mongodBinary();
  return binary === undefined ? undefined : mongod('memory-server', binary);
}

async function mongod(kind: 'mongod' | 'memory-server', binary: string): Promise<MongoServer> {
  const folder = temporaryFolder('mongo');
  const port = await freePort();
  const args = ['--dbpath', folder, '--bind_ip', '127.0.0.1', '--port', String(port), '--wiredTigerCacheSizeGB', '0.5'];
  const running = await startProcess({ command: binary, args, ready: /waiting for connections/i, folder });
  return owned(kind, `${binary}, an own process`, { running, port, folder });
}

async function standIn(options: MongoOptions): Promise<MongoServer> {
  const { java, classPath } = prepareStandIn();
  const { heapMb } = options;
  const heap = heapMb === undefined ? ROOM : [`-Xmx${String(heapMb)}m`];
  const args = [...heap, COLLECTOR, '-Xshare:auto', '-cp', classPath, 'StandIn'];
  const running = await startProcess({ command: java, args, ready: /listening on port (\d+)/ });
  return owned('stand-in', 'the MongoDB-compatible stand-in (Java, in memory)', { running, port: Number(running.ready[1]) });
}

function owned(kind: MongoKind, what: string, its: { running: OwnProcess; port: number; folder?: string }): MongoServer {
  return {
    kind,
    url: `mongodb://127.0.0.1:${String(its.port)}`,
    database: `ironwallet_${shortId()}`,
    describe: `MongoDB: ${what} on port ${String(its.port)}; its data is not kept.`,
    pid: its.running.pid,
    async close() {
      await its.running.end('SIGKILL');
      if (its.folder !== undefined) removeFolder(its.folder);
    },
  };
}
