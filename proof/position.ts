/**
 * The position and its proof: what the ledger says per account class, and what independent figures say of the same.
 *
 * P1  The identity alone proves nothing, since balanced rows keep it true whoever was credited. The *difference* is against what the
 *     actors' own states, the bank's own balances and the messages under way say.
 * P2  `platform-due` has no independent figure: the identity gives it.
 */
import type { Kind } from '../engine/actor.ts';
import type { Envelope } from '../engine/envelope.ts';
import type { Fault } from '../engine/fault.ts';
import type { ActorId } from '../engine/message.ts';
import { survey } from '../engine/survey.ts';
import type { SurveyPorts } from '../engine/survey.ts';
import type { BankAccount } from '../actors/bank-account/state.ts';
import type { StatementLines } from '../actors/statement-lines/state.ts';

/** Debit positive, minor units, by `<account>:<currency>`. */
type Sums = Map<string, bigint>;

export interface ClassLine {
  readonly account: string;
  readonly currency: string;
  /** What the ledger's rows sum up to; debit positive. */
  readonly ledger: bigint;
  /** What the independent side says; null for the class that has none (P2). */
  readonly independent: bigint | null;
  readonly difference: bigint;
}

export interface DayLine {
  readonly account: string;
  readonly date: string;
  readonly opening: bigint;
  /** Signed sum of the lines that were posted, from the lines' own actors. */
  readonly posted: bigint;
  /** The bank's proven closing balance. */
  readonly closing: bigint;
  readonly difference: bigint;
}

export interface Position {
  readonly classes: readonly ClassLine[];
  readonly days: readonly DayLine[];
  /** Sum of all rows per currency: zero, or the ledger itself is broken. */
  readonly identity: ReadonlyMap<string, bigint>;
  /** Sum of the absolute differences per currency, days included. */
  readonly differences: ReadonlyMap<string, bigint>;
  /** Actors whose state could not be proven. */
  readonly broken: readonly { readonly actor: ActorId; readonly error: string }[];
  readonly actors: number;
  /** False when money moved while we looked: the difference may be of two moments then. */
  readonly still: boolean;
}

const NO_FIGURE = 'platform-due';

/** Walks all actors and compares. `date` keeps only that day's line. */
export async function provePosition(ports: SurveyPorts, date: string | null = null): Promise<Position> {
  const tally = new Tally();
  const { before, after } = await survey(ports, tally);
  const classes = compare(before, tally.figures);
  const days = tally.days().filter((day) => date === null || day.date === date);
  return {
    classes,
    days,
    identity: sumByCurrency(before),
    differences: differencesOf(classes, days, tally.currencies),
    broken: tally.failures,
    actors: tally.seen,
    still: equal(before, after),
  };
}

/** Collects the independent side while the survey walks. */
class Tally {
  readonly figures: Sums = new Map();
  readonly currencies = new Map<string, string>();
  readonly failures: { actor: ActorId; error: string }[] = [];
  seen = 0;
  readonly #posted = new Map<string, bigint>();
  readonly #bankDays: { account: string; date: string; opening: bigint; closing: bigint }[] = [];

  actor(envelope: Envelope, kind: Kind): void {
    this.seen += 1;
    for (const { account, currency, amount } of kind.figures?.(envelope.state) ?? []) add(this.figures, `${account}:${currency}`, amount);
    if (isBankAccount(kind, envelope)) this.#addBank(envelope);
    if (isStatementLines(kind, envelope)) this.#addLines(envelope);
  }

  /** The sender has credited `in-transit` with it, so it stands there as a credit. */
  carried(_actor: ActorId, money: { readonly currency: string; readonly amount: bigint }): void {
    add(this.figures, `in-transit:${money.currency}`, -money.amount);
  }

  broken(actor: ActorId, fault: Fault): void {
    this.failures.push({ actor, error: `${fault.code}: ${fault.message}` });
  }

  days(): DayLine[] {
    return this.#bankDays.map((day) => {
      const posted = this.#posted.get(`${day.account}:${day.date}`) ?? 0n;
      return { ...day, posted, difference: day.opening + posted - day.closing };
    });
  }

  #addBank({ actor, state }: Envelope<BankAccount>): void {
    const account = actor.slice(actor.indexOf(':') + 1);
    this.currencies.set(account, state.config?.currency ?? '');
    for (const { date, opening, closing } of state.days) this.#bankDays.push({ account, date, opening, closing });
  }

  #addLines({ actor, state }: Envelope<StatementLines>): void {
    const [, account = '', date = ''] = actor.split(':');
    add(this.#posted, `${account}:${date}`, state.posted);
  }
}

function isBankAccount(kind: Kind, envelope: Envelope): envelope is Envelope<BankAccount> {
  return kind.name === 'bank-account' && envelope.actor.startsWith('bank-account:');
}

function isStatementLines(kind: Kind, envelope: Envelope): envelope is Envelope<StatementLines> {
  return kind.name === 'statement-lines' && envelope.actor.startsWith('statement-lines:');
}

function compare(ledger: Sums, figures: Sums): ClassLine[] {
  const keys = [...new Set([...ledger.keys(), ...figures.keys()])].sort();
  return keys.map((key) => {
    const colon = key.lastIndexOf(':');
    const account = key.slice(0, colon);
    const says = ledger.get(key) ?? 0n;
    const independent = account === NO_FIGURE ? null : (figures.get(key) ?? 0n);
    return {
      account,
      currency: key.slice(colon + 1),
      ledger: says,
      independent,
      difference: independent === null ? 0n : says - independent,
    };
  });
}

function sumByCurrency(ledger: Sums): Sums {
  const sums: Sums = new Map();
  for (const [key, amount] of ledger) add(sums, key.slice(key.lastIndexOf(':') + 1), amount);
  return sums;
}

function differencesOf(classes: readonly ClassLine[], days: readonly DayLine[], currencies: ReadonlyMap<string, string>): Sums {
  const sums: Sums = new Map();
  for (const { currency, difference } of classes) add(sums, currency, absolute(difference));
  for (const { account, difference } of days) add(sums, currencies.get(account) ?? '', absolute(difference));
  return sums;
}

function absolute(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
}

function add(sums: Map<string, bigint>, key: string, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount);
}

function equal(a: Sums, b: Sums): boolean {
  return a.size === b.size && [...a].every(([key, amount]) => b.get(key) === amount);
}
