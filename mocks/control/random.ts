/** A small seeded generator (mulberry32): the same seed gives the same ids, rows and faults. Not for secrets. */
export interface Random {
  /** A number from 0 (included) to 1 (excluded). */
  next(): number;
  /** An integer from `least` to `most`, both included. */
  integer(least: number, most: number): number;
  digits(count: number): string;
  uuid(): string;
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const integer = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  const text = (count: number, alphabet: string): string =>
    Array.from({ length: count }, () => alphabet.charAt(integer(0, alphabet.length - 1))).join('');
  const hex = (count: number): string => text(count, '0123456789abcdef');
  return {
    next,
    integer,
    digits: (count) => text(count, '0123456789'),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${text(1, '89ab')}${hex(3)}-${hex(12)}`,
  };
}

/** Two runs of a fake beside one long-lived system must not hand out the same ids, so without a seed one is drawn. */
export function drawSeed(): number {
  return Math.floor(Math.random() * 4_294_967_296);
}
