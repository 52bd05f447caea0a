/**
 * Clients that open wallets all the time, repeat with the same key what was not answered well, and remember what they were promised; and
 * readers beside them.
 *
 * K1  What was promised is found. A promise that is not found is of a lost tail, and listed.
 * K2  Whoever repeats a command with its key gets the first answer. One of a lost tail is done anew, once.
 * K3  A read is answered with what was promised, or not at all.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { field } from '../support/story.ts';
import { callApi } from '../support/system.ts';
import type { Reply } from '../support/system.ts';

const CLIENTS = 3;
const PAUSE_MS = 20;
const REPEAT_MS = 100;
const READ_MS = 50;
/** It walks every actor. */
const POSITION_MS = 1_000;
const CHECK_MS_MAX = 30_000;
const REPEATED_AT_ONCE = 8;
/** An owner may have 100. */
const WALLETS_PER_OWNER = 50;

interface Promised {
  readonly owner: string;
  readonly key: string;
  id: string;
}

export interface Promises {
  readonly acknowledged: number;
  /** Commands that were answered 201 and are not found (K1), as `<owner>/<key>`; each was then repeated. */
  readonly lostTail: readonly string[];
  readonly unanswered: number;
  /** Wallets beyond one for each key. */
  readonly doubled: number;
  /** Balances and positions that were answered so far. */
  readonly reads: number;
  /** Sentences (K2, K3). */
  readonly wrong: readonly string[];
}

export interface Clients {
  /** Compares with what the service shows, and repeats what was promised since the last check; the clients rest meanwhile. */
  check(): Promise<Promises>;
  stop(): Promise<void>;
}

export interface Service {
  readonly gateway: string;
  readonly operators: string;
  /** Replicas are waited for: what was promised is found at any time. Else its decision may be lost and its message not, until it is decided again. */
  readonly secured: boolean;
}

interface State {
  stopped: boolean;
  paused: boolean;
  opened: number;
  active: number;
  reads: number;
  /** So many of the promised were checked before. */
  checked: number;
  readonly promised: Promised[];
  /** Each sentence once, however often it was so. */
  readonly wrong: Set<string>;
  /** Promises that a read did not find. */
  readonly missed: Set<string>;
}

export function startClients(service: Service): Clients {
  const state: State = {
    ...{ stopped: false, paused: false, opened: 0, active: 0, reads: 0, checked: 0 },
    ...{ promised: [], wrong: new Set(), missed: new Set() },
  };
  const running = [
    ...Array.from({ length: CLIENTS }, () => client(state, service)),
    readWallets(state, service),
    readPositions(state, service),
  ];
  return {
    async check() {
      state.paused = true;
      const found = await compared(state, service);
      state.paused = false;
      return found;
    },
    async stop() {
      state.stopped = true;
      await Promise.all(running);
    },
  };
}

async function client(state: State, service: Service): Promise<void> {
  while (!state.stopped) {
    if (!state.paused) {
      state.active += 1;
      const number = (state.opened += 1);
      const [owner, key] = [`owner-${String(Math.floor(number / WALLETS_PER_OWNER))}`, `key-${String(number)}`];
      const id = await open(state, service, { owner, key });
      if (id !== null) state.promised.push({ owner, key, id });
      state.active -= 1;
    }
    await sleep(PAUSE_MS);
  }
}

/** What a command is, and until when (of `performance`) it is repeated. */
interface Command extends Omit<Promised, 'id'> {
  readonly untilMs?: number;
}

/** The wallet that the key is answered with; null when there is no time left. */
async function open(state: State, { gateway }: Service, { owner, key, untilMs = Infinity }: Command): Promise<string | null> {
  while (!state.stopped && performance.now() < untilMs) {
    const reply = await callApi(`${gateway}/v1/wallets`, { as: owner, key, body: {} }).catch(() => null);
    if (reply?.status === 201) return String(reply.body['id']);
    await sleep(REPEAT_MS);
  }
  return null;
}

// ---- reads (K3) ------------------------------------------------------------------------------------------------------------------

async function readWallets(state: State, { gateway }: Service): Promise<void> {
  for (let turn = 0; !state.stopped; turn += 1) {
    const one = state.promised[(turn * 7) % Math.max(1, state.promised.length)];
    if (one !== undefined && !state.paused) {
      const { id } = one;
      const reply = await callApi(`${gateway}/v1/wallets/${id}`, { as: one.owner }).catch(() => null);
      if (reply?.status === 404)
        state.missed.add(nameOf(one)); // lost, or to be decided again: see the check
      else noteRead(state, reply, field(reply?.body, 'available', 'amount') === '0.00' ? null : `wallet ${id}`);
    }
    await sleep(READ_MS);
  }
}

async function readPositions(state: State, { operators }: Service): Promise<void> {
  while (!state.stopped) {
    if (!state.paused) {
      const reply = await callApi(`${operators}/ops/v1/position`, { as: 'olga', scope: 'ops' }).catch(() => null);
      // What a shard that fails over has not decided yet is missing on one side: only at rest is it proven. But every commit balances.
      noteRead(state, reply, field(reply?.body, 'identity', 'SAR') === '0.00' ? null : 'the position');
    }
    await sleep(POSITION_MS);
  }
}

function noteRead(state: State, reply: Reply | null, wrong: string | null): void {
  if (reply === null || reply.status === 503) return; // not at all
  state.reads += 1;
  if (reply.status !== 200) state.wrong.add(`a read was answered ${String(reply.status)} ${String(reply.body['code'])}`);
  else if (wrong !== null) state.wrong.add(`${wrong} was read as ${JSON.stringify(reply.body).slice(0, 300)}`);
}

// ---- the check -------------------------------------------------------------------------------------------------------------------

async function compared(state: State, service: Service): Promise<Promises> {
  const deadline = performance.now() + CHECK_MS_MAX;
  while (state.active > 0 && performance.now() < deadline) await sleep(REPEAT_MS);
  const { promised, missed } = state;
  const before = await walletsOf(service, promised);
  const lost = promised.filter(({ owner, id }) => before.get(owner)?.has(id) !== true);
  const lostTail = lost.map(nameOf);
  const wrong = [...state.wrong];
  state.wrong.clear();
  for (const name of service.secured ? missed : []) if (!lostTail.includes(name)) wrong.push(`${name} was not found for a while`);
  missed.clear();
  wrong.push(...(await repeated(state, service, lost)));
  state.checked = promised.length;
  const after = await walletsOf(service, promised);
  const keys = new Map<string, number>();
  for (const { owner } of promised) keys.set(owner, (keys.get(owner) ?? 0) + 1);
  const doubled = [...after].reduce((sum, [owner, ids]) => sum + Math.max(0, ids.size - (keys.get(owner) ?? 0)), 0);
  return { acknowledged: promised.length, lostTail, unanswered: state.active, doubled, reads: state.reads, wrong };
}

/** Every command since the last check once more, by its key (K2). */
async function repeated(state: State, service: Service, lost: readonly Promised[]): Promise<string[]> {
  const wrong: string[] = [];
  const left = [...new Set([...lost, ...state.promised.slice(state.checked)])];
  const untilMs = performance.now() + CHECK_MS_MAX;
  const repeat = async (): Promise<void> => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) {
      const id = await open(state, service, { ...one, untilMs });
      if (id === one.id) continue;
      if (id === null) {
        wrong.push(`${nameOf(one)} was not answered when it was repeated`);
        continue;
      }
      if (!lost.includes(one)) wrong.push(`${nameOf(one)} opened ${one.id}, and ${id} when it was repeated`);
      one.id = id;
    }
  };
  await Promise.all(Array.from({ length: REPEATED_AT_ONCE }, repeat));
  return wrong;
}

function nameOf({ owner, key }: Promised): string {
  return `${owner}/${key}`;
}

/** Owner -> ids of the wallets that it is shown. */
async function walletsOf({ gateway }: Service, promised: readonly Promised[]): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (const owner of new Set(promised.map((one) => one.owner))) {
    const { body } = await callApi(`${gateway}/v1/wallets`, { as: owner });
    const items = Array.isArray(body['items']) ? body['items'] : [];
    found.set(owner, new Set(items.map((item: unknown) => String(field(item, 'id')))));
  }
  return found;
}
