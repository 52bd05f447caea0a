/** The rules of a range of wallet numbers: every number is handed out at most once. */
import { accept, defineKind, refuse } from '../../engine/actor.ts';
import type { Decision, Entry, MessagesOf } from '../../engine/actor.ts';
import { numberRangeMessages } from './messages.ts';
import { initialNumberRange, numberRangeState } from './state.ts';
import type { NumberRangeRefusal, NumberRangeState } from './state.ts';

/** Answer to `TakeBlock`: inclusive; the last block of a range may be smaller than was asked for. */
export interface NumberBlock {
  readonly from: string;
  readonly to: string;
}

const DIGITS = 15;

function takeBlock(
  state: NumberRangeState,
  { body: { size } }: Entry<MessagesOf<typeof numberRangeMessages>>,
): Decision<NumberRangeState, NumberRangeRefusal> {
  if (state.next > state.to) return refuse('number_range_exhausted');
  const last = Math.min(state.next + size - 1, state.to);
  const answer: NumberBlock = { from: digits(state.next), to: digits(last) };
  return accept({ ...state, next: last + 1 }, { answer });
}

function digits(number: number): string {
  return number.toString().padStart(DIGITS, '0');
}

export const numberRange = defineKind({
  name: 'number-range',
  role: 'wallet',
  rules: 1,
  messages: numberRangeMessages,
  state: numberRangeState,
  initial: initialNumberRange,
  decide: takeBlock,
});
