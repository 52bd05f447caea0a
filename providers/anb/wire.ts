/**
 * The bank's statement as it answers.
 *
 * N1  Its amounts are JSON numbers. A double gives every decimal of at most 15 digits back as it was written, and longer amounts are refused
 *     (`parseDecimal`): so the text of the number is the bank's own amount, as long as nobody reckons with it.
 */
import { z } from 'zod';

const money = z.object({ amount: z.number().transform(String), currencyCode: z.string() });
/** Text that some answers give as a whole number. */
const text = z.union([z.string(), z.int().transform(String)]);
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
