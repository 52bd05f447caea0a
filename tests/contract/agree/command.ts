/** A command of fast-check: what is done, printed so that a person can do it again. */
import type fc from 'fast-check';
import type { World } from './world.ts';

export type Step = fc.AsyncCommand<World, null>;

/** A kind of call: its arguments, and how both sides are asked. Arguments are small numbers that lead to what is there by then. */
export function kind<Args>(name: string, args: fc.Arbitrary<Args>, run: (world: World, args: Args) => Promise<void>): fc.Arbitrary<Step> {
  return args.map((chosen) => ({
    check: () => true,
    run: (world) => run(world, chosen),
    toString: () => `${name} ${JSON.stringify(chosen)}`,
  }));
}

export interface Weighted {
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<Step>;
}
