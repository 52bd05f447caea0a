/**
 * The primary of a replica set of one, as far as the driver's handshake and our commands go: it keeps nothing, answers every command with
 * success, and tells what it was asked. For what the driver does differently on a replica set; not for what a replica set does.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { BSON } from 'mongodb';

export type Command = Readonly<Record<string, unknown>>;

export interface ReplicaSet {
  readonly url: string;
  /** Commands so far, those of the handshake left out. */
  readonly commands: readonly Command[];
  /** The next command of that name is answered `NotWritablePrimary`, as by a primary that steps down. */
  stepDownAt(name: string): void;
  close(): Promise<void>;
}

const NAME = 'rs0';
const OP_MSG = 2013;
const HEADER_BYTES = 16;
const STEPPED_DOWN: Command = {
  ...{ ok: 0, code: 10107, codeName: 'NotWritablePrimary', errmsg: 'not primary' },
  errorLabels: ['RetryableWriteError'],
};
const HANDSHAKE = new Set(['hello', 'ismaster', 'isMaster', 'ping', 'endSessions']);

export async function startReplicaSet(): Promise<ReplicaSet> {
  const commands: Command[] = [];
  const sockets = new Set<Socket>();
  const refusing = new Set<string>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let waiting = Buffer.alloc(0);
    socket.on('data', (data) => {
      waiting = Buffer.concat([waiting, data]);
      while (waiting.length >= HEADER_BYTES && waiting.length >= waiting.readInt32LE(0)) {
        const message = waiting.subarray(0, waiting.readInt32LE(0));
        waiting = waiting.subarray(message.length);
        socket.write(replyTo(message, answer));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const host = `127.0.0.1:${String(typeof address === 'object' ? (address?.port ?? 0) : 0)}`;

  function answer(command: Command): Command {
    const [name = ''] = Object.keys(command);
    if (!HANDSHAKE.has(name)) commands.push(command);
    if (refusing.delete(name)) return STEPPED_DOWN;
    return name === 'find'
      ? { ok: 1, cursor: { id: BSON.Long.ZERO, ns: 'd.c', firstBatch: [] } }
      : { ok: 1, n: 1, nModified: 1, ...primary(host) };
  }

  return {
    url: `mongodb://${host}/?replicaSet=${NAME}`,
    commands,
    stepDownAt: (name) => void refusing.add(name),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function primary(host: string): Command {
  return {
    ...{ ismaster: true, isWritablePrimary: true, helloOk: true, setName: NAME, setVersion: 1, hosts: [host], primary: host, me: host },
    ...{ logicalSessionTimeoutMinutes: 30, minWireVersion: 0, maxWireVersion: 21 },
    ...{ maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000 },
  };
}

/** OP_MSG, and the OP_QUERY of a first handshake. */
function replyTo(message: Buffer, answer: (command: Command) => Command): Buffer {
  const requestId = message.readInt32LE(4);
  if (message.readInt32LE(12) === OP_MSG) {
    const body = BSON.serialize(answer(commandOf(message.subarray(HEADER_BYTES + 4))));
    return framed({ requestId, opCode: OP_MSG, payload: Buffer.concat([Buffer.alloc(4), Buffer.from([0]), body]) });
  }
  const name = message.indexOf(0, HEADER_BYTES + 4);
  const body = BSON.serialize(answer(BSON.deserialize(message.subarray(name + 9))));
  const head = Buffer.alloc(20);
  head.writeInt32LE(1, 16);
  return framed({ requestId, opCode: 1, payload: Buffer.concat([head, body]) });
}

/** The first section alone: the documents of a write are of no interest here. */
function commandOf(sections: Buffer): Command {
  if (sections[0] !== 0) throw new Error('a message that does not begin with its command');
  const size = sections.readInt32LE(1);
  return BSON.deserialize(sections.subarray(1, 1 + size));
}

function framed({ requestId, opCode, payload }: { requestId: number; opCode: number; payload: Buffer }): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeInt32LE(HEADER_BYTES + payload.length, 0);
  header.writeInt32LE(requestId, 8);
  header.writeInt32LE(opCode, 12);
  return Buffer.concat([header, payload]);
}
