/** What a fault is to a round: a name, a way to strike, and what it may take. */
import type { Random } from '../mocks/control/random.ts';
import type { RedisOptions } from '../mocks/servers/redis.ts';
import type { Looking } from '../tests/support/deposits.ts';
import type { Ledger } from './ledger.ts';
import type { Stage } from './stage.ts';

export interface Scene {
  readonly stage: Stage;
  /** Past all cables. */
  readonly looking: Looking;
  readonly random: Random;
  /** The client's, for what a fault itself asks, pays or sends. */
  readonly ledger: Ledger;
  /** Of the round: those of consecutive rounds of a fault meet all its variants in turn. */
  readonly seed: number;
  /** With the counts and lengths of `--full`. */
  readonly full: boolean;
  /** As it was when the load began. */
  readonly loadBegan: { readonly logBytes: number };
  /** What happened, for the report: one line. */
  readonly note: (text: string) => void;
  readonly sleep: (ms: number) => Promise<void>;
}

/** A Redis that only this fault can be played on, and the way to put it away. */
export interface OwnRedis {
  readonly redis: RedisOptions;
  cleanUp(): void;
}

export interface Fault {
  readonly name: string;
  /** The row's first cell. */
  readonly title: string;
  /** How it is noticed, by the system or its operators. */
  readonly detected: string;
  /** Rounds of `--full`. */
  readonly fullRounds: number;
  /** Acknowledged data is lost by definition; what of it was the clients' is listed, and repeated with the same keys. */
  readonly losesTail?: boolean;
  /** A call to the provider may be made twice, because its answer or the word of it was lost: a top-up may have spare invoices. */
  readonly repeatsCalls?: boolean;
  /** Breaks stay open that wait for a person: no other round is played on the stage. */
  readonly leavesBreaks?: boolean;
  /** Prepares a Redis of its own; a text says why this machine does not permit it. */
  readonly prepare?: () => OwnRedis | string;
  /** Strikes once and heals; resolves when the part that was hit serves again. Throws when it did not strike: the round shows nothing then. */
  strike(scene: Scene): Promise<void>;
}

const STRUCK_MS_MAX = 60_000;
const STRUCK_LOOK_MS = 100;

/** Keeps a fault that strikes by chance on for its time, and longer until it has struck; throws when it never does. */
export async function keepOn({ sleep }: Pick<Scene, 'sleep'>, ms: number, hasStruck: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + ms + STRUCK_MS_MAX;
  await sleep(ms);
  while (!(await hasStruck())) {
    if (performance.now() > deadline) throw new Error('it did not strike, however long it was on');
    await sleep(STRUCK_LOOK_MS);
  }
}

export function anyOf<T>(random: Random, items: readonly T[]): T {
  const item = items[random.integer(0, items.length - 1)];
  if (item === undefined) throw new Error('nothing to choose from');
  return item;
}
