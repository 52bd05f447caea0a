/**
 * Runs the Lua scripts, by hash, any number of them in one round trip.
 *
 * P1  Every script may be sent twice (see each header), so a call whose answer was lost is simply sent again.
 * P2  A restarted Redis has forgotten the scripts: NOSCRIPT loads them all and repeats only the calls that met it, with their text, because
 *     another node of a cluster may answer this time.
 * P3  In a cluster a call belongs to the slot of its first key, and each may fail for itself.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Fault } from '../../engine/fault.ts';
import { exchange, isCluster, masters } from './client.ts';
import type { Answer, RedisClient, Request } from './client.ts';
import { faultOf, isAbortedInFlight, isNoScript } from './faults.ts';

const NAMES = [
  'acquire',
  'claim',
  'commit',
  'deliver',
  'due',
  'expire',
  'fetch',
  'fetch-careful',
  'forget',
  'gauges',
  'heartbeat',
  'init',
  'init-lease',
  'outbox-read',
  'outbox-remove',
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
  /** Whether each call may touch one shard only. */
  readonly cluster: boolean;
  run(call: ScriptCall): Promise<unknown>;
  /** In one round trip; the first fault is thrown after all have answered. */
  runAll(calls: readonly ScriptCall[]): Promise<unknown[]>;
  /** As `runAll`, but each call has its own answer or fault. Throws when all of them failed. */
  runEach(calls: readonly ScriptCall[]): Promise<Outcome[]>;
  /** Plain commands that only read, each by its key, with its own answer or fault. Throws when none was answered. */
  askEach(requests: readonly Request[]): Promise<Outcome[]>;
  load(): Promise<void>;
  /** The call as a command, with the script's text when the server may not know its hash. */
  request(call: ScriptCall, whole: boolean): Request;
}

export type Outcome = { readonly answer: unknown } | { readonly fault: Fault };

interface Source {
  readonly text: string;
  readonly sha: string;
}

/** Which script a hash names, as in SLOWLOG. */
export function scriptsByHash(): ReadonlyMap<string, ScriptName> {
  return new Map(NAMES.map((name) => [sourceOf(name).sha, name]));
}

export function createScripts(client: RedisClient): Scripts {
  const sources = new Map<ScriptName, Source>(NAMES.map((name) => [name, sourceOf(name)]));

  async function load(): Promise<void> {
    const loading = masters(client).map(async (redis) => {
      const pipeline = redis.pipeline();
      for (const { text } of sources.values()) pipeline.script('LOAD', text);
      for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw faultOf(error);
    });
    const results = await Promise.allSettled(loading);
    const [failed] = results.flatMap((result) => (result.status === 'rejected' ? [result] : []));
    if (failed !== undefined && !isCluster(client)) throw failed.reason;
  }

  function request({ script, keys, args }: ScriptCall, whole: boolean): Request {
    const source = sources.get(script);
    const code = whole ? source?.text : source?.sha;
    return { key: keys[0] ?? '', name: whole ? 'eval' : 'evalsha', args: [code ?? '', keys.length, ...keys, ...args] };
  }

  async function outcomes(calls: readonly ScriptCall[]): Promise<Outcome[]> {
    const found: Outcome[] = Array.from({ length: calls.length });
    let open = calls.map((_, index) => index);
    let whole = false;
    for (let attempt = 1; open.length > 0; attempt += 1) {
      const again: number[] = [];
      const asked = open.flatMap((index) => calls[index] ?? []).map((call) => request(call, whole));
      const results: Answer[] = await exchange(client, asked);
      results.forEach(([error, answer], position) => {
        const index = open[position] ?? 0;
        if (error === null) found[index] = { answer };
        else if (isRepeatable(error) && attempt < ATTEMPTS_MAX) again.push(index);
        else found[index] = { fault: faultOf(error) };
      });
      if (results.some(([error]) => isNoScript(error))) {
        await load();
        whole = true;
      }
      open = again;
    }
    return found;
  }

  async function runAll(calls: readonly ScriptCall[]): Promise<unknown[]> {
    return (await outcomes(calls)).map((outcome) => {
      if ('fault' in outcome) throw outcome.fault;
      return outcome.answer;
    });
  }

  return {
    cluster: isCluster(client),
    load,
    request,
    runAll,
    async runEach(calls) {
      const found = await outcomes(calls);
      const [first] = found;
      if (first !== undefined && 'fault' in first && found.every((outcome) => 'fault' in outcome)) throw first.fault;
      return found;
    },
    askEach: (requests) => askEach(client, requests),
    async run(call) {
      const [answer] = await runAll([call]);
      return answer;
    },
  };
}

async function askEach(client: RedisClient, requests: readonly Request[]): Promise<Outcome[]> {
  const answers = await exchange(client, requests);
  const found = answers.map(([error, answer]): Outcome => (error === null ? { answer } : { fault: faultOf(error) }));
  const [first] = found;
  if (first !== undefined && 'fault' in first && found.every(isUnanswered)) throw first.fault;
  return found;
}

function isUnanswered(outcome: Outcome): boolean {
  return 'fault' in outcome && outcome.fault.retry === 'later';
}

function isRepeatable(error: Error): boolean {
  return isNoScript(error) || isAbortedInFlight(error);
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
