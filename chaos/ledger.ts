/**
 * The load client's own ledger: every command with its key and its answer, and every payment that it made at the bank and the provider. It
 * knows nothing of the engine and asks it nothing.
 *
 * K1  A 2xx is a promise. Anything but 2xx and a clear refusal (4xx) is unknown, and is repeated with the same key until it is answered.
 */
import type { BreakReason } from '../actors/break/messages.ts';

export interface Wallet {
  readonly id: string;
  readonly owner: string;
  readonly iban: string;
}

export type CommandKind = 'open_wallet' | 'top_up' | 'debit';

export interface Command {
  readonly kind: CommandKind;
  readonly key: string;
  readonly as: string;
  readonly path: string;
  readonly body: unknown;
  /** Null for a wallet that is yet to be opened. */
  readonly wallet: Wallet | null;
  /** Halalas. */
  readonly amount: bigint;
  tries: number;
  /** The last answer that was 2xx or a refusal. */
  answer: { readonly status: number; readonly id: string; readonly body: unknown } | null;
  /** Every 2xx named this id; another one is a second effect. */
  readonly ids: Set<string>;
}

export interface Deposit {
  readonly wallet: Wallet;
  readonly amount: bigint;
}

export interface Paid {
  readonly command: Command;
  readonly topUp: string;
  /** Where the money must have come when all is at rest; only a provider that lies keeps it from the wallet. */
  readonly reaches: 'wallet' | 'pending' | 'nobody';
}

/** A break that a lie must have led to. */
export interface ExpectedBreak {
  readonly reason: BreakReason;
  /** In its subject. */
  readonly about: string;
  status: 'open' | 'resolved';
  /** Halalas in suspense. */
  readonly held: bigint;
}

export interface Ledger {
  readonly commands: Command[];
  /** Transfers that the bank has posted. */
  readonly deposits: Deposit[];
  /** Top-ups that the customer paid at the provider. */
  readonly paid: Paid[];
  readonly breaks: ExpectedBreak[];
  readonly wallets: Wallet[];
  /** Answers that were neither 2xx nor a refusal, by status; 0: no answer. */
  readonly unknown: Map<number, number>;
  reads: number;
  /** What a read showed that no order of events can show; each a sentence. */
  readonly wrongReads: string[];
}

export function emptyLedger(): Ledger {
  return { commands: [], deposits: [], paid: [], breaks: [], wallets: [], unknown: new Map(), reads: 0, wrongReads: [] };
}

export function isPromised({ answer }: Command): boolean {
  return answer !== null && answer.status < 300;
}

/** What the customer sees of a wallet at rest, when everything that was paid was settled. */
export interface Expected {
  readonly available: bigint;
  readonly pending: bigint;
  /** Amounts of transactions by kind, in halalas, signed. */
  readonly amounts: Readonly<Record<'transfer' | 'top_up' | 'debit', readonly bigint[]>>;
}

export function expectedOf(ledger: Ledger, wallet: Wallet): Expected {
  const transfer = ledger.deposits.filter((one) => one.wallet.id === wallet.id).map(({ amount }) => amount);
  const reaching = (where: Paid['reaches']): bigint[] =>
    ledger.paid.filter((one) => one.reaches === where && one.command.wallet?.id === wallet.id).map(({ command }) => command.amount);
  const topUp = reaching('wallet');
  const debits = ledger.commands.filter((one) => one.kind === 'debit' && one.wallet?.id === wallet.id && isPromised(one));
  const debit = debits.map(({ amount }) => -amount);
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
  const available = sum([...transfer, ...topUp, ...debit]);
  return { available, pending: sum(reaching('pending')), amounts: { transfer, top_up: topUp, debit } };
}

/** How many of the wanted are missing, and how many there are too many. */
export function difference<T>(wanted: readonly T[], seen: readonly T[]): { readonly lost: number; readonly doubled: number } {
  const open = new Map<T, number>();
  for (const one of wanted) open.set(one, (open.get(one) ?? 0) + 1);
  let doubled = 0;
  for (const one of seen) {
    const left = open.get(one) ?? 0;
    if (left === 0) doubled += 1;
    else open.set(one, left - 1);
  }
  return { lost: [...open.values()].reduce((sum, left) => sum + left, 0), doubled };
}

export function textOf(halalas: bigint): string {
  const sign = halalas < 0n ? '-' : '';
  const digits = (halalas < 0n ? -halalas : halalas).toString().padStart(3, '0');
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

export function halalasOf(text: string): bigint {
  return BigInt(text.replace('.', ''));
}
