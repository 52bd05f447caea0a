/** Clients that open wallets all the time, repeat with the same key what was not answered well, and remember what they were promised. */
import { setTimeout as sleep } from 'node:timers/promises';
import { callApi } from '../support/system.ts';

const CLIENTS = 3;
const PAUSE_MS = 20;
const REPEAT_MS = 100;
const CHECK_MS_MAX = 30_000;
/** An owner may have 100. */
const WALLETS_PER_OWNER = 50;

interface Promised {
  readonly owner: string;
  readonly key: string;
  readonly id: string;
}

export interface Promises {
  readonly acknowledged: number;
  readonly lost: number;
  readonly doubled: number;
}

export interface Clients {
  /** Compares with what the service shows; the clients rest meanwhile. */
  check(): Promise<Promises>;
  stop(): Promise<void>;
}

export function startClients(gateway: string): Clients {
  const promised: Promised[] = [];
  const state = { stopped: false, paused: false, opened: 0, active: 0 };

  async function open(owner: string, key: string): Promise<void> {
    while (!state.stopped) {
      const reply = await callApi(`${gateway}/v1/wallets`, { as: owner, key, body: {} }).catch(() => null);
      if (reply?.status === 201) {
        promised.push({ owner, key, id: String(reply.body['id']) });
        return;
      }
      await sleep(REPEAT_MS);
    }
  }

  async function client(): Promise<void> {
    while (!state.stopped) {
      if (!state.paused) {
        state.active += 1;
        const number = (state.opened += 1);
        await open(`owner-${String(Math.floor(number / WALLETS_PER_OWNER))}`, `key-${String(number)}`);
        state.active -= 1;
      }
      await sleep(PAUSE_MS);
    }
  }

  const running = Array.from({ length: CLIENTS }, client);
  return {
    async check() {
      state.paused = true;
      const deadline = performance.now() + CHECK_MS_MAX;
      while (state.active > 0 && performance.now() < deadline) await sleep(REPEAT_MS);
      const unanswered = state.active;
      const found = await walletsOf(gateway, [...new Set(promised.map(({ owner }) => owner))]);
      const lost = promised.filter(({ owner, id }) => found.get(owner)?.has(id) !== true).length;
      const keys = new Map<string, number>();
      for (const { owner } of promised) keys.set(owner, (keys.get(owner) ?? 0) + 1);
      const doubled = [...found].reduce((sum, [owner, ids]) => sum + Math.max(0, ids.size - (keys.get(owner) ?? 0)), 0);
      state.paused = false;
      return { acknowledged: promised.length, lost: lost + unanswered, doubled };
    },
    async stop() {
      state.stopped = true;
      await Promise.all(running);
    },
  };
}

async function walletsOf(gateway: string, owners: readonly string[]): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (const owner of owners) {
    const { body } = await callApi(`${gateway}/v1/wallets`, { as: owner });
    const items = Array.isArray(body['items']) ? body['items'] : [];
    found.set(
      owner,
      new Set(items.map((item: unknown) => String(typeof item === 'object' && item !== null && 'id' in item ? item.id : ''))),
    );
  }
  return found;
}
