import test from 'ava';
import { createLayout } from '../../engine/layout.ts';
import { createMemoryPorts } from '../../mocks/memory/ports.ts';
import { startMongo } from '../../mocks/servers/mongo.ts';
import type { MongoServer } from '../../mocks/servers/mongo.ts';
import { createMongoPorts } from '../../providers/mongo/ports.ts';
import type { MongoPorts } from '../../providers/mongo/ports.ts';
import { longMemoryContract } from './mongo-ports.ts';

let server: MongoServer | null = null;
let mongo: MongoPorts | null = null;

test.before('a MongoDB starts', async () => {
  server = await startMongo();
  mongo = createMongoPorts(server);
});

test.after.always('and ends', async () => {
  await mongo?.close();
  await server?.close();
});

function opened(): MongoPorts {
  if (mongo === null) throw new Error('MongoDB did not start');
  return mongo;
}

const memory = createMemoryPorts({ layout: createLayout({ roles: {} }, new Map()) });
longMemoryContract('memory', () => memory);
longMemoryContract('MongoDB', opened);

test('MongoDB: the installation is written once, and another one is refused', async (t) => {
  const { installation } = opened();
  t.is(await installation.read(), null);
  await installation.write('one');
  await installation.write('one');
  await t.throwsAsync(installation.write('two'), { message: /belongs to the installation one/ });
  t.is(await installation.read(), 'one');
});

test('MongoDB: a ping tells how long the answer took', async (t) => {
  t.true((await opened().ping()) >= 0);
});
