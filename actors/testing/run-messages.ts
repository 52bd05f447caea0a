/**
 * Several actors in one process, without an engine: folds with `decideEntry` and delivers sends until all is quiet.
 * After every entry: the totals fulfil the identity, and `in-transit` is the money in messages that were not decided yet.
 * Effects and timers are collected; a test answers them with `tell`. Messages to kinds it was not given stay in `outside`; kinds named as
 * `deaf` are told things that carry no money and do not listen.
 */
import type { Carried, Kind } from '../../engine/actor.ts';
import { freshEnvelope } from '../../engine/envelope.ts';
import type { Envelope, Outcome } from '../../engine/envelope.ts';
import { kindOf, toJson } from '../../engine/message.ts';
import type { ActorId, Addressed } from '../../engine/message.ts';
import type { EffectRecord } from '../../engine/ports.ts';
import { ASSETS, LIABILITIES } from '../postings.ts';
import { decideTwice, survivesSnapshot, T0 } from './scenario.ts';
import type { StateOf } from './scenario.ts';

export interface Telling {
  readonly to: ActorId;
  readonly type: string;
  readonly body: unknown;
  readonly id?: string;
  readonly from?: string;
}

const ENTRIES_MAX = 100_000;

export class World {
  readonly actors = new Map<ActorId, Envelope>();
  /** `<account>:<currency>` -> debit-positive sum. */
  readonly totals = new Map<string, bigint>();
  readonly effects: EffectRecord[] = [];
  readonly timers = new Map<string, { readonly actor: ActorId; readonly key: string; readonly at: number }>();
  readonly outside: Addressed[] = [];
  readonly history: (Outcome & { readonly actor: ActorId; readonly message: Addressed })[] = [];
  now = T0;
  readonly #kinds: ReadonlyMap<string, Kind>;
  readonly #deaf: ReadonlySet<string>;
  readonly #queue: Addressed[] = [];
  #told = 0;

  constructor(kinds: readonly Kind[], deaf: readonly string[] = []) {
    this.#deaf = new Set(deaf);
    this.#kinds = new Map(kinds.map((kind) => [kind.name, kind]));
  }

  /** Puts messages into mailboxes and runs until quiet. Money may enter here: it counts as in-transit from outside and must balance there. */
  tell(...messages: readonly Telling[]): this {
    for (const { to, type, body, id = `told/${++this.#told}`, from = 'test' } of messages) {
      this.#queue.push({ to, type, body: toJson(body), id, from, trace: '' });
    }
    return this.run();
  }

  /** Lets every timer that is due by then become its message. */
  passTo(at: number): this {
    this.now = Math.max(this.now, at);
    const due = [...this.timers].filter(([, timer]) => timer.at <= this.now);
    for (const [name] of due) this.timers.delete(name);
    return this.tell(
      ...due.map(([, { actor, key, at: when }]) => ({ to: actor, type: 'TimerDue', body: { key, at: when }, from: 'timer' })),
    );
  }

  run(): this {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (this.history.length > ENTRIES_MAX) throw new Error('the actors never come to rest');
      this.#deliver(next);
    }
    return this;
  }

  /** The state of an actor, parsed by its kind: wrong kinds fail loudly. */
  state<K extends Kind>(kind: K, id: string): StateOf<K> {
    const actor: ActorId = `${kind.name}:${id}`;
    return (this.actors.get(actor)?.state ?? kind.initial(id)) as StateOf<K>;
  }

  /** A total in its natural sign: assets as debit, liabilities as credit. */
  total(account: string, currency = 'SAR'): bigint {
    const debit = this.totals.get(`${account}:${currency}`) ?? 0n;
    return isLiability(account) ? -debit : debit;
  }

  /** What the actors themselves say they hold per account, debit positive: must equal the totals, bank and platform-due aside. */
  figures(): Map<string, bigint> {
    const sums = new Map<string, bigint>();
    for (const [actor, { state }] of this.actors) {
      for (const { account, currency, amount } of this.#kind(actor)?.figures?.(state) ?? []) {
        const key = `${account}:${currency}`;
        sums.set(key, (sums.get(key) ?? 0n) + amount);
      }
    }
    return new Map([...sums].filter(([, sum]) => sum !== 0n));
  }

  /** Accounts whose total is not what the actors say they hold, and money that is in transit at rest. Empty: the books are right. */
  differences(): string[] {
    const figures = this.figures();
    const keys = new Set([...this.totals.keys(), ...figures.keys()].filter((key) => !/^(told|bank|platform-due):/.test(key)));
    return [...keys]
      .filter((key) => (this.totals.get(key) ?? 0n) !== (figures.get(key) ?? 0n))
      .map((key) => `${key} is ${this.totals.get(key) ?? 0n}, actors say ${figures.get(key) ?? 0n}`);
  }

  #kind(actor: ActorId): Kind | undefined {
    return this.#kinds.get(kindOf(actor));
  }

  #deliver(message: Addressed): void {
    const kind = this.#kind(message.to);
    if (kind === undefined) {
      if (!this.#deaf.has(kindOf(message.to))) this.outside.push(message);
      return;
    }
    const n = this.history.length;
    const before = this.actors.get(message.to) ?? freshEnvelope(kind, message.to);
    const outcome = decideTwice(kind, before, { ...message, entry: `${this.now}-${n}` });
    if (!outcome.code.startsWith('accepted') && this.#carried(message) !== null)
      throw new Error(`a money message was refused: ${outcome.code}`);
    survivesSnapshot(kind, outcome.envelope.state);
    this.actors.set(message.to, outcome.envelope);
    this.history.push({ ...outcome, actor: message.to, message });
    this.#queue.push(...outcome.sends);
    this.effects.push(...outcome.effects);
    for (const { actor, key, at } of outcome.timers) this.#setTimer(actor, key, at);
    this.#add(outcome, message);
  }

  #setTimer(actor: ActorId, key: string, at: number | null): void {
    const name = `${actor}/${key}`;
    if (at === null) this.timers.delete(name);
    else this.timers.set(name, { actor, key, at });
  }

  /** Money that a test told from outside has no sender's half: it enters as `told`, and everything must balance against it. */
  #add(outcome: Outcome, message: Addressed): void {
    for (const { account, currency, amount } of outcome.rows) this.#count(`${account}:${currency}`, amount);
    const carried = this.#carried(message);
    if (message.from === 'test' && carried !== null) {
      this.#count(`in-transit:${carried.currency}`, -carried.amount);
      this.#count(`told:${carried.currency}`, carried.amount);
    }
    this.#checkInTransit(outcome);
    this.#checkIdentity();
  }

  #count(key: string, amount: bigint): void {
    this.totals.set(key, (this.totals.get(key) ?? 0n) + amount);
  }

  #carried(message: Addressed): Carried | null {
    const kind = this.#kind(message.to);
    const schema = kind?.messages[message.type];
    if (kind?.carries === undefined || schema === undefined) return null;
    const body: unknown = schema.parse(JSON.parse(message.body));
    return kind.carries({ type: message.type, body });
  }

  #checkInTransit(outcome: Outcome): void {
    if (this.outside.length > 0 || this.#queue.some(({ to }) => this.#kind(to) === undefined && !this.#deaf.has(kindOf(to)))) return;
    const waiting = new Map<string, bigint>();
    for (const message of this.#queue.filter(({ from }) => from !== 'test')) {
      const carried = this.#carried(message);
      if (carried !== null) waiting.set(carried.currency, (waiting.get(carried.currency) ?? 0n) + carried.amount);
    }
    const currencies = [...this.totals.keys()].filter((key) => key.startsWith('in-transit:')).map((key) => key.slice(11));
    for (const currency of new Set([...currencies, ...waiting.keys()])) {
      const [total, carried] = [this.total('in-transit', currency), waiting.get(currency) ?? 0n];
      if (total !== carried)
        throw new Error(`in-transit is ${total} ${currency}, messages carry ${carried}, after ${outcome.envelope.actor}`);
    }
  }

  /** bank + psp-receivable + platform-due + va-owing = va + va-pending + suspense + outgoing + in-transit, money told from outside aside. */
  #checkIdentity(): void {
    const sums = new Map<string, bigint>();
    for (const [key, amount] of this.totals) {
      const at = key.lastIndexOf(':');
      if (!isKnown(key.slice(0, at))) throw new Error(`unknown account ${key}`);
      sums.set(key.slice(at + 1), (sums.get(key.slice(at + 1)) ?? 0n) + amount);
    }
    for (const [currency, sum] of sums) if (sum !== 0n) throw new Error(`the identity is broken by ${sum} ${currency}`);
  }
}

function isLiability(account: string): boolean {
  return LIABILITIES.some((one) => one === account);
}

function isKnown(account: string): boolean {
  return isLiability(account) || account === 'told' || ASSETS.some((one) => account === one || account.startsWith(`${one}:`));
}
