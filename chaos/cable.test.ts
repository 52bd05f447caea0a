import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { startCable } from './cable.ts';
import type { Cable } from './cable.ts';

interface Wired {
  readonly cable: Cable;
  readonly caller: Socket;
  /** What the server has heard. */
  readonly heard: () => string;
  readonly answers: () => string;
}

/** A server that answers everything in capitals, and a caller at the other end of a cable. */
async function wired(t: ExecutionContext): Promise<Wired> {
  let [heard, answers] = ['', ''];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      heard += data.toString();
      socket.write(data.toString().toUpperCase());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cable = await startCable('test', (server.address() as AddressInfo).port);
  const caller = connect(cable.port, '127.0.0.1');
  caller.on('error', () => undefined);
  caller.on('data', (data) => (answers += data.toString()));
  t.teardown(async () => {
    caller.destroy();
    await cable.close();
    server.close();
  });
  return { cable, caller, heard: () => heard, answers: () => answers };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a cable carries both ways', async (t) => {
  const { caller, answers } = await wired(t);
  caller.write('one');
  await until(() => answers() === 'ONE');
  t.pass();
});

test('a way that is held delivers everything in its order when the cable is healed', async (t) => {
  const { cable, caller, heard, answers } = await wired(t);
  caller.write('a');
  await until(() => answers() === 'A');
  cable.hold('back');
  caller.write('b');
  await until(() => heard() === 'ab');
  t.is(answers(), 'A', 'it was done, and its answer is under way');
  cable.hold('there');
  caller.write('c');
  cable.heal();
  await until(() => answers() === 'ABC');
  t.is(heard(), 'abc');
});

test('a cut ends what is connected and lets nobody in until the cable is healed', async (t) => {
  const { cable, caller, answers } = await wired(t);
  caller.write('a');
  await until(() => answers() === 'A');
  cable.cut();
  await once(caller, 'close');
  const refused = connect(cable.port, '127.0.0.1');
  refused.on('error', () => undefined);
  await once(refused, 'close');
  cable.heal();
  const again = connect(cable.port, '127.0.0.1');
  again.write('b');
  const [answer] = (await once(again, 'data')) as [Buffer];
  t.is(answer.toString(), 'B');
  again.destroy();
});

test('an answer is changed or lost after the request was done', async (t) => {
  const { cable, caller, heard, answers } = await wired(t);
  cable.tamper((sent) => (sent.includes('change') ? () => Buffer.from('other') : null));
  caller.write('as it is;');
  await until(() => answers() === 'AS IT IS;');
  caller.write('change');
  await until(() => answers() === 'AS IT IS;other');
  cable.tamper(() => () => null);
  caller.write('lose');
  await once(caller, 'close');
  t.is(heard(), 'as it is;changelose');
  t.is(cable.tampered(), 1);
});
