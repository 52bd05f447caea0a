/**
 * Money inside: `bigint` in minor units with its currency (halalas of SAR first).
 *
 * In messages and snapshots an amount is a decimal string of at most 15 digits, in code a bigint.
 */
import { z } from 'zod';

/** A signed amount in minor units: `"12050"` on the wire, `12050n` inside. */
export const signedMinor = z
  .string()
  .regex(/^-?\d{1,15}$/)
  .transform((value) => BigInt(value));

/** Zero or more minor units. */
export const minor = signedMinor.refine((value) => value >= 0n, 'must not be negative');

/** ISO 4217 alphabetic code. */
export const currencyCode = z.string().regex(/^[A-Z]{3}$/);

/** `YYYY-MM-DD`. */
export const isoDate = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);

/** `<kind>:<id>` of another actor. */
export const actorId = z.templateLiteral([z.string().min(1), ':', z.string().min(1)]);
