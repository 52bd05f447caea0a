/**
 * Runs the Lua scripts, by hash, any number of them in one round trip.
 *
 * P1  Every script may be sent twice (see each header), so a call whose answer was lost is simply sent again.
 * P2  A restarted Redis has forgotten the scripts: NOSCRIPT loads them all and repeats only the calls that met it.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { faultOf, isAbortedInFlight, isNoScript } from './faults.ts';

const NAMES = [
  'acquire',
  'claim',
  'commit',
  'due',
  'fetch',
  'fetch-careful',
  'forget',
  'heartbeat',
  'init',
  'peek',
  'peek-timers',
  'read',
  'release',
  'renew',
  'restore-begin',
  'restore-deliver',
  'restore-finish',
  'restore-put',
  'resume',
  'retry',
  'send',
  'settle',
  'skip',
  'trim',
] as const;
const ATTEMPTS_MAX = 3;

export type ScriptName = (typeof NAMES)[number];

export interface ScriptCall {
  readonly script: ScriptName;
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

export interface Scripts {
  run(call: ScriptCall): Promise<unknown>;
  /** In one round trip; the first fault is thrown after all have answered. */
  runAll(calls: readonly ScriptCall[]): Promise<unknown[]>;
  load(): Promise<void>;
}

interface Source {
  readonly text: string;
  readonly sha: string;
}

export function createScripts(redis: Redis): Scripts {
  const sources = new Map<ScriptName, Source>(NAMES.map((name) => [name, sourceOf(name)]));
  const shaOf = (name: ScriptName): string => sources.get(name)?.sha ?? '';

  async function load(): Promise<void> {
    const pipeline = redis.pipeline();
    for (const { text } of sources.values()) pipeline.script('LOAD', text);
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw faultOf(error);
  }

  async function runAll(calls: readonly ScriptCall[]): Promise<unknown[]> {
    const answers: unknown[] = Array.from({ length: calls.length });
    let open = calls.map((_, index) => index);
    for (let attempt = 1; open.length > 0; attempt += 1) {
      const again: number[] = [];
      let failed: unknown = null;
      const results = await exchange(redis, calls, { open, shaOf });
      results.forEach(([error, answer], position) => {
        const index = open[position] ?? 0;
        if (error === null) answers[index] = answer;
        else if (isRepeatable(error) && attempt < ATTEMPTS_MAX) again.push(index);
        else failed ??= error;
      });
      if (failed !== null) throw faultOf(failed);
      if (results.some(([error]) => isNoScript(error))) await load();
      open = again;
    }
    return answers;
  }

  return {
    load,
    runAll,
    async run(call) {
      const [answer] = await runAll([call]);
      return answer;
    },
  };
}

function isRepeatable(error: Error): boolean {
  return isNoScript(error) || isAbortedInFlight(error);
}

type Answer = [error: Error | null, answer: unknown];

interface Exchange {
  readonly open: readonly number[];
  readonly shaOf: (name: ScriptName) => string;
}

async function exchange(redis: Redis, calls: readonly ScriptCall[], { open, shaOf }: Exchange): Promise<Answer[]> {
  const pipeline = redis.pipeline();
  for (const index of open) {
    const call = calls[index];
    if (call !== undefined) pipeline.call('evalsha', [shaOf(call.script), call.keys.length, ...call.keys, ...call.args]);
  }
  try {
    return (await pipeline.exec()) ?? [];
  } catch (error) {
    throw faultOf(error);
  }
}

const FOLDER = new URL('./lua/', import.meta.url);
const INCLUDE = /^-- include: (.+)$/m;

/** The script with the parts it names, after its header: the shebang must stay the first line. */
function sourceOf(name: ScriptName): Source {
  const raw = readFileSync(new URL(`${name}.lua`, FOLDER), 'utf8');
  const text = raw.replace(INCLUDE, (_line, parts: string) => parts.split(', ').map(partOf).join('\n'));
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

function partOf(part: string): string {
  return readFileSync(new URL(`parts/${part}.lua`, FOLDER), 'utf8');
}
