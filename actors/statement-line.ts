/** The canonical statement line: what every statement source is turned into, and all that attribution may look at. */
import { z } from 'zod';
import { currencyCode, isoDate, minor, signedMinor } from './money.ts';

export const statementLine = z.object({
  postDate: isoDate,
  valueDate: isoDate,
  /** `HH:MM:SS`, not monotonic; for people. */
  postingTime: z.string(),
  /** The bank's reference; with the serial unique within account and post date. No spaces or slashes. */
  reference: z.string().min(1),
  serial: z.string(),
  /** C credit, D debit, RC reversal of a credit (a debit), RD reversal of a debit (a credit). */
  mark: z.enum(['C', 'D', 'RC', 'RD']),
  amount: minor,
  currency: currencyCode,
  /** Balance after the line, when the source says it. */
  balance: signedMinor.nullable(),
  /** narr1, narr2, narr3; a missing one is empty. */
  narratives: z.array(z.string()).max(3),
  /** Creditor IBAN or account as the source says it; may be an internal number. */
  iban: z.string().nullable(),
  /** The other side's name where the source names it. */
  party: z.string().nullable(),
  /** The bank's particulars code, e.g. 17IPS, SJBB6. */
  code: z.string().nullable(),
});
export type StatementLine = z.output<typeof statementLine>;

/** `<post date>/<reference>/<serial>`: names the line within its account for ever. */
export function lineKey(line: StatementLine): string {
  return `${line.postDate}/${line.reference}/${line.serial}`;
}

/** Credit positive. */
export function signedAmount(line: StatementLine): bigint {
  return line.mark === 'C' || line.mark === 'RD' ? line.amount : -line.amount;
}

/** How lines are named an owner: configuration, carried by every page so that replay does not depend on today's settings. */
export const attribution = z.object({
  /** Our virtual account numbers, 15 digits each, inclusive. */
  numberFrom: z.string().regex(/^\d{15}$/),
  numberTo: z.string().regex(/^\d{15}$/),
  /** The five digits between check digits and number in our virtual IBANs: bank code and customer prefix. */
  ibanPrefix: z.string().regex(/^\d{5}$/),
  /** Where a number is looked for, in this order. */
  locators: z.array(z.enum(['iban', 'narrative1', 'narrative2', 'narrative3', 'joined'])),
  /** Credits of payment providers: a line whose narratives or party contain one of the patterns (upper case). */
  providers: z.array(z.object({ provider: z.string(), patterns: z.array(z.string()) })),
  /** The company's own IBANs: credits from there pay into the pool. */
  platformIbans: z.array(z.string()),
  /** Particulars codes of bank charges: their break closes at once. */
  chargeCodes: z.array(z.string()),
  /** Particulars codes of returned outgoing transfers. */
  returnCodes: z.array(z.string()),
});
export type Attribution = z.output<typeof attribution>;
