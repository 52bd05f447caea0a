import type { Company } from './wire.ts';

export interface CardOutcome {
  approved: boolean;
  message: string;
  code: string;
}

const APPROVED: CardOutcome = { approved: true, message: 'APPROVED', code: '00' };
const UNSPECIFIED = declined('UNSPECIFIED FAILURE', '99');
const INSUFFICIENT = declined('INSUFFICIENT FUNDS', '51');
const LOST = declined('DECLINED: LOST CARD', '41');
const DECLINED = declined('DECLINED', '05');
const EXPIRED = declined('EXPIRED CARD', '54');
const LIMIT = declined('EXCEEDS WITHDRAWAL LIMIT', '61');
const STOLEN = declined('STOLEN CARD', '43');

/** A mada card that pays. */
export const PAYING_CARD = '4201320111111010';
/** A mada card without money. */
export const DECLINED_CARD = '4201320000311101';

const TEST_CARDS: Readonly<Record<string, CardOutcome>> = {
  [PAYING_CARD]: APPROVED,
  '4111111111111111': APPROVED,
  '4201320000013020': UNSPECIFIED,
  [DECLINED_CARD]: INSUFFICIENT,
  '4201320131000508': LOST,
  '4201321234411220': DECLINED,
  '4201322267774310': EXPIRED,
  '4201326324640570': LIMIT,
  '4201321144311528': STOLEN,
  '4123120001090000': INSUFFICIENT,
};

/** What a test card does; an unlisted one fails. */
export function outcomeOf(number: string): CardOutcome {
  return TEST_CARDS[number] ?? UNSPECIFIED;
}

/** Wallet payments (Apple Pay and the like) are decided by the amount in minor units. */
const BY_AMOUNT: readonly [number, number, CardOutcome][] = [
  [20_000, 30_000, APPROVED],
  [100_000, 110_000, UNSPECIFIED],
  [110_100, 120_000, INSUFFICIENT],
  [120_100, 130_000, LOST],
  [130_100, 140_000, DECLINED],
  [140_100, 150_000, EXPIRED],
  [150_100, 160_000, LIMIT],
  [160_100, 170_000, STOLEN],
];

export function outcomeByAmount(amount: number): CardOutcome {
  return BY_AMOUNT.find(([least, most]) => amount >= least && amount <= most)?.[2] ?? UNSPECIFIED;
}

export function companyOf(number: string): Company {
  if (number.startsWith('420132')) return 'mada';
  if (number.startsWith('4')) return 'visa';
  return number.startsWith('3') ? 'amex' : 'master';
}

/** `4201-32XX-XXXX-1010`. */
export function masked(number: string): string {
  return `${number.slice(0, 4)}-${number.slice(4, 6)}XX-XXXX-${number.slice(-4)}`;
}

function declined(message: string, code: string): CardOutcome {
  return { approved: false, message, code };
}
