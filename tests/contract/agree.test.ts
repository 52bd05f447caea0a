/**
 * The in-memory ports, on which the engine is tested and simulated, and the real scripts agree: random calls of every method of mailboxes,
 * leases, effects, operations and, in the form of a cluster, the outbox, or on an empty server the restoration, go to both, and after each
 * call both have answered the same and hold the same. What is not called here (the beginning of an installation) has the contract tests alone.
 *
 * AGREE_RUNS=5000       more sequences than the few of the test run (`npm run agree -- --runs 5000`) in all forms
 * AGREE_REPLAY='{...}'  the one sequence that a failure named
 */
import { writeFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { connectRedis, disconnect } from '../../providers/redis/connect.ts';
import { startRedis } from '../../mocks/servers/redis.ts';
import { commitCalls } from './agree/commit-calls.ts';
import { mailboxCalls } from './agree/mailbox-calls.ts';
import { acquireBoth, otherCalls } from './agree/other-calls.ts';
import { outboxCalls } from './agree/outbox-calls.ts';
import { onceServing, restoreCalls } from './agree/restore-calls.ts';
import { SHARDS } from './agree/side.ts';
import type { Form } from './agree/side.ts';
import { createWorld, STEP_MS } from './agree/world.ts';
import type { World } from './agree/world.ts';

const RUNS = Number(process.env.AGREE_RUNS ?? 100);
/** A file that takes what was done, for `npm run agree`. */
const REPORT = process.env.AGREE_REPORT;
const CALLS_MAX = 60;
/** Generous: 100 take ten seconds. */
const RUN_MS_MAX = 2_000;
const replay = parseReplay(process.env.AGREE_REPLAY);

// What is compared is what the scripts do, not what survives: without the log each call is twice as fast.
const server = await startRedis({ own: true, settings: { appendonly: 'no' } });
const redis = await connectRedis(server.url, { name: 'agree' });
const done = { runs: 0, calls: 0 };
test.after.always(async () => {
  if (REPORT !== undefined) writeFileSync(REPORT, JSON.stringify(done));
  await disconnect(redis);
  await server.close();
});

const ONE_SERVER = [...mailboxCalls, ...commitCalls, ...otherCalls];
const FORMS = [
  { name: 'one server', cluster: false, empty: false, kinds: ONE_SERVER, runs: share(0.4) },
  { name: 'a cluster', cluster: true, empty: false, kinds: [...ONE_SERVER, ...outboxCalls], runs: share(0.4) },
  { name: 'an empty server', cluster: false, empty: true, kinds: [...restoreCalls, ...ONE_SERVER.map(onceServing)], runs: share(0.2) },
] as const;
const { form: wanted, replayPath, ...where } = replay;

for (const { name, kinds, runs, ...form } of FORMS.filter(({ name }) => (wanted ?? name) === name)) {
  // One after the other: each sequence empties the server.
  test.serial(`whatever is called, in whatever order, the in-memory ports and the scripts agree in the form of ${name}`, async (t) => {
    t.timeout(runs * RUN_MS_MAX); // AVA watches nothing else either while this lasts
    const arbitraries = kinds.flatMap(({ weight, arbitrary }) => Array.from({ length: weight }, () => arbitrary));
    const sequences = fc.commands(arbitraries, {
      maxCommands: CALLS_MAX,
      size: 'max',
      ...(replayPath === undefined ? {} : { replayPath }),
    });
    const before = { ...done };
    const property = fc.asyncProperty(sequences, async (steps) => {
      done.runs += 1;
      await fc.asyncModelRun(async () => ({ model: await ready(form), real: null }), steps);
    });
    const result = await fc.check(property, { numRuns: runs, ...where });
    const [sequencesDone, calls] = [done.runs - before.runs, done.calls - before.calls];
    t.log(`${String(sequencesDone)} sequences of up to ${String(CALLS_MAX)} calls, ${String(calls)} in all, seed ${String(result.seed)}`);
    if (result.failed) t.log(report(name, result));
    t.false(result.failed, 'They disagree: the lines above say on what.');
  });
}

function share(part: number): number {
  return Math.max(1, Math.round(RUNS * part));
}

async function ready(form: Form): Promise<World> {
  const world = await createWorld(redis, form);
  for (const shard of form.empty ? [] : SHARDS) await acquireBoth(world, { shard, worker: 'w1', ttlMs: 2.5 * STEP_MS });
  return {
    ...world,
    both: (what, ask) => {
      done.calls += 1;
      return world.both(what, ask);
    },
  };
}

interface Failed {
  readonly seed: number;
  readonly counterexamplePath: string | null;
  readonly counterexample: unknown;
  readonly errorInstance: unknown;
}

function report(form: string, { seed, counterexamplePath, counterexample, errorInstance }: Failed): string {
  const text = String(counterexample);
  const replayPath = /replayPath="([^"]*)"/.exec(text)?.[1];
  const where = JSON.stringify({ form, seed, path: counterexamplePath, replayPath });
  const error = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  return `${text.replaceAll(/,(?=[a-z])/g, '\n')}\n${error}\nAgain: AGREE_REPLAY='${where}' npm run agree`;
}

interface Replay {
  readonly form?: string;
  readonly seed?: number;
  readonly path?: string;
  readonly replayPath?: string;
}

function parseReplay(text: string | undefined): Replay {
  return text === undefined ? {} : (JSON.parse(text) as Replay);
}
