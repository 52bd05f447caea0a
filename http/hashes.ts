/** Names made of what a caller said: the same request makes the same name, and nobody can guess another's. */
import { hash } from 'node:crypto';

const CHARS = 32; // base64url: 192 bits

/** Parts are separated unambiguously, whatever characters they hold. */
export function nameOf(parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, CHARS);
}

const DIGITS = 16;

/** The same as a number of 16 digits, for those who take nothing else. */
export function digitsFrom(parts: readonly string[]): string {
  const bits = BigInt(`0x${hash('sha256', JSON.stringify(parts), 'hex')}`);
  return (bits % 10n ** BigInt(DIGITS)).toString().padStart(DIGITS, '0');
}
