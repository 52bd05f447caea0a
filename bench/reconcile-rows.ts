/**
 * What `reconcile` compares, made from a seed: payments that the books expect, and the provider's settlement rows with noise in them. Fees
 * are computed here by themselves, in whole halalas, so that the product's own arithmetic is checked too.
 */
import type { SettlementRow } from '../actors/payment/messages.ts';
import { seededRandom } from '../mocks/control/random.ts';
import type { Random } from '../mocks/control/random.ts';

/** What can be wrong, with its part of all noise; as many rows are missing as there are too many, so that there are as many rows as payments. */
const PARTS = { missing: 0.3, doubled: 0.15, unknown: 0.15, other_amount: 0.2, other_fee: 0.2 } as const;
export type Noise = keyof typeof PARTS;
export const NOISES: readonly Noise[] = ['missing', 'doubled', 'unknown', 'other_amount', 'other_fee'];

export interface ExpectedPayment {
  /** At the provider. */
  readonly id: string;
  readonly topUpId: string;
  readonly wallet: string;
  readonly gross: bigint;
  readonly noise: Noise | null;
}

/** A row before it has its place on a page. */
export type Line = Omit<SettlementRow, 'index'>;

export interface Case {
  readonly payments: readonly ExpectedPayment[];
  readonly lines: readonly Line[];
  /** Payment ids in the rows that nobody knows. */
  readonly unknown: readonly string[];
}

export interface CaseOptions {
  /** Payments, and as many lines. */
  readonly rows: number;
  /** Share of the rows that are wrong. */
  readonly noise: number;
  readonly seed: number;
}

const FIRST_WALLET = 123_170_000_000_000;
/** A wallet may have 100 open top-ups. */
const PAYMENTS_PER_WALLET = 10;
/** More than the tolerance of a fee component. */
const FEE_OFF = 50n;

export function makeCase({ rows, noise, seed }: CaseOptions): Case {
  const random = seededRandom(seed);
  const count = (kind: Noise): number => Math.floor(rows * noise * PARTS[kind]);
  const [doubled, unknown] = [count('doubled'), count('unknown')];
  const kinds: (Noise | null)[] = [
    ...Array.from({ length: doubled + unknown }, () => 'missing' as const),
    ...Array.from({ length: doubled }, () => 'doubled' as const),
    ...Array.from({ length: count('other_amount') }, () => 'other_amount' as const),
    ...Array.from({ length: count('other_fee') }, () => 'other_fee' as const),
  ];
  while (kinds.length < rows) kinds.push(null);
  const payments = shuffled(kinds, random).map((kind, index) => paymentOf(index, kind, random));
  const strangers = Array.from({ length: unknown }, () => random.uuid());
  const lines = [...payments.flatMap((one) => linesOf(one, random)), ...strangers.map((id) => line(id, amount(random)))];
  return { payments, lines: shuffled(lines, random), unknown: strangers };
}

function paymentOf(index: number, noise: Noise | null, random: Random): ExpectedPayment {
  const wallet = String(FIRST_WALLET + Math.floor(index / PAYMENTS_PER_WALLET));
  return { id: random.uuid(), topUpId: `t${String(index)}`, wallet, gross: amount(random), noise };
}

/** From 10.00 to 500.00. */
function amount(random: Random): bigint {
  return BigInt(random.integer(1_000, 50_000));
}

function linesOf({ id, gross, noise }: ExpectedPayment, random: Random): Line[] {
  switch (noise) {
    case 'missing':
      return [];
    case 'doubled':
      return [line(id, gross), line(id, gross)];
    case 'other_amount':
      return [line(id, gross + BigInt(random.integer(1, 999)))];
    case 'other_fee':
      return [line(id, gross, FEE_OFF)];
    case 'unknown':
    case null:
      return [line(id, gross)];
  }
}

/** By mada: 1 % and 1.00, with 15 % VAT, each rounded half up. */
function line(paymentId: string, gross: bigint, off = 0n): Line {
  const charged = (gross + 50n) / 100n + 100n;
  const tax = (charged * 15n + 50n) / 100n;
  const fee = charged + tax + off;
  return { type: 'payment', paymentId, currency: 'SAR', gross, net: gross - fee, fee, tax };
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, place: random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
