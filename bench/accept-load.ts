/**
 * The load of `accept`, in a process of its own: an open loop. A request is sent when it is due, however many others still wait, and timed from
 * that moment to the last byte of its answer: who had to wait for a connection has waited too. Reads its task from stdin, prints one JSON line.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { loadTask } from './accept-task.ts';
import type { LoadResult, LoadTask } from './accept-task.ts';
import { atRate, figuresOf } from './rig.ts';

/** Requests beyond so many connections wait for one, and their clocks run; without a bound the kernel's queue of connections would be measured. */
const SOCKETS_MAX = 512;
/** How long after the last request its answer is waited for. */
const LAST_ANSWER_MS_MAX = 10_000;

interface Tally {
  readonly latencies: number[];
  readonly late: number[];
  /** Due moments of what is not answered yet. */
  readonly open: Set<{ readonly dueMs: number }>;
  readonly failures: Record<string, number>;
  sent: number;
  /** As they should be. */
  answered: number;
  shed: number;
  lastMs: number;
}

async function run(task: LoadTask): Promise<LoadResult> {
  const tally: Tally = { latencies: [], late: [], open: new Set(), failures: {}, sent: 0, answered: 0, shed: 0, lastMs: 0 };
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX });
  const begun = performance.now();
  await atRate(
    task.rate,
    () => sleep(task.seconds * 1_000),
    (dueMs) => send(task, tally, { agent, dueMs }),
  );
  const deadline = performance.now() + LAST_ANSWER_MS_MAX;
  while (tally.open.size > 0 && performance.now() < deadline) await sleep(5);
  const unanswered = [...tally.open];
  tally.open.clear();
  agent.destroy();
  if (unanswered.length > 0) tally.failures['no answer'] = unanswered.length;
  const { p50, p99, p999, max } = figuresOf([...tally.latencies, ...unanswered.map(({ dueMs }) => performance.now() - dueMs)]);
  const failed = Object.values(tally.failures).reduce((sum, count) => sum + count, 0);
  return {
    ...{ p50Ms: p50, p99Ms: p99, p999Ms: p999, maxMs: max, lateP99Ms: figuresOf(tally.late).p99 },
    ...{ sent: tally.sent, answered: tally.answered, shed: tally.shed, errors: failed - tally.shed, failures: tally.failures },
    perSecond: Math.round((tally.answered * 1_000) / Math.max(task.seconds * 1_000, tally.lastMs - begun)),
  };
}

interface Due {
  readonly agent: Agent;
  readonly dueMs: number;
}

function send(task: LoadTask, tally: Tally, { agent, dueMs }: Due): void {
  const { path, token } = targetOf(task, tally.sent);
  const isCommand = task.kind === 'commands';
  const one = { dueMs };
  const end = (failure: string | null): void => {
    if (!tally.open.delete(one)) return; // an error after the answer, or after the end
    tally.lastMs = performance.now();
    tally.latencies.push(tally.lastMs - dueMs);
    if (failure === null) tally.answered += 1;
    else tally.failures[failure] = (tally.failures[failure] ?? 0) + 1;
  };
  const broken = (error: unknown): void => end(error instanceof Error ? error.message : 'broken');
  tally.sent += 1;
  tally.late.push(performance.now() - dueMs);
  tally.open.add(one);
  const body = '{"amount":"100.00","currency":"SAR"}';
  const keyed = { 'content-type': 'application/json', 'content-length': body.length, 'idempotency-key': randomUUID() };
  const headers = { authorization: `Bearer ${token}`, ...(isCommand ? keyed : {}) };
  const sending = request(`${task.url}${path}`, { agent, method: isCommand ? 'POST' : 'GET', headers }, (response) => {
    if (response.statusCode !== (isCommand ? 201 : 200)) {
      void refused(response, tally).then(end, broken);
      return;
    }
    response.once('end', () => end(null)).once('error', broken);
    response.resume();
  });
  sending.once('error', broken);
  sending.end(isCommand ? body : undefined);
}

/** Wallets in turn, so that none gets more than its share of top-ups; reads look at balances and at fund requests by halves. */
function targetOf({ owners, kind, first }: LoadTask, sent: number): { readonly path: string; readonly token: string } {
  const turn = first + sent;
  const owner = owners[turn % owners.length];
  const round = Math.floor(turn / owners.length);
  const number = owner?.numbers[round % owner.numbers.length] ?? '';
  const what = kind === 'commands' ? '/top-ups' : round % 2 === 0 ? '' : '/fund-requests';
  return { path: `/v1/wallets/${number}${what}`, token: owner?.token ?? '' };
}

const refusal = z.object({ code: z.string() });

/** Status and code; 429 and 503 say that it is too much. */
async function refused(response: IncomingMessage, tally: Tally): Promise<string> {
  const parsed = refusal.safeParse(JSON.parse(await text(response)));
  if (response.statusCode === 429 || response.statusCode === 503) tally.shed += 1;
  return `${String(response.statusCode)} ${parsed.data?.code ?? ''}`;
}

process.stdout.write(`${JSON.stringify(await run(loadTask.parse(JSON.parse(await text(process.stdin)))))}\n`);
