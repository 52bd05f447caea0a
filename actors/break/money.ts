/** The money of a break: what a message brings, and what leaves suspense for the bank. */
import type { MessagesOf, Row } from '../../engine/actor.ts';
import { move, post } from '../postings.ts';
import type { breakMessages } from './messages.ts';
import type { Break } from './state.ts';

export type OpenBreak = Extract<MessagesOf<typeof breakMessages>, { type: 'OpenBreak' }>['body'];

/** What the message brings; money without a currency is none. */
export function moneyOf({ money, currency }: OpenBreak): OpenBreak['money'] {
  return currency === null ? 'none' : money;
}

export function rowsOfOpening(body: OpenBreak): Row[] {
  const { amount, currency } = body;
  if (currency === null || body.money === 'none') return [];
  if (body.money === 'credit') return move(currency, amount, { debit: 'in-transit', credit: 'suspense' });
  return move(currency, amount, { debit: 'platform-due', credit: 'in-transit' });
}

export function withMoney(state: Break, body: OpenBreak): Break {
  const { amount, currency } = body;
  const money = moneyOf(body);
  if (money === 'none') return state.received > 0n ? state : { ...state, amount, currency: currency ?? state.currency };
  const received = state.received + amount;
  const held = money === 'credit' ? state.held + amount : state.held;
  const due = money === 'debit' ? state.due + amount : state.due;
  return { ...state, held, due, received, amount: received, currency };
}

/** A break keeps one currency; money in another has a break of its own. */
export function isOtherCurrency(state: Break, body: OpenBreak): boolean {
  return moneyOf(body) !== 'none' && state.received > 0n && body.currency !== state.currency;
}

export interface PaidOut {
  readonly state: Break;
  readonly rows: readonly Row[];
  /** What was paid beyond what was held. */
  readonly excess: bigint;
}

export function paidOut(state: Break, { amount, currency }: { readonly amount: bigint; readonly currency: string }): PaidOut {
  const there = currency === state.currency ? state.held : 0n;
  const taken = amount < there ? amount : there;
  const excess = amount - taken;
  const debit = [
    { account: 'suspense' as const, amount: taken },
    { account: 'platform-due' as const, amount: excess },
  ];
  const rows = post(currency, { debit, credit: [{ account: 'in-transit', amount }] });
  const due = currency === state.currency || state.currency === null ? state.due + excess : state.due;
  return { state: { ...state, held: state.held - taken, due, currency: state.currency ?? currency }, rows, excess };
}

/** Money is held only in a currency. */
export function currencyHeld(state: Break): string {
  if (state.currency === null) throw new Error('money is held without a currency');
  return state.currency;
}
