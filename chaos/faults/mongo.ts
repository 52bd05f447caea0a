/** A MongoDB that stands still, or that answers errors after it has written. */
import { BSON } from 'mongodb';
import { tamperedOf } from '../cable.ts';
import type { Tamper } from '../cable.ts';
import type { Random } from '../../mocks/control/random.ts';
import { keepOn } from '../fault.ts';
import type { Fault, Scene } from '../fault.ts';

const PAUSE_MS_MIN = 4_000;
const PAUSE_MS_MAX = 12_000;
const FULL_PAUSE_MS = 120_000;
const ERRORS_MS = 8_000;
const ERROR_SHARE = 0.4;

async function pause({ stage, random, full, sleep, note }: Scene): Promise<void> {
  const { pid } = stage.mongo;
  if (pid === undefined) throw new Error('a MongoDB that may be stopped is needed');
  const ms = full ? FULL_PAUSE_MS : random.integer(PAUSE_MS_MIN, PAUSE_MS_MAX);
  note(`MongoDB stood still for ${String(ms)} ms`);
  process.kill(pid, 'SIGSTOP');
  try {
    await sleep(ms);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function errors(scene: Scene): Promise<void> {
  const { stage, random, note } = scene;
  const cables = stage.parts.map((part) => part.cables.mongo);
  for (const cable of cables) cable.tamper(errorAfterWriting(random));
  try {
    await keepOn(scene, ERRORS_MS, () => tamperedOf(cables) > 0);
  } finally {
    note(`${String(tamperedOf(cables))} writes were done and answered otherwise`);
    for (const cable of cables) cable.heal();
  }
}

const HEADER_BYTES = 16;
const OP_MSG = 2013;
/** Behind the header: flags, and the kind of the first section. */
const BODY_AT = HEADER_BYTES + 5;

/** Of every write some: the server does it, and the caller sees an error, a failed write concern, or the end of the connection. */
function errorAfterWriting(random: Random): Tamper {
  return (sent) => {
    if (!(sent.includes('insert\0') || sent.includes('update\0')) || random.next() > ERROR_SHARE) return null;
    const way = random.integer(0, 2);
    return (answer) => (way === 0 ? null : changed(answer, way === 1 ? failure : failedConcern));
  };
}

type Change = (body: BSON.Document) => BSON.Document;

/** Shutting down: what a server says that is about to go. */
function failure(): BSON.Document {
  return { ok: 0, code: 91, codeName: 'ShutdownInProgress', errmsg: 'the server is shutting down' };
}

function failedConcern(body: BSON.Document): BSON.Document {
  return { ...body, writeConcernError: { code: 64, codeName: 'WriteConcernFailed', errmsg: 'waiting for replication timed out' } };
}

/** The answer with another body; the connection ends where an answer does not come in one piece. */
function changed(answer: Buffer, change: Change): Buffer | null {
  const isWhole = answer.length > BODY_AT && answer.readInt32LE(0) === answer.length && answer.readInt32LE(12) === OP_MSG;
  if (!isWhole) return null;
  const body = BSON.serialize(change(BSON.deserialize(answer.subarray(BODY_AT))));
  const head = Buffer.from(answer.subarray(0, BODY_AT));
  head.writeInt32LE(BODY_AT + body.length, 0);
  return Buffer.concat([head, body]);
}

export const MONGO_FAULTS: readonly Fault[] = [
  {
    ...{ name: 'mongo-paused', title: 'MongoDB stands still (2 minutes with `--full`, else 4 to 12 s)', fullRounds: 5 },
    detected:
      '`/readyz` says `degraded`, `mongo_away`; `ironwallet_snapshot_lag_ms` grows; money keeps moving for actors in memory, others wait to be loaded',
    strike: pause,
  },
  {
    ...{ name: 'mongo-errors', title: 'MongoDB answers an error, or nothing, after it has written', fullRounds: 20 },
    detected: '`ironwallet_snapshots_total{result="failed"}`; the snapshot is inserted again and found equal',
    strike: errors,
  },
];
