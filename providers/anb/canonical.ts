/** From the bank's rows to canonical statement lines. What comes out is the body of a message: amounts are decimal strings of minor units. */
import { BigNumber } from 'bignumber.js';
import type { z } from 'zod';
import { digitsOf, parseDecimal } from '../../actors/decimal.ts';
import type { statementLine } from '../../actors/statement-line.ts';
import { malformed } from '../calls.ts';
import type { WireTransaction } from './wire.ts';

export type LineBody = z.input<typeof statementLine>;

/** Minor units of the bank's number, from its text; JSON may also write it with an exponent or with zeros at its end. */
export function minorOf({ amount, currencyCode }: { readonly amount: string; readonly currencyCode: string }): bigint {
  if (!/^[A-Z]{3}$/.test(currencyCode)) throw malformed('anb', `a currency code of ${currencyCode.length} characters`);
  const digits = digitsOf(currencyCode);
  const minor = parseDecimal(amount, digits) ?? parseDecimal(new BigNumber(amount).toFixed(), digits);
  if (minor === null) throw malformed('anb', `an amount that ${currencyCode} does not have`);
  return minor;
}

export function lineOf(row: WireTransaction): LineBody {
  const signed = minorOf(row.amount);
  const { narr1, narr2, narr3 } = row.narrative ?? {};
  return {
    postDate: row.postDate,
    valueDate: row.valueDate,
    postingTime: row.postingTime ?? '',
    reference: escaped(row.refNum.trim()),
    serial: escaped(row.partTrnSrlNum.trim()),
    mark: markOf(row.partTrnType, signed),
    amount: (signed < 0n ? -signed : signed).toString(),
    currency: row.amount.currencyCode,
    balance: balanceOf(row),
    narratives: [narr1 ?? '', narr2 ?? '', narr3 ?? ''],
    iban: row.iban ?? null,
    party: partyOf(row),
    code: row.prtclrsCode ?? null,
  };
}

/** Incoming instant payments name their sender in narrative 1, in place of the field that debits have. */
const INCOMING_INSTANT = '17IPS';

function partyOf({ partTrnType, orderingParty, beneficiaryName, prtclrsCode, narrative }: WireTransaction): string | null {
  if (partTrnType !== 'CREDIT') return beneficiaryName ?? null;
  return orderingParty ?? (prtclrsCode === INCOMING_INSTANT ? (narrative?.narr1 ?? null) : null);
}

function balanceOf({ runningBalance }: WireTransaction): string | null {
  const balance = runningBalance ?? null;
  return balance === null ? null : minorOf(balance).toString();
}

/** A reversal is a copy with the other sign: a negative credit takes a credit back (RC), a positive debit gives a debit back (RD). */
function markOf(type: WireTransaction['partTrnType'], signed: bigint): LineBody['mark'] {
  if (type === 'CREDIT') return signed < 0n ? 'RC' : 'C';
  return signed > 0n ? 'RD' : 'D';
}

/** Part of a name that is split at slashes: what would split it is percent-encoded, so that different references stay different. */
function escaped(text: string): string {
  return text.replace(/[\s/%]/gu, encodeURIComponent);
}
