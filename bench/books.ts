/**
 * The actors of the product in one process, without an engine around them: messages are decided with the engine's own `decideEntry` (schemas,
 * rules, chain) until all is quiet. No mailboxes, no database, no clock: what is left is what the rules cost. Effects are not called.
 */
import { KINDS } from '../actors/kinds.ts';
import { decideEntry, freshEnvelope } from '../engine/envelope.ts';
import type { Envelope } from '../engine/envelope.ts';
import { toJson } from '../engine/message.ts';
import type { ActorId, Addressed, EntryId } from '../engine/message.ts';
import { createRegistry } from '../engine/registry.ts';

const BEGUN_MS = Date.UTC(2026, 10, 23, 9);

export class Books {
  readonly actors = new Map<ActorId, Envelope>();
  /** `<account>:<currency>` -> debit-positive sum. */
  readonly totals = new Map<string, bigint>();
  entries = 0;
  readonly #registry = createRegistry(KINDS);
  readonly #timers = new Map<string, { readonly actor: ActorId; readonly key: string; readonly at: number }>();
  #nowMs = BEGUN_MS;

  /** Delivers it and whatever follows from it. */
  tell(message: Addressed): void {
    const queue = [message];
    for (const next of queue) queue.push(...this.#decide(next));
  }

  /** Lets time pass: timers that are due by then become their messages. */
  pass(ms: number): void {
    this.#nowMs += ms;
    const due = [...this.#timers].filter(([, { at }]) => at <= this.#nowMs);
    for (const [name, { actor, key, at }] of due) {
      this.#timers.delete(name);
      this.tell({ to: actor, type: 'TimerDue', body: toJson({ key, at }), id: `${name}/${String(at)}`, from: 'timer', trace: '' });
    }
  }

  #decide(message: Addressed): readonly Addressed[] {
    const kind = this.#registry.kindOf(message.to);
    const before = this.actors.get(message.to) ?? freshEnvelope(kind, message.to);
    this.entries += 1;
    const entry: EntryId = `${this.#nowMs}-${this.entries}`;
    const { envelope, code, rows, sends, timers } = decideEntry(kind, before, { ...message, entry });
    if (code !== 'accepted') throw new Error(`${message.type} to ${message.to}: ${code}`);
    this.actors.set(message.to, envelope);
    for (const { account, currency, amount } of rows) {
      const key = `${account}:${currency}`;
      this.totals.set(key, (this.totals.get(key) ?? 0n) + amount);
    }
    for (const { actor, key, at } of timers) {
      if (at === null) this.#timers.delete(`${actor}/${key}`);
      else this.#timers.set(`${actor}/${key}`, { actor, key, at });
    }
    return sends;
  }
}
