/**
 * The most that two cores could do: the bare loop, with each message keeping a processor busy for as long as the pure functions of a deposit do,
 * and MongoDB and the bank for it. The work is spread over processes as evenly as it never is in truth; everything else is free.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loopAt, startLoopRedis } from './bare-loop.ts';
import type { BareLoop } from './bare-loop.ts';
import { lastLine, table } from './rig.ts';

export interface CeilingOptions {
  readonly wallets: number;
  readonly messages: number;
  readonly processes: number;
  /** Of work for each message. */
  readonly micros: number;
}

const LOOP = { page: 500, shards: 16 } as const;

export async function ceiling({ wallets, messages, processes, micros }: CeilingOptions): Promise<void> {
  const options: BareLoop = { ...LOOP, actors: wallets, messages };
  const bare = await measured(options, { processes: 1, micros: 0 });
  const most = await measured(options, { processes, micros });
  const ratio = Math.round((most / bare) * 1000) / 1000;
  table([
    ['what', 'per second', 'of the bare loop'],
    ['bare loop', String(bare), ''],
    [`with ${String(micros)} µs of work each, processes: ${String(processes)}`, String(most), `${String(Math.round(ratio * 1000) / 10)} %`],
  ]);
  lastLine({ bench: 'ceiling', bareLoopPerSecond: bare, ceilingPerSecond: most, ratio, wallets, messages, processes, micros });
}

/** Messages per second of all processes together. */
async function measured(options: BareLoop, { processes, micros }: Pick<CeilingOptions, 'processes' | 'micros'>): Promise<number> {
  const redis = await startLoopRedis(options);
  try {
    if (processes === 1) return await loopAt(redis.url, options, { process: 0, processes, micros });
    const script = fileURLToPath(new URL('ceiling-loop.js', import.meta.url));
    const shares = Array.from({ length: processes }, (_, process_) => JSON.stringify({ process: process_, processes, micros }));
    const run = promisify(execFile);
    const args = [...process.execArgv, script, redis.url, JSON.stringify(options)];
    const ends = await Promise.all(shares.map((share) => run(process.execPath, [...args, share])));
    return ends.reduce((sum, { stdout }) => sum + Number(stdout), 0);
  } finally {
    await redis.close();
  }
}
