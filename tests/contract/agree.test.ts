/**
 * The in-memory ports, on which the engine is tested and simulated, and the real scripts agree: random calls of every method go to both, and
 * after each call both have answered the same and hold the same.
 *
 * AGREE_RUNS=5000       more sequences than the few of the test run (`npm run agree -- --runs 5000`)
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
import { SHARDS } from './agree/side.ts';
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
test.after.always(async () => {
  await disconnect(redis);
  await server.close();
});

test('whatever is called, in whatever order, the in-memory ports and the scripts of Redis answer and hold the same', async (t) => {
  t.timeout(RUNS * RUN_MS_MAX); // AVA watches nothing else either while this lasts
  const kinds = [...mailboxCalls, ...commitCalls, ...otherCalls];
  const arbitraries = kinds.flatMap(({ weight, arbitrary }) => Array.from({ length: weight }, () => arbitrary));
  const { replayPath, ...where } = replay;
  let count = 0;
  let calls = 0;
  const counting = (world: World): World => ({
    ...world,
    both: (what, ask) => {
      calls += 1;
      return world.both(what, ask);
    },
  });
  const sequences = fc.commands(arbitraries, { maxCommands: CALLS_MAX, size: 'max', ...(replayPath === undefined ? {} : { replayPath }) });
  const property = fc.asyncProperty(sequences, async (steps) => {
    count += 1;
    await fc.asyncModelRun(async () => ({ model: counting(await ready()), real: null }), steps);
  });
  const result = await fc.check(property, { numRuns: RUNS, ...where });
  if (REPORT !== undefined) writeFileSync(REPORT, JSON.stringify({ runs: count, calls }));
  t.log(`${String(count)} sequences of up to ${String(CALLS_MAX)} calls, ${String(calls)} in all, seed ${String(result.seed)}`);
  if (!result.failed) {
    t.pass();
    return;
  }
  t.log(report(result));
  t.fail('They disagree: the lines above say on what.');
});

async function ready(): Promise<World> {
  const world = await createWorld(redis);
  for (const shard of SHARDS) await acquireBoth(world, { shard, worker: 'w1', ttlMs: 2.5 * STEP_MS });
  return world;
}

interface Failed {
  readonly seed: number;
  readonly counterexamplePath: string | null;
  readonly counterexample: unknown;
  readonly errorInstance: unknown;
}

function report({ seed, counterexamplePath, counterexample, errorInstance }: Failed): string {
  const text = String(counterexample);
  const replayPath = /replayPath="([^"]*)"/.exec(text)?.[1];
  const where = JSON.stringify({ seed, path: counterexamplePath, replayPath });
  const error = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  return `${text.replaceAll(/,(?=[a-z])/g, '\n')}\n${error}\nAgain: AGREE_REPLAY='${where}' npm run agree`;
}

function parseReplay(text: string | undefined): { seed?: number; path?: string; replayPath?: string } {
  return text === undefined ? {} : (JSON.parse(text) as { seed: number; path: string; replayPath: string });
}
