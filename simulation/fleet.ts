/** The processes of a history: started again when they died, told apart from one another, and hit by what the plan says. */
import { KINDS } from '../actors/kinds.ts';
import type { Kind } from '../engine/actor.ts';
import { seededRandom } from '../mocks/control/random.ts';
import type { Plan } from './plan.ts';
import { startProcess } from './service.ts';
import type { Parts, Process } from './service.ts';
import type { Fate } from './wires.ts';

const BACK_MS = 1_500;
/** Clocks have a random stream of their own. */
const CLOCKS = 0xc10c;

export interface Fleet {
  all(): readonly Process[];
  kill(index: number): void;
  restart(index: number): void;
  pause(index: number, ms: number): void;
  /** The n-th call of this process from now on meets this. */
  doom(index: number, fate: Fate, afterCalls: number): void;
  /** From now on: nobody is doomed any more. */
  spare(): void;
  /** Until then deciding for actors of this kind throws, or kills the process. */
  badRules(kind: number, how: 'throw' | 'kill', ms: number): void;
}

interface Slot {
  readonly name: string;
  /** Every second one: leases of the others end by themselves. */
  readonly replaces: boolean;
  readonly roles: readonly string[];
  lives: number;
  process: Process | null;
  doom: { fate: Fate; calls: number }[];
}

export function startFleet(parts: Parts, { seed, processes, clocksOffMs }: Pick<Plan, 'seed' | 'processes' | 'clocksOffMs'>): Fleet {
  const { world } = parts;
  const clocks = seededRandom(seed ^ CLOCKS);
  const bad = { kind: '', how: 'throw', untilMs: 0 };
  const slots = processes.map((some, index): Slot => {
    return { name: `p${String(index)}`, replaces: index % 2 === 0, roles: some, lives: 0, process: null, doom: [] };
  });
  const start = (slot: Slot): void => {
    slot.lives += 1;
    const name = `${slot.name}.${String(slot.lives)}`;
    let gone = false;
    const onGone = (): void => {
      if (gone) return;
      gone = true;
      world.trace(() => `${name}: gone`);
      slot.process = null;
      world.at(world.random.integer(1, BACK_MS), () => start(slot));
    };
    const die = (): void => {
      slot.process?.life.kill();
      onGone();
    };
    const kinds = KINDS.map((kind) => misled(kind, () => (world.nowMs() < bad.untilMs && bad.kind === kind.name ? bad.how : ''), die));
    world.trace(() => `${name}: starts`);
    slot.process = startProcess(parts, {
      ...{ name, place: slot.name, replaces: slot.replaces, roles: slot.roles, kinds },
      clockAheadMs: clocks.integer(-clocksOffMs, clocksOffMs),
      onGone,
      fateOf: (method) => fateOf(slot, method),
    });
  };
  slots.forEach(start);
  const at = (index: number): Slot | undefined => slots[index % slots.length];
  return {
    all: () => slots.flatMap(({ process }) => (process === null ? [] : [process])),
    kill(index) {
      const process = at(index)?.process;
      if (process !== null && process !== undefined) {
        process.life.kill();
        process.gone();
      }
    },
    restart: (index) => at(index)?.process?.stop(),
    pause: (index, ms) => at(index)?.process?.life.pause(ms),
    doom: (index, fate, calls) => at(index)?.doom.push({ fate, calls }),
    spare() {
      for (const slot of slots) slot.doom = [];
      bad.untilMs = 0;
    },
    badRules(kind, how, ms) {
      Object.assign(bad, { kind: KINDS[kind % KINDS.length]?.name ?? '', how, untilMs: world.nowMs() + ms });
    },
  };
}

/** A call that only looks is no place for a lost answer; what matters are the calls that write. */
const WRITES = new Set([
  'send',
  'commit',
  'trim',
  'due',
  'acquire',
  'release',
  'expire',
  'claim',
  'settle',
  'retry',
  'insert',
  'put',
  'forget',
  'deliver',
  'remove',
  'fetch',
]);

function fateOf(slot: Slot, method: string): Fate | null {
  const [next] = slot.doom;
  if (next === undefined || !WRITES.has(method)) return null;
  next.calls -= 1;
  if (next.calls >= 0) return null;
  slot.doom.shift();
  return next.fate;
}

/** The kind as a bad release would have it, while it is deployed. */
function misled(kind: Kind, how: () => string, die: () => void): Kind {
  return {
    ...kind,
    decide(state, entry) {
      const what = how();
      if (what === '') return kind.decide(state, entry);
      if (what === 'kill') die();
      throw new Error('a bad release');
    },
  };
}
