/** Names spread evenly over numbers. */

export const SCORES = 2 ** 32;

/** A whole number from 0, below `SCORES`, the same wherever it is asked. FNV-1a with MurmurHash3's finish: FNV alone spreads names that differ in their last letter badly. */
export function scoreOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
