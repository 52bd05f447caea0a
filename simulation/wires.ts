/**
 * The wires between a simulated process and its servers: calls take time, arrive in order, and what can go wrong with a call does.
 *
 * W1  A call is carried out in one step at the server, or not at all; between that step and its answer anything may happen.
 * W2  The answer of a call that was carried out may be lost: the caller sees an error.
 */
import { Fault } from '../engine/fault.ts';
import type { Life } from './life.ts';
import type { World } from './world.ts';

/** What happens to one call. */
export const FATES = ['request lost', 'answer lost', 'killed before', 'killed after', 'paused before', 'paused after'] as const;
export type Fate = (typeof FATES)[number];

/** A server as its callers see it. */
export interface Server {
  readonly name: string;
  /** Calls wait or fail until then. */
  awayUntilMs: number;
  /** Extra time of every call until then. */
  slowUntilMs: number;
  /** So many calls are carried out and answered by an error. */
  errorsAfterWork: number;
}

export interface Line {
  readonly world: World;
  readonly life: Life;
  readonly server: Server;
  /** Waits while the server is away, as a worker's connection does; others fail at once. */
  readonly patient: boolean;
  /** Drawn for every call. */
  readonly fateOf: (method: string) => Fate | null;
  /** Called when the process dies by a call. */
  readonly onKilled: () => void;
}

const LATENCY_MS = 3;
const SLOW_MS = 400;
const TIMEOUT_MS = 300;
const PAUSE_MS = 8_000;

/** The port as this process reaches it. */
export function wired<T extends object>(port: T, line: Line): T {
  const order = { lastMs: 0 };
  return new Proxy(port, {
    get(target, name, receiver): unknown {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown =>
        callOver(line, order, { method: String(name), work: () => Reflect.apply(member, target, args) as Promise<unknown> });
    },
  });
}

interface Work {
  readonly method: string;
  readonly work: () => Promise<unknown>;
}

function callOver(line: Line, order: { lastMs: number }, { method, work }: Work): Promise<unknown> {
  const { world, life, server } = line;
  return new Promise((resolve, reject) => {
    if (!life.isAlive()) return;
    const fate = line.fateOf(method);
    if (fate !== null) world.trace(() => `${life.name}: ${method} on ${server.name}: ${fate}`);
    const fail = (code: string): void => void life.later(TIMEOUT_MS, () => reject(new Fault({ code, retry: 'later' })));
    if (fate === 'request lost') return fail(`${server.name}_timeout`);
    const arrive = (): void => {
      if (!carriesOn(line, fate, 'before')) return;
      if (world.nowMs() < server.awayUntilMs) {
        if (line.patient) world.at(server.awayUntilMs - world.nowMs(), arrive);
        else life.now(() => reject(new Fault({ code: `${server.name}_away`, retry: 'later' })));
        return;
      }
      const errs = server.errorsAfterWork > 0;
      if (errs) server.errorsAfterWork -= 1;
      const answer = (tell: () => void): void => {
        if (!carriesOn(line, fate, 'after')) return;
        if (fate === 'answer lost' || errs) return fail(`${server.name}_timeout`);
        const backMs = world.random.integer(0, LATENCY_MS);
        if (backMs === 0) life.now(tell);
        else life.later(backMs, tell);
      };
      work().then(
        (value) => answer(() => resolve(value)),
        (error: unknown) => answer(() => reject(error instanceof Error ? error : new Error(String(error)))),
      );
    };
    const slowMs = world.nowMs() < server.slowUntilMs ? world.random.integer(0, SLOW_MS) : 0;
    order.lastMs = Math.max(order.lastMs, world.nowMs() + world.random.integer(0, LATENCY_MS) + slowMs);
    world.at(order.lastMs - world.nowMs(), arrive);
  });
}

/** False when the process dies here. */
function carriesOn({ life, onKilled }: Line, fate: Fate | null, moment: 'before' | 'after'): boolean {
  if (fate === `killed ${moment}`) {
    life.kill();
    onKilled();
    return false;
  }
  if (fate === `paused ${moment}`) life.pause(PAUSE_MS);
  return true;
}
