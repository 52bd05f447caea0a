/**
 * What a virtual account knows. Bounded: open things have a cap, ended ones are the last few; older ones are in the ledger's pages and
 * in each `payment`.
 */
import { z } from 'zod';
import type { Row } from '../../engine/actor.ts';
import { inOnePiece, toJson } from '../../engine/message.ts';
import { currencyCode, minor } from '../money.ts';
import { topUpStatus } from './messages.ts';
import type { TopUpStatus } from './messages.ts';

/** The smallest top-up, in minor units: the provider takes no less. */
export const TOP_UP_MIN = 100n;
/** The largest amount of one command, in minor units: ten billion riyals is a typing error. */
export const AMOUNT_MAX = 10n ** 12n;
/** Top-ups a client may have open at once. */
export const OPEN_TOP_UPS_MAX = 100;
/** Late money may re-open ended top-ups beyond that, up to here; then it goes to a break. */
export const PENDING_TOP_UPS_MAX = 200;
/** Outgoing transfers that the bank has not debited yet. */
export const OPEN_OUTGOINGS_MAX = 100;
/** Ended top-ups, transfers, refused credits and settled outgoings that are remembered, each. */
export const RECENT_MAX = 50;
/** Characters kept of texts that the bank or its customers wrote. */
export const TEXT_MAX = 140;

const topUp = z.object({
  id: z.string(),
  status: topUpStatus,
  /** Gross, as requested. */
  amount: minor,
  /** What the provider holds of it for us and has not paid out. */
  pending: minor,
  /** What became available (less the fee under the customer policy), before any reversal. */
  credited: minor,
  /** What the provider took back. */
  reversed: minor,
  description: z.string().nullable(),
  fingerprint: z.string(),
  /** Milliseconds since 1970. */
  createdAt: z.number(),
  updatedAt: z.number(),
});
export type TopUp = z.output<typeof topUp>;

const transfer = z.object({
  /** The statement line: `<account>/<line key>`. */
  source: z.string(),
  amount: minor,
  sender: z.string().nullable(),
  narrative: z.string(),
  valueDate: z.string(),
  via: z.enum(['transfer', 'suspense']),
  status: z.enum(['paid', 'recalled']),
  /** Milliseconds since 1970. */
  at: z.number(),
});
export type Transfer = z.output<typeof transfer>;

const field = transfer.shape;
const kept = z.tuple([field.source, field.amount, field.sender, field.narrative, field.valueDate, field.via, field.status, field.at]);

/**
 * A transfer as it is kept: `["anb-1/9f3c…","25000","Sara","rent","2026-11-23","transfer","paid",1795424400000]`. As objects they were most of
 * what the collector followed in a wallet, and of what was sorted for its snapshot.
 */
export function transferText({ source, amount, sender, narrative, valueDate, via, status, at }: Transfer): string {
  return inOnePiece(toJson([source, amount.toString(), sender, narrative, valueDate, via, status, at]));
}

/** Throws when the text is none. */
export function transferOf(text: string): Transfer {
  const [source, amount, sender, narrative, valueDate, via, status, at] = kept.parse(JSON.parse(text));
  return { source, amount, sender, narrative, valueDate, via, status, at };
}

/** Under rules 1 they were kept as objects. */
const keptTransfer = z.union([z.string(), transfer.transform(transferText)]);

const outgoing = z.object({
  reference: z.string(),
  amount: minor,
  /** What the bank has not debited yet. */
  left: minor,
  purpose: z.string(),
  by: z.string(),
  at: z.number(),
});

/** Reasons of the breaks that money is sent on to. */
export const REFUSED_CREDIT = ['unattributed_credit', 'inactive_account_credit', 'currency_mismatch', 'status_conflict'] as const;
const refusedCredit = z.object({
  /** The statement line or the top-up: the break's subject. */
  source: z.string(),
  reason: z.enum(REFUSED_CREDIT),
  /** What was not taken back of it. */
  amount: minor,
  currency: currencyCode,
  /** Null for a top-up, which is only found by its id. */
  narrative: z.string().nullable(),
  at: z.number(),
});
export type RefusedCredit = z.output<typeof refusedCredit>;

export const virtualAccountState = z.object({
  /** `unopened`: a number nobody was given; its credits are suspense. */
  status: z.enum(['unopened', 'active', 'frozen', 'retired']),
  /** Id of the owner actor (the percent-encoded subject); empty before it is opened. */
  owner: z.string(),
  iban: z.string(),
  /** Empty before it is opened. */
  currency: z.union([currencyCode, z.literal('')]),
  name: z.string().nullable(),
  createdAt: z.number(),
  available: minor,
  /** What the customer owes us after reversals; the next money in pays it first. */
  owing: minor,
  /** Not ended, oldest first. */
  topUps: z.array(topUp).max(PENDING_TOP_UPS_MAX),
  /** The last ended ones, oldest first. */
  endedTopUps: z.array(topUp).max(RECENT_MAX),
  /** The last received ones, oldest first, each as its text. */
  transfers: z.array(keptTransfer).max(RECENT_MAX),
  /** The last credits that were sent on to a break, oldest first. */
  refused: z.array(refusedCredit).max(RECENT_MAX),
  outgoings: z.array(outgoing).max(OPEN_OUTGOINGS_MAX),
  settledOutgoings: z.array(outgoing).max(RECENT_MAX),
});
export type VirtualAccountState = Readonly<z.output<typeof virtualAccountState>>;

/** What the ledger's readers see beside the rows: GET /transactions is built of these alone. Amounts are decimal strings of minor units. */
export const transactionNote = z.object({
  kind: z.enum(['top_up_pending', 'top_up', 'top_up_reversed', 'transfer', 'transfer_recalled', 'debit', 'debit_settled', 'fee']),
  /** Signed, from the customer's side: what came in (+) or went out (-). */
  amount: z.string(),
  currency: z.string(),
  /** Balances after it. */
  available: z.string(),
  pending: z.string(),
  owing: z.string(),
  /** Fee that was kept back from it, "0" if none. */
  fee: z.string(),
  /** Top-up id, statement line or outgoing reference. */
  reference: z.string(),
  counterparty: z.string().nullable(),
  description: z.string().nullable(),
});
export type TransactionNote = z.output<typeof transactionNote>;

/** In the order in which the rules refuse. */
export type VirtualAccountRefusal =
  | 'wallet_not_found'
  | 'idempotency_key_reused'
  | 'account_retired'
  | 'account_frozen'
  | 'currency_mismatch'
  | 'amount_out_of_range'
  | 'reference_already_used'
  | 'too_many_open_top_ups'
  | 'too_many_open_outgoings'
  | 'insufficient_balance'
  | 'balance_not_zero';

export function initialVirtualAccount(): VirtualAccountState {
  const lists = { topUps: [], endedTopUps: [], transfers: [], refused: [], outgoings: [], settledOutgoings: [] };
  return { status: 'unopened', owner: '', iban: '', currency: '', name: null, createdAt: 0, available: 0n, owing: 0n, ...lists };
}

/** Sum of what the providers hold for this account. */
export function pendingOf(state: VirtualAccountState): bigint {
  return state.topUps.reduce((sum, one) => sum + one.pending, 0n);
}

/** A top-up, open or among the last ended ones. */
export function findTopUp(state: VirtualAccountState, id: string): TopUp | undefined {
  return state.topUps.find((one) => one.id === id) ?? state.endedTopUps.find((one) => one.id === id);
}

export function isOpen(status: TopUpStatus): boolean {
  return status === 'awaiting_payment' || status === 'processing';
}

/** Puts a top-up where its status and its money say it belongs, in place of what was known of it. */
export function withTopUp(state: VirtualAccountState, changed: TopUp): VirtualAccountState {
  const open = isOpen(changed.status) || changed.pending > 0n;
  const ended = state.endedTopUps.filter((one) => one.id !== changed.id);
  if (!open) return { ...state, topUps: state.topUps.filter((one) => one.id !== changed.id), endedTopUps: lastOf([...ended, changed]) };
  const known = state.topUps.some((one) => one.id === changed.id);
  const topUps = known ? state.topUps.map((one) => (one.id === changed.id ? changed : one)) : [...state.topUps, changed];
  return { ...state, topUps, endedTopUps: ended };
}

/** Texts of others are kept and compared up to here. */
export function cut(text: string): string {
  return text.slice(0, TEXT_MAX);
}

export function lastOf<T>(items: readonly T[]): T[] {
  return items.slice(-RECENT_MAX);
}

/** `lastOf` with one more, in one copy: every credit does this. */
export function lastWith<T>(items: readonly T[], one: T): T[] {
  const all = items.toSpliced(items.length, 0, one);
  if (all.length > RECENT_MAX) all.shift();
  return all;
}

/** The account's own word on what it holds: the independent side of the proof. */
export function accountFigures(state: VirtualAccountState): Row[] {
  const { currency } = state;
  const outgoing = state.outgoings.reduce((sum, one) => sum + one.left, 0n);
  const rows = [
    { account: 'va', currency, amount: -state.available },
    { account: 'va-pending', currency, amount: -pendingOf(state) },
    { account: 'va-owing', currency, amount: state.owing },
    { account: 'outgoing', currency, amount: -outgoing },
  ];
  return rows.filter((row) => row.amount !== 0n);
}
