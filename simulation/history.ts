/** One history from beginning to rest: a plan is carried out, everything heals, and what must be true is checked. */
import { virtualAccount } from '../actors/virtual-account/decide.ts';
import type { VirtualAccountState } from '../actors/virtual-account/state.ts';
import { pendingOf } from '../actors/virtual-account/state.ts';
import { KINDS } from '../actors/kinds.ts';
import { foldActor } from '../engine/fold.ts';
import { idOf, kindOf } from '../engine/message.ts';
import { createRegistry } from '../engine/registry.ts';
import type { SurveyPorts } from '../engine/survey.ts';
import { seededRandom } from '../mocks/control/random.ts';
import { createProductLayout } from '../wiring/layout.ts';
import { createCustomers } from './customers.ts';
import { strike } from './faults.ts';
import { startFleet } from './fleet.ts';
import { Broken, checkAtRest, checkStore, createArchive, watched } from './invariants.ts';
import { createModel } from './model.ts';
import type { ExpectedWallet } from './model.ts';
import { ACCOUNT, createOutside } from './outside.ts';
import { isFault } from './plan.ts';
import type { Plan } from './plan.ts';
import type { Scene } from './scene.ts';
import { createServers } from './redis.ts';
import type { Servers } from './redis.ts';
import { createSharedHints, simulatedConfig } from './service.ts';
import { createStory } from './story.ts';
import { createWorld } from './world.ts';

/** Longer than the time between two pulls of the statement. */
const REPULL_MS = 15_000;
const REST_LOOK_MS = 1_000;
/** Simulated time after healing in which everything must have come to rest. */
const REST_MS_MAX = 900_000;
const STORE_LOOK_EVENTS = 200;
const EVENTS_MAX = 400_000;

export interface History {
  readonly seed: number;
  /** Entries committed by all actors. */
  readonly messages: number;
  readonly faults: number;
  readonly events: number;
  readonly simulatedMs: number;
  readonly failure: { readonly invariant: string; readonly message: string } | null;
}

export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

export async function runHistory(plan: Plan, write: ((line: string) => void) | null = null): Promise<History> {
  return (await runScene(plan, write)).history;
}

/** A history, and the scene as it was left. */
export async function runScene(plan: Plan, write: ((line: string) => void) | null): Promise<{ history: History; scene: Scene }> {
  const scene = setScene(plan, write);
  const { world, archive, state } = scene;
  try {
    await play(scene, plan);
    await comeToRest(scene);
  } catch (error) {
    state.failure ??= error;
  }
  const { failure } = state;
  const history = {
    ...{ seed: plan.seed, messages: archive.count(), faults: plan.items.filter(isFault).length },
    ...{ events: world.events(), simulatedMs: world.nowMs(), failure: failure === null ? null : told(failure) },
  };
  return { history, scene };
}

function told(failure: unknown): NonNullable<History['failure']> {
  if (failure instanceof Broken) return { invariant: failure.invariant, message: failure.message };
  return { invariant: 'error', message: failure instanceof Error ? (failure.stack ?? failure.message) : String(failure) };
}

function setScene(plan: Plan, write: ((line: string) => void) | null): Scene {
  const world = createWorld(seededRandom(plan.seed ^ 0x5eed), write);
  const config = simulatedConfig();
  const registry = createRegistry(KINDS);
  const layout = createProductLayout(config, registry);
  const servers = createServers(world, layout, plan.cluster);
  const archive = createArchive();
  const state: Scene['state'] = { failure: null, hasLostTail: false, tailsToCome: 0 };
  const failed = (error: unknown): void => void (state.failure ??= error);
  const { ports } = servers;
  const looked: Servers = { ...servers, ports: watched(ports, archive, failed) };
  const outside = createOutside(world, plan.seed);
  const hints = createSharedHints(world);
  const model = createModel();
  const fleet = startFleet({ world, config, layout, servers: looked, outside, hints }, plan);
  const customers = createCustomers(world, () => fleet.all());
  const wallets = plan.items.filter((item) => !isFault(item) && item.do === 'open').length;
  const story = createStory({ world, outside, customers, model, webhookLoss: plan.webhookLoss, wallets, failed });
  const survey: SurveyPorts = {
    registry,
    mailboxes: ports.mailboxes,
    snapshots: ports.snapshots,
    operations: ports.operations,
    shards: layout.allShards,
  };
  return { world, servers, outside, hints, fleet, story, customers, archive, model, survey, state };
}

async function play(scene: Scene, plan: Plan): Promise<void> {
  const { world, story } = scene;
  for (const item of plan.items) {
    world.at(item.atMs, () => {
      world.trace(() => `-- ${JSON.stringify(item)}`);
      if (isFault(item)) strike(scene, item);
      else story.begin(item);
    });
  }
  const endMs = Math.max(0, ...plan.items.map(({ atMs }) => atMs)) + 1;
  await advance(scene, () => world.nowMs() >= endMs);
}

/** Runs events until it is so; throws what broke. */
async function advance({ world, story, servers, state }: Scene, done: () => boolean): Promise<void> {
  while (!done()) {
    if (!(await world.step())) throw new Broken('rest', 'nothing happens any more');
    story.tellEvents();
    if (world.events() % STORE_LOOK_EVENTS === 0) checkStore(servers.ports);
    if (state.failure !== null) throw state.failure instanceof Error ? state.failure : new Error('a check threw no error');
    if (world.events() > EVENTS_MAX) throw new Broken('rest', `more than ${String(EVENTS_MAX)} events`);
  }
}

/** All faults end; operators resume what is parked; then nothing may be left to do and everything must be right. */
async function comeToRest(scene: Scene): Promise<void> {
  const { world, servers, outside, fleet, story, customers, state, hints } = scene;
  world.trace(() => '-- everything heals');
  for (const server of [servers.redis, servers.mongo]) Object.assign(server, { awayUntilMs: 0, slowUntilMs: 0, errorsAfterWork: 0 });
  outside.trouble.untilMs = 0;
  hints.lostUntilMs = 0;
  fleet.spare();
  const deadlineMs = world.nowMs() + REST_MS_MAX;
  const wait = async (ms: number): Promise<void> => {
    const untilMs = world.nowMs() + ms;
    world.at(ms, () => undefined);
    await advance(scene, () => world.nowMs() >= untilMs);
  };
  const until = async (what: string, isSo: () => Promise<string>): Promise<void> => {
    let missing = '';
    do {
      if (world.nowMs() > deadlineMs) throw new Broken('rest', `${what}: ${missing}`);
      await wait(REST_LOOK_MS);
      await resumeParked(scene);
      missing = await isSo();
    } while (missing !== '');
  };
  await until('a lost tail', () => Promise.resolve(state.tailsToCome === 0 ? '' : 'it is to come'));
  // What was told in the lost span is told again, by the provider as by customers; by them when the bank's lines were pulled again, of which they spend.
  if (state.hasLostTail) await wait(REPULL_MS);
  if (state.hasLostTail) story.begin({ do: 'stale webhooks' });
  if (state.hasLostTail) void customers.repeatAll().catch((error: unknown) => (state.failure ??= error));
  await until('commands', () => Promise.resolve(story.open() === 0 && customers.open() === 0 ? '' : 'some are not answered'));
  story.settleRest();
  await until('money', () => differenceOf(scene));
  await checkAtRest(servers.ports, scene.archive, scene.survey);
}

async function resumeParked({ servers: { ports }, survey, world }: Scene): Promise<void> {
  for (const { actor, error } of await ports.operations.parked(survey.shards)) {
    world.trace(() => `operator: resumes ${actor}, parked: ${error}`);
    await ports.operations.resume(actor);
  }
}

/** What is still under way, or differs from the model; empty when everything is as it must be. */
async function differenceOf(scene: Scene): Promise<string> {
  const { servers, model, story } = scene;
  if (story.open() > 0) return 'webhooks are under way';
  for (const shard of servers.ports.store.shards.values()) {
    const [ready] = shard.ready.keys();
    const [parked] = shard.parked.values();
    const [effect] = shard.effects.values();
    if (shard.outbox.entries.length > 0) return `${shard.shard} has messages for other shards`;
    if (ready !== undefined) return `${ready} is ready`;
    if (parked !== undefined) return `${parked.actor} is parked: ${parked.error}`;
    if (effect !== undefined) return `${effect.record.actor} waits for ${effect.record.type}`;
  }
  for (const [number, expected] of model.wallets) {
    const found = await walletOf(scene, number);
    if (found.available !== expected.available || found.pending !== expected.pending) {
      return `${number} has ${String(found.available)} and ${String(found.pending)} pending, not ${String(expected.available)} and ${String(expected.pending)}`;
    }
  }
  return (await differenceOfWallets(scene)) || differenceOfTotals(scene);
}

/** Wallets that nobody opened, and opened ones that are not open. */
async function differenceOfWallets(scene: Scene): Promise<string> {
  const { servers, model } = scene;
  const actors = [...servers.ports.store.shards.values()].flatMap((shard) => [...shard.tips.keys()]);
  const open = new Set<string>();
  for (const actor of actors.filter((one) => kindOf(one) === virtualAccount.name)) {
    const number = idOf(actor);
    if ((await accountOf(scene, number))?.status === 'active') open.add(number);
  }
  const differing = [...open, ...model.wallets.keys()].find((number) => open.has(number) !== model.wallets.has(number));
  return differing === undefined ? '' : `${differing} is ${open.has(differing) ? 'open, and nobody opened it' : 'not open'}`;
}

/** Suspense is as the model says, and the ledger's bank is what the bank has. */
async function differenceOfTotals({ servers, model, outside, survey }: Scene): Promise<string> {
  const totals = await servers.ports.operations.totals(survey.shards);
  const totalOf = (name: string): bigint =>
    [...totals].reduce((sum, [account, amount]) => (account.startsWith(`${name}:`) ? sum + amount : sum), 0n);
  const [suspense, bank] = [-totalOf('suspense'), totalOf('bank')];
  if (suspense !== model.suspense) return `suspense holds ${String(suspense)}, not ${String(model.suspense)}`;
  const balance = outside.bank.ledger.balance(ACCOUNT);
  return bank === balance ? '' : `the ledger has ${String(bank)} at the bank, which has ${String(balance)}`;
}

/** What the wallet's actor has; a debt counts as less. */
export async function walletOf(scene: Pick<Scene, 'survey'>, number: string): Promise<ExpectedWallet> {
  const state = await accountOf(scene, number);
  return state === undefined ? { available: 0n, pending: 0n } : { available: state.available - state.owing, pending: pendingOf(state) };
}

async function accountOf({ survey }: Pick<Scene, 'survey'>, number: string): Promise<VirtualAccountState | undefined> {
  const folded = await foldActor({ actor: `${virtualAccount.name}:${number}`, known: null }, survey);
  // The registry's kind of that name made this state.
  return folded?.envelope.state as VirtualAccountState | undefined;
}
