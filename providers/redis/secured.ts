/**
 * Script calls whose writes outlive the loss of their server: answered when enough replicas have them.
 *
 * S1  Calls and WAIT go over one connection, which is never re-made under them: another server, promoted meanwhile, cannot answer for the lost one.
 * S2  What was not acknowledged in time is `not_replicated`: written, perhaps to be lost; safe to repeat like every call.
 * S3  WAIT holds up its connection, so this one is nobody else's, and all calls that came meanwhile share the next WAIT.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { Fault } from '../../engine/fault.ts';
import { isCluster, nodeOf, refresh, throughPipeline } from './client.ts';
import type { Answer, RedisClient, Request } from './client.ts';
import { faultOf, isConnectionError, isNoScript, isRedirection } from './faults.ts';
import { number } from './reply.ts';
import type { ScriptCall, Scripts } from './scripts.ts';

const CALLS_PER_WAIT_MAX = 200;
const RETRY_MS = 50;
/** Another Redis may be found within this time: a slot has moved, a client is connected again. */
const PATIENCE_MS = 1500;

export interface SecuredOptions {
  /** Of its own, without automatic repetition (S1, S3). */
  readonly client: RedisClient;
  readonly scripts: Pick<Scripts, 'request'>;
  readonly replicas: number;
  /** How long replicas may take. */
  readonly waitMs: number;
}

interface Waiting {
  readonly call: ScriptCall;
  readonly untilMs: number;
  whole: boolean;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Fault) => void;
}

interface Lane {
  readonly waiting: Waiting[];
  running: boolean;
}

interface Failed {
  readonly one: Waiting;
  readonly error: Error;
}

/** One round trip (S1): answers what is secured, and returns what failed. */
async function together(node: Redis, batch: readonly Waiting[], { scripts, replicas, waitMs }: SecuredOptions): Promise<Failed[]> {
  const requests = batch.map(({ call, whole }) => scripts.request(call, whole));
  const wait: Request = { key: '', name: 'wait', args: [replicas, waitMs] };
  const answers = await throughPipeline(node, [...requests, wait]).catch((error: unknown): Answer[] =>
    [...requests, wait].map(() => [faultOf(error), null]),
  );
  const [unknown, acknowledged] = answers[batch.length] ?? NO_ANSWER;
  const isSecured = unknown === null && number(acknowledged) >= replicas;
  return batch.flatMap((one, index): Failed[] => {
    const [refused, answer] = answers[index] ?? NO_ANSWER;
    const error = refused ?? unknown;
    if (error !== null) return [{ one, error }];
    if (isSecured) one.resolve(answer);
    else one.reject(notReplicated());
    return [];
  });
}

const NO_ANSWER: Answer = [new Error('Connection is closed.'), null];

function notReplicated(): Fault {
  return new Fault({ code: 'not_replicated', retry: 'later', message: 'not_replicated: too few replicas acknowledged in time' });
}

export function createSecured(options: SecuredOptions): Pick<Scripts, 'run' | 'runAll'> {
  const { client } = options;
  const lanes = new WeakMap<Redis, Lane>();

  function laneOf(node: Redis): Lane {
    const lane = lanes.get(node) ?? { waiting: [], running: false };
    lanes.set(node, lane);
    return lane;
  }

  async function work(node: Redis, lane: Lane): Promise<void> {
    if (lane.running) return;
    lane.running = true;
    while (lane.waiting.length > 0) {
      const batch = lane.waiting.splice(0, CALLS_PER_WAIT_MAX);
      for (const { one, error } of await together(node, batch, options)) again(one, error);
    }
    lane.running = false;
  }

  function again(one: Waiting, error: Error): void {
    const isNew = isNoScript(error);
    const isPassing = isNew || isRedirection(error) || isConnectionError(error);
    if (!isPassing || performance.now() >= one.untilMs) {
      one.reject(faultOf(error));
      return;
    }
    if (isNew) one.whole = true;
    else if (isCluster(client)) refresh(client);
    void sleep(isNew ? 0 : RETRY_MS).then(() => {
      enqueue(one);
    });
  }

  function enqueue(one: Waiting): void {
    const node = isCluster(client) ? nodeOf(client, one.call.keys[0] ?? '') : client;
    if (node === undefined) {
      again(one, new Error('CLUSTERDOWN no node is known for the slot'));
      return;
    }
    const lane = laneOf(node);
    lane.waiting.push(one);
    void work(node, lane);
  }

  const run = (call: ScriptCall): Promise<unknown> =>
    new Promise((resolve, reject) => {
      enqueue({ call, whole: false, untilMs: performance.now() + PATIENCE_MS, resolve, reject });
    });
  return {
    run,
    async runAll(calls) {
      const results = await Promise.allSettled(calls.map(run));
      return results.map((result) => {
        if (result.status === 'rejected') throw faultOf(result.reason);
        return result.value;
      });
    },
  };
}
