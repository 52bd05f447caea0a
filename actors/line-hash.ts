/**
 * Short names of statement lines: 64 bits of key, 32 bits of content. Not cryptographic: keys come from the bank, and a bucket of
 * 8,000 lines meets an accidental double once in 10^11 days. Pure, so that a replay in ten years finds the same lines.
 */
import { lineKey, signedAmount } from './statement-line.ts';
import type { StatementLine } from './statement-line.ts';

// The two multipliers and the final mixing are those of MurmurHash3; the lanes differ in seed and multiplier.
const [SEED_A, SEED_B] = [0xdeadbeef, 0x41c6ce57];
const [PRIME_A, PRIME_B] = [0x85ebca6b, 0xc2b2ae35];
const HEX_WIDTH = 8;

/** 16 lower-case hexadecimal characters. */
export function hash64(text: string): string {
  let a = SEED_A ^ text.length;
  let b = SEED_B ^ text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, PRIME_A);
    a ^= a >>> 15;
    b = Math.imul(b ^ code, PRIME_B);
    b ^= b >>> 13;
  }
  return hex(mixed(a)) + hex(mixed(b));
}

/** 8 lower-case hexadecimal characters. */
export function hash32(text: string): string {
  return hex(number32(text));
}

/** The line's bucket, 0 to `buckets` - 1. */
export function bucketOf(key: string, buckets: number): number {
  return number32(key) % buckets;
}

/** What a re-read line must agree in: amount, currency, value date and sign; narratives differ between sources. */
export function contentOf(line: StatementLine): string {
  return `${signedAmount(line)} ${line.currency} ${line.valueDate}`;
}

/** Names a stretch of lines, their order and their content included. */
export function hashOfLines(lines: readonly StatementLine[]): string {
  let text = '';
  for (const line of lines) text += `${lineKey(line)} ${contentOf(line)}\n`;
  return hash64(text);
}

function number32(text: string): number {
  let a = SEED_A ^ text.length;
  for (let at = 0; at < text.length; at += 1) {
    a = Math.imul(a ^ text.charCodeAt(at), PRIME_A);
    a ^= a >>> 15;
  }
  return mixed(a);
}

function mixed(value: number): number {
  let v = value;
  v = Math.imul(v ^ (v >>> 16), PRIME_A);
  v = Math.imul(v ^ (v >>> 13), PRIME_B);
  return (v ^ (v >>> 16)) >>> 0;
}

function hex(value: number): string {
  return value.toString(16).padStart(HEX_WIDTH, '0');
}
