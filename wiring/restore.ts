/** What the product says to its actors after a restore: the bank is read again, and no wallet number is given a second time. */
import { bankAccount } from '../actors/bank-account/decide.ts';
import { bankAccountMessages } from '../actors/bank-account/messages.ts';
import { numberRange } from '../actors/number-range/decide.ts';
import { numberRangeMessages } from '../actors/number-range/messages.ts';
import type { Carried } from '../engine/actor.ts';
import type { Envelope } from '../engine/envelope.ts';
import { kindOf, msOf } from '../engine/message.ts';
import type { Addressed } from '../engine/message.ts';
import type { Registry } from '../engine/registry.ts';
import type { Restored } from '../engine/restore.ts';
import { message } from '../http/command.ts';
import { todayAtBank } from './outside.ts';

const DAY_MS = 24 * 60 * 60_000;
/**
 * Numbers that a gateway handed out after the last snapshot of their range may have been shown to customers: they are skipped. A hundred
 * blocks of a gateway, far more than any lag brings and a hundred-thousandth of a range.
 */
const BLOCKS_SKIPPED = 10;
const BLOCK_SIZE = 10_000;

/** The statement from the day before anything can be missing; known lines change nothing. */
export function followRestore({ actor, head }: Envelope, completeMs: number | null): readonly Addressed[] {
  const facts = { from: 'operator:restore', trace: '' };
  if (kindOf(actor) === bankAccount.name) {
    const date = todayAtBank(new Date((completeMs ?? msOf(head.last)) - DAY_MS));
    const body = { why: 'restore', date };
    return [message(bankAccountMessages, actor, { type: 'PullStatement', body, id: `restore/${head.last}/pull`, ...facts })];
  }
  if (kindOf(actor) !== numberRange.name) return [];
  return Array.from({ length: BLOCKS_SKIPPED }, (_, n) =>
    message(numberRangeMessages, actor, { type: 'TakeBlock', body: { size: BLOCK_SIZE }, id: `restore/${head.last}/${n}`, ...facts }),
  );
}

/** Money in transit that no message carries, per currency, debit positive: what receivers hold that their senders have yet to send. */
export function uncarried({ totals, sentAgain }: Restored, registry: Registry): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  const add = (currency: string, amount: bigint): void => void sums.set(currency, (sums.get(currency) ?? 0n) + amount);
  for (const [account, sum] of totals) if (account.startsWith('in-transit:')) add(account.slice('in-transit:'.length), sum);
  for (const one of sentAgain) {
    const money = carriedBy(one, registry);
    if (money !== null) add(money.currency, money.amount);
  }
  return new Map([...sums].filter(([, sum]) => sum !== 0n));
}

function carriedBy({ to, type, body }: Addressed, registry: Registry): Carried | null {
  const kind = registry.find(to);
  const parsed = kind?.messages[type]?.safeParse(JSON.parse(body));
  return parsed?.success === true ? (kind?.carries?.({ type, body: parsed.data }) ?? null) : null;
}
