/** The tip's text in Redis: `<last> <n> <chain> <snapshot> <rules>`, snapshot `-` before the first. */
import type { Head, Tip } from '../../engine/ports.ts';
import { entryId, number, text, unexpected } from './reply.ts';

const WORDS = 5;

export function headText(head: Head): string {
  return `${head.last} ${String(head.n)} ${head.chain}`;
}

export function parseTip(reply: unknown): Tip | null {
  if (reply === null || reply === undefined) return null;
  const words = text(reply).split(' ');
  const [last, n, chain, snapshot, rules] = words;
  if (words.length !== WORDS || snapshot === undefined || chain === undefined) throw unexpected(reply);
  return { last: entryId(last), n: number(n), chain, snapshot: snapshot === '-' ? null : snapshot, rules: number(rules) };
}
