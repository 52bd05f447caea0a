/** The bank's statement as it answers. Numbers are kept as their text: as floats they would lose halalas. */
import { isLosslessNumber } from 'lossless-json';
import type { LosslessNumber } from 'lossless-json';
import { z } from 'zod';

const number = z.custom<LosslessNumber>((value) => isLosslessNumber(value), 'is not a number').transform((value) => value.value);
const money = z.object({ amount: number, currencyCode: z.string() });
/** Text that some answers give as a number. */
const text = z.union([z.string(), number]);
const optionalText = z.string().nullish();

export const transaction = z.object({
  postDate: z.string(),
  postingTime: z.string().nullish(),
  valueDate: z.string(),
  amount: money,
  narrative: z.object({ narr1: optionalText, narr2: optionalText, narr3: optionalText }).nullish(),
  refNum: z.string(),
  partTrnType: z.enum(['CREDIT', 'DEBIT']),
  partTrnSrlNum: text,
  runningBalance: money.nullish(),
  /** Named on debits: who pays. */
  orderingParty: optionalText,
  /** Named on credits: who is paid. */
  beneficiaryName: optionalText,
  iban: optionalText,
  prtclrsCode: optionalText,
});
export type WireTransaction = z.output<typeof transaction>;

export const statementPage = z.object({
  numberOfRecords: text,
  completed: z.boolean(),
  offset: optionalText,
  pageOpenBalance: money,
  /** After the last row of this page. */
  closingBalance: money,
  statement: z.object({ transactions: z.array(transaction) }).nullish(),
});
export type WirePage = z.output<typeof statementPage>;

export const token = z.object({ access_token: z.string().min(1) });

/** Two shapes: what the gateway refuses, and what the service refuses. */
export const errorBody = z.union([
  z.object({ error: z.object({ message: z.string() }) }).transform(({ error }) => error.message),
  z.object({ message: z.string() }).transform(({ message }) => message),
]);
