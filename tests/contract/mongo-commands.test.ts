/** What the driver really asks of MongoDB, by its own command events and, as on a replica set, on the wire. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { CommandStartedEvent } from 'mongodb';
import { startMongo } from '../../mocks/servers/mongo.ts';
import { connect } from '../../providers/mongo/connection.ts';
import { createMongoPorts } from '../../providers/mongo/ports.ts';
import type { MongoPorts } from '../../providers/mongo/ports.ts';
import { startReplicaSet } from '../support/replica-set.ts';

const WRITES = new Set(['insert', 'update', 'delete']);
/** What an address may ask for, and must not get. */
const WEAKENING = ['', 'w=1', 'w=0', 'journal=false', 'w=1&journal=false&retryWrites=false&readPreference=secondary'];

/** Every kind of write that the product makes. */
async function everyWrite({ snapshots, ledger, journal, directory, installation }: MongoPorts): Promise<void> {
  await snapshots.insert([{ id: 'toy:1@1-0~a', bytes: '{}' }]);
  await ledger.insert([{ id: 'toy:1#1~a', previous: null, bytes: '[]' }]);
  await journal.insert([{ id: '000000000000001/a', bytes: '{}' }]);
  await directory.put([{ actor: 'toy:1', last: '1-0', listing: {} }]);
  await installation.write('one').catch(() => undefined); // the stand-in for a replica set keeps nothing to read back
  await snapshots.remove(['toy:1@1-0~a']);
  await journal.removeBefore(2);
}

function withQuery(url: string, query: string): string {
  if (query === '') return url;
  if (url.includes('?')) return `${url}&${query}`;
  return `${url.replace(/\/$/, '')}/?${query}`;
}

function isMajority(t: ExecutionContext, command: Readonly<Record<string, unknown>>, query: string): void {
  t.like(command['writeConcern'], { w: 'majority', j: true }, `${JSON.stringify(Object.keys(command))} with "${query}"`);
}

test.serial('every write waits for the journals of the majority, whatever the address says', async (t) => {
  const server = await startMongo();
  t.teardown(() => server.close());
  for (const query of WEAKENING) {
    const writes: CommandStartedEvent[] = [];
    const client = connect(withQuery(server.url, query), { monitorCommands: true });
    client.on('commandStarted', (event) => {
      if (WRITES.has(event.commandName)) writes.push(event);
    });
    const ports = createMongoPorts({ url: server.url, database: server.database, client });
    await everyWrite(ports);
    await ports.close();
    t.deepEqual(new Set(writes.map(({ commandName }) => commandName)), WRITES, query);
    for (const { command } of writes) isMajority(t, command, query);
  }
});

test.serial(
  'on a replica set inserts and updates are numbered for a retry, and written again once when the primary steps down',
  async (t) => {
    for (const query of WEAKENING) {
      const set = await startReplicaSet();
      const ports = createMongoPorts({ url: withQuery(set.url, query), database: 'd' });
      set.stepDownAt('insert');
      set.stepDownAt('update');
      await everyWrite(ports);
      const named = (name: string) => set.commands.filter((command) => name in command);
      for (const command of set.commands.filter((one) => [...WRITES].some((name) => name in one))) isMajority(t, command, query);
      for (const name of ['insert', 'update']) {
        const [first, again] = named(name);
        t.truthy(first?.['txnNumber'], `${name} with "${query}"`);
        t.deepEqual([again?.['txnNumber'], again?.['lsid']], [first?.['txnNumber'], first?.['lsid']], `${name} with "${query}"`);
      }
      await ports.close();
      await set.close();
    }
  },
);

test.serial('on a replica set reads go to the primary, whatever the address says', async (t) => {
  const set = await startReplicaSet();
  const ports = createMongoPorts({ url: withQuery(set.url, 'readPreference=secondary&readConcernLevel=local'), database: 'd' });
  await ports.snapshots.find(['toy:1@1-0~a']);
  const [find] = set.commands.filter((command) => 'find' in command);
  t.truthy(find, 'a secondary would not have been found');
  await ports.close();
  await set.close();
});
