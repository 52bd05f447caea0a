/**
 * A queue for what waits long, packed into buffers outside of the heap: a collector follows every object of the heap, and lets it grow to
 * about four times what lives there.
 */
import { z } from 'zod';

export interface PackedQueue<T> {
  readonly length: number;
  push(item: T): void;
  /** The oldest ones, at most a pack of them, at least one if there is any; they stay until they are dropped. */
  oldest(): readonly T[];
  /** Forgets so many of the oldest. */
  drop(count: number): void;
}

/** `schema` reads back what was pushed: items are JSON while they wait. */
export function createPackedQueue<T>(schema: z.ZodType<T>, itemsPerPack: number): PackedQueue<T> {
  const items = z.array(schema);
  const packs: Buffer[] = [];
  let first: T[] = [];
  let last: T[] = [];
  let length = 0;
  return {
    get length() {
      return length;
    },
    push: (item) => {
      length += 1;
      last.push(item);
      if (last.length < itemsPerPack) return;
      packs.push(Buffer.from(JSON.stringify(last)));
      last = [];
    },
    oldest: () => {
      if (first.length > 0) return first;
      const pack = packs.shift();
      first = pack === undefined ? last.splice(0) : items.parse(JSON.parse(pack.toString()));
      return first;
    },
    drop: (count) => {
      length -= Math.min(count, first.length);
      first = first.slice(count); // what `oldest` gave stays as it is
    },
  };
}
