/**
 * Posting alone, as ledgers are compared: credits straight into the mailboxes of wallets, one a request and in bulks, each request timed until
 * its sender hears that all of it is committed. Redis and the worker are processes of their own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { compareEntries } from '../engine/message.ts';
import type { ActorId, Addressed, EntryId } from '../engine/message.ts';
import { exchange } from '../providers/redis/client.ts';
import { shardKeys } from '../providers/redis/keys.ts';
import { list } from '../providers/redis/reply.ts';
import { parseTip } from '../providers/redis/tip.ts';
import { CREDIT, creditedOf, creditOf, decided, openWallets, placed, walletNumbers, wrongWallets } from '../tests/support/deposits.ts';
import type { Looking } from '../tests/support/deposits.ts';
import { atRate, figuresOf, lastLine, perSecond, table } from './rig.ts';
import type { Figures } from './rig.ts';
import { countSpent } from './spent.ts';
import { withWallets } from './systems.ts';
import type { WalletSystem } from './systems.ts';

export interface CreditsOptions {
  readonly wallets: number;
  /** Who each have one request under way, as long as a step takes: so many with one credit a request and then with `bulk`, for each number. */
  readonly callers: readonly number[];
  /** Credits per second, one a request, whoever still waits; a step each. */
  readonly rates: readonly number[];
  /** Credits of a bulk, for one wallet after the other. */
  readonly bulk: number;
  /** How long each step takes. */
  readonly seconds: number;
}

/** What is asked: by so many callers, as fast as they are answered, or at a constant rate. */
type Asking = { readonly callers: number } | { readonly rate: number };

interface Step {
  readonly asking: Asking;
  /** Credits of one request. */
  readonly size: number;
}

interface Measured extends Step, Figures {
  readonly creditsPerSecond: number;
  /** Microseconds of processors for each credit, by part. */
  readonly micros: ReadonlyMap<string, number>;
  /** Requests that nobody said anything about. */
  readonly unanswered: number;
}

const LAST_ANSWERS_MS = 10_000;

export async function credits(options: CreditsOptions): Promise<void> {
  await withWallets('4gb', {}, async (system) => {
    await placed(system.looking, 1);
    await measure(system, options);
  });
}

async function measure({ looking, processes }: WalletSystem, { wallets, callers, rates, bulk, seconds }: CreditsOptions): Promise<void> {
  const count = () => countSpent({ redis: looking.look.redis, self: 'callers', processes });
  const numbers = walletNumbers(wallets);
  await openWallets(looking, numbers);
  const sender = createSender(looking, numbers);
  const closed = callers.flatMap((count) => [1, bulk].map((size): Step => ({ asking: { callers: count }, size })));
  const steps = [...closed, ...rates.map((rate): Step => ({ asking: { rate }, size: 1 }))];
  const stage: Stage = { sender, seconds, count };
  for (const one of closed.slice(-2)) await stepOf(stage, one); // not counted: the worker's code warms up
  const measured: Measured[] = [];
  for (const one of steps) measured.push(await stepOf(stage, one));
  await decided(looking);
  const all = [...sender.credited].map(([number, count]) => [number, { count, total: String(CREDIT * BigInt(count)) }] as const);
  const missing = all.reduce((sum, [, { total }]) => sum + BigInt(total), 0n) - (await creditedOf(looking));
  report(measured, { missing: missing.toString(), wrongWallets: await wrongWallets(looking.ports, Object.fromEntries(all)) });
}

interface Request {
  readonly dueMs: number;
  readonly done: () => void;
  /** Credits that are not committed yet. */
  left: number;
}

/** A credit under way; its entry is null until the send is answered. */
interface Posted {
  readonly request: Request;
  entry: EntryId | null;
}

/** Sends requests to one wallet after the other, and says when all of one is committed: when its wallets' tips, read after the word of their owners, cover it. */
function createSender(looking: Looking, numbers: readonly string[]) {
  const { look, layout } = looking;
  const credited = new Map(numbers.map((number) => [number, 0]));
  const open = new Map<ActorId, Posted[]>(); // in the order of their entries
  const told = new Set<ActorId>(); // their owners said something since we looked
  let sent = 0;
  let isLooking = false;

  async function send(request: Request): Promise<void> {
    const messages = Array.from({ length: request.left }, () => next());
    const posted = messages.map(({ to }) => {
      const one: Posted = { request, entry: null };
      open.set(to, [...(open.get(to) ?? []), one]);
      return one;
    });
    const answers = await look.mailboxes.send(messages, null);
    look.hints.work(messages.map((message) => layout.shardOf(message.to)));
    answers.forEach((answer, index) => {
      const one = posted[index];
      if (one !== undefined && answer.sent) one.entry = answer.entry;
    });
    await lookAtTold();
  }

  function next(): Addressed {
    const number = numbers[sent % numbers.length] ?? '';
    sent += 1;
    credited.set(number, (credited.get(number) ?? 0) + 1);
    return sameCredit(number, `bench/credits/${String(sent)}`);
  }

  /** One look at a time, at all whose owners said something meanwhile and of whom we know where we wait. */
  async function lookAtTold(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    for (;;) {
      const actors = [...told].filter((actor) => open.get(actor)?.[0]?.entry !== null);
      if (actors.length === 0) break;
      for (const actor of actors) told.delete(actor);
      for (const [actor, last] of await lastsOf(looking, actors)) settle(actor, last);
    }
    isLooking = false;
  }

  function settle(actor: ActorId, last: EntryId): void {
    const waiting = open.get(actor) ?? [];
    const next = waiting.findIndex(({ entry }) => entry === null || compareEntries(entry, last) > 0);
    const left = next < 0 ? [] : waiting.slice(next);
    if (left.length === 0) open.delete(actor);
    else open.set(actor, left);
    if (left[0]?.entry === null) told.add(actor); // the word may have been about this one too
    for (const { request } of waiting.slice(0, waiting.length - left.length)) {
      request.left -= 1;
      if (request.left === 0) request.done();
    }
  }

  look.hints.onCommitted((actors) => {
    for (const actor of actors) if (open.has(actor)) told.add(actor);
    void lookAtTold();
  });

  return {
    credited: credited as ReadonlyMap<string, number>,
    /** Requests without an answer. */
    left: (): readonly Request[] => [...new Set([...open.values()].flat().map(({ request }) => request))],
    request: (size: number, dueMs: number): Promise<void> => new Promise((done) => void send({ dueMs, done, left: size })),
  };
}

type Sender = ReturnType<typeof createSender>;

const NAME = 'bench/credits/0';
const FIRST = creditOf('0', { id: NAME });

/** As `creditOf` makes it, of a text that was checked once: whoever loads a ledger does not make each posting anew. */
function sameCredit(number: string, id: string): Addressed {
  return { ...FIRST, to: `virtual-account:${number}`, id, body: FIRST.body.replace(NAME, id) };
}

/** Where their owners are: one read for each shard, in one round trip. */
async function lastsOf({ look, layout }: Looking, actors: readonly ActorId[]): Promise<[ActorId, EntryId][]> {
  const byKey = new Map<string, ActorId[]>();
  for (const actor of actors) {
    const { tip } = shardKeys(layout.shardOf(actor));
    const others = byKey.get(tip);
    if (others === undefined) byKey.set(tip, [actor]);
    else others.push(actor);
  }
  const requests = [...byKey].map(([key, some]) => ({ key, name: 'hmget', args: [key, ...some] }));
  const answers = await exchange(look.redis, requests);
  return [...byKey.values()].flatMap((some, index) => {
    const tips = list(answers[index]?.[1]);
    return some.map((actor, place): [ActorId, EntryId] => [actor, parseTip(tips[place])?.last ?? '0-0']);
  });
}

interface Stage {
  readonly sender: Sender;
  readonly seconds: number;
  readonly count: () => ReturnType<typeof countSpent>;
}

async function stepOf({ sender, seconds, count }: Stage, step: Step): Promise<Measured> {
  const spent = await count();
  const begun = performance.now();
  const latencies: number[] = [];
  const ask = async (dueMs: number): Promise<void> => {
    await sender.request(step.size, dueMs);
    latencies.push(performance.now() - dueMs);
  };
  await asked(step, seconds, ask);
  const deadline = performance.now() + LAST_ANSWERS_MS;
  while (sender.left().length > 0 && performance.now() < deadline) await sleep(1);
  const credits = latencies.length * step.size;
  const creditsPerSecond = perSecond(credits, performance.now() - begun);
  const { parts } = await spent();
  const micros = new Map([...parts].map(([part, all]) => [part, Math.round((all * 10) / credits) / 10]));
  const late = sender.left().map(({ dueMs }) => performance.now() - dueMs);
  return { ...step, ...figuresOf([...latencies, ...late]), creditsPerSecond, micros, unanswered: late.length };
}

/** Resolves when the time is over, whoever still waits. */
async function asked({ asking, size }: Step, seconds: number, ask: (dueMs: number) => Promise<void>): Promise<void> {
  const time = (): Promise<void> => sleep(seconds * 1_000);
  if ('rate' in asking) return atRate(asking.rate / size, time, (dueMs) => void ask(dueMs));
  const end = performance.now() + seconds * 1_000;
  const caller = async (): Promise<void> => {
    while (performance.now() < end) await ask(performance.now());
  };
  for (let number = 0; number < asking.callers; number += 1) void caller();
  await time();
}

function report(measured: readonly Measured[], end: { readonly missing: string; readonly wrongWallets: number }): void {
  const how = ({ asking }: Step): string => ('rate' in asking ? `${String(asking.rate)}/s` : `${String(asking.callers)} callers`);
  table([
    ['asked', 'credits a request', 'committed/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'µs of processors for each credit'],
    ...measured.map((one) => [
      how(one),
      ...[one.size, one.creditsPerSecond, one.p50, one.p99, one.p999, one.max].map(String),
      [...one.micros].map(([part, micros]) => `${part} ${String(micros)}`).join(', '),
    ]),
  ]);
  const unanswered = measured.reduce((sum, one) => sum + one.unanswered, 0);
  const figures = measured.flatMap(({ asking, size, creditsPerSecond, p50, p99, micros }) => {
    const name = 'rate' in asking ? `at${String(asking.rate)}` : `${size === 1 ? 'singles' : 'bulks'}By${String(asking.callers)}`;
    const sum = [...micros.values()].reduce((total, one) => total + one, 0);
    const all = { PerSecond: creditsPerSecond, P50Ms: p50, P99Ms: p99, Micros: Math.round(sum * 10) / 10 };
    return Object.entries(all).map(([figure, value]) => [`${name}${figure}`, value] as const);
  });
  lastLine({ bench: 'credits', ...Object.fromEntries(figures), unanswered, ...end });
  if (unanswered > 0 || end.missing !== '0' || end.wrongWallets > 0) process.exitCode = 1;
}
