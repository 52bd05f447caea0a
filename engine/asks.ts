/**
 * Sends commands and waits for their decisions: one loop for all of them, one read per look for all their actors.
 *
 * K1  An answer is given only from a fold that the chain proves, at a tip that covers the entry: it is what the owner decided (I8).
 * K2  Hints wake the loop, those too that come before the sender knows the entry: the owner may be faster than the answer of the send.
 *     Every `askPollMs` it looks at those who have waited that long, for a hint may be lost. What is not decided by the deadline is
 *     unknown, never refused.
 * K3  The outcome is seen while folding over the entry, or recalled by the envelope (`client:` commands only).
 */
import { fingerprint } from './envelope.ts';
import type { Envelope } from './envelope.ts';
import { Fault } from './fault.ts';
import type { Folded, FoldResult } from './fold.ts';
import { compareEntries, toJson } from './message.ts';
import type { ActorId, Addressed, EntryId } from './message.ts';
import type { Hints, System } from './ports.ts';
import type { Reader } from './reader.ts';

export type Answer<S = unknown> =
  | {
      readonly ok: true;
      readonly code: 'accepted' | 'repeated';
      /** Parsed JSON: amounts are decimal strings. */
      readonly answer: unknown;
      /** The state as of `asOf`, at or after the entry. */
      readonly envelope: Envelope<S>;
      readonly asOf: EntryId;
    }
  | { readonly ok: false; readonly refusal: string; readonly detail: unknown; readonly asOf: EntryId };

export interface AskLimits {
  /** How long a caller waits for the decision before it is told that the outcome is unknown. */
  readonly askTimeoutMs: number;
  /** The fallback when a hint is lost: from then on, and so often, the actor is looked at without one. */
  readonly askPollMs: number;
}

export interface AsksOptions {
  readonly reader: Reader;
  readonly hints: Hints;
  readonly system: System;
  readonly limits: AskLimits;
}

export interface Asks {
  /** Resolves with the decision of what `send` sends; throws what that throws, `outcome_unknown`, `actor_parked`, or the actor's own fault. */
  ask(command: Addressed, send: () => Promise<EntryId>, deadlineMs: number): Promise<Answer>;
  /** Whoever still waits is told that the outcome is unknown. */
  close(): void;
}

interface Waiting {
  readonly message: Addressed;
  readonly entry: EntryId;
  /** Monotonic. */
  readonly sinceMs: number;
  readonly deadlineMs: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (fault: Fault) => void;
}

/** Commands under way to an actor, whose entries are not known yet. */
interface Sending {
  count: number;
  /** Whether the actor moved meanwhile. */
  hinted: boolean;
}

interface State {
  readonly sending: Map<ActorId, Sending>;
  readonly waiting: Map<ActorId, Set<Waiting>>;
  /** Actors to look at next. */
  readonly due: Set<ActorId>;
  looking: boolean;
  polling: boolean;
}

export function createAsks(options: AsksOptions): Asks {
  const state: State = { sending: new Map(), waiting: new Map(), due: new Set(), looking: false, polling: false };
  const unsubscribe = options.hints.onCommitted((actors) => {
    for (const actor of actors) takeHint(actor, state);
    void look(state, options);
  });
  return {
    async ask(message, send, deadlineMs) {
      const sending = beginSending(message.to, state);
      const entry = await send().finally(() => {
        sending.count -= 1;
        if (sending.count === 0) state.sending.delete(message.to);
      });
      return wait({ message, entry, sinceMs: options.system.monotonicMs(), deadlineMs }, { state, options, hinted: sending.hinted });
    },
    close() {
      unsubscribe();
      for (const one of all(state)) one.reject(unknown(one));
      state.waiting.clear();
    },
  };
}

function takeHint(actor: ActorId, { sending, waiting, due }: State): void {
  const under = sending.get(actor);
  if (under !== undefined) under.hinted = true;
  if (waiting.has(actor)) due.add(actor);
}

function beginSending(actor: ActorId, { sending }: State): Sending {
  const under = sending.get(actor) ?? { count: 0, hinted: false };
  under.count += 1;
  sending.set(actor, under);
  return under;
}

interface Waiter {
  readonly state: State;
  readonly options: AsksOptions;
  /** The actor moved while the command was sent: it may be decided already. */
  readonly hinted: boolean;
}

function wait(sent: Omit<Waiting, 'resolve' | 'reject'>, { state, options, hinted }: Waiter): Promise<Answer> {
  const { to } = sent.message;
  return new Promise((resolve, reject) => {
    const waiting: Waiting = { ...sent, resolve, reject };
    const others = state.waiting.get(to);
    if (others === undefined) state.waiting.set(to, new Set([waiting]));
    else others.add(waiting);
    // Known before it is decided, the fold passes over the entry and sees its outcome (K3).
    if (hinted || !options.reader.knows(to)) {
      state.due.add(to);
      void look(state, options);
    }
    void poll(state, options);
  });
}

function all(state: State): Waiting[] {
  return [...state.waiting.values()].flatMap((set) => [...set]);
}

/** Runs while anybody waits. A read that hangs does not keep a deadline from passing. */
async function poll(state: State, options: AsksOptions): Promise<void> {
  if (state.polling) return;
  state.polling = true;
  while (state.waiting.size > 0) {
    await options.system.sleep(options.limits.askPollMs);
    const now = options.system.monotonicMs();
    for (const one of all(state)) {
      if (one.deadlineMs <= now) end(state, one, () => one.reject(unknown(one)));
      else if (one.sinceMs <= now - options.limits.askPollMs) state.due.add(one.message.to);
    }
    void look(state, options);
  }
  state.polling = false;
}

function unknown({ message, entry }: Waiting): Fault {
  return new Fault({ code: 'outcome_unknown', retry: 'now', message: `${message.to} has not decided ${entry} (${message.id}) yet` });
}

function end(state: State, one: Waiting, tell: () => void): void {
  const { to } = one.message;
  const others = state.waiting.get(to);
  others?.delete(one);
  if (others?.size === 0) state.waiting.delete(to);
  tell();
}

/** Looks at all due actors; one look at a time, so that a burst of hints becomes one read. Never rejects. */
async function look(state: State, options: AsksOptions): Promise<void> {
  if (state.looking) return;
  state.looking = true;
  try {
    while (state.due.size > 0) {
      const actors = [...state.due].filter((actor) => state.waiting.has(actor));
      state.due.clear();
      if (actors.length > 0) await lookAt(actors, state, options);
    }
  } catch {
    // The mailboxes cannot be read now: the next poll tries again, until the deadline (K2).
  } finally {
    state.looking = false;
  }
}

async function lookAt(actors: readonly ActorId[], state: State, { reader }: AsksOptions): Promise<void> {
  const watched = actors.map((actor) => ({ actor, watch: new Set([...(state.waiting.get(actor) ?? [])].map((one) => one.entry)) }));
  const results = await reader.look(watched);
  const missed: ActorId[] = [];
  watched.forEach(({ actor, watch }, index) => {
    const result = results[index];
    // Whoever came while the read was under way was not watched for: the next look is theirs.
    const present = [...(state.waiting.get(actor) ?? [])].filter((one) => watch.has(one.entry));
    if (result !== undefined && settle(state, present, result)) missed.push(actor);
  });
  if (missed.length > 0) await lookAgain(missed, state, reader);
}

/** Tells those whose decision is known; true when an entry was passed over but its outcome was not on the way. */
function settle(state: State, present: readonly Waiting[], result: FoldResult): boolean {
  let missed = false;
  for (const one of present) {
    const verdict = verdictOf(one, result);
    if (verdict === 'missed') missed = true;
    else if (verdict instanceof Fault) end(state, one, () => one.reject(verdict));
    else if (verdict !== 'waits') end(state, one, () => one.resolve(verdict));
  }
  return missed;
}

function verdictOf(one: Waiting, result: FoldResult): Answer | Fault | 'waits' | 'missed' {
  if (!result.ok) return result.fault.retry === 'never' ? result.fault : 'waits';
  const { folded, parked } = result;
  if (folded !== null && compareEntries(folded.tip.last, one.entry) >= 0) return answerOf(one, folded) ?? 'missed';
  if (!parked) return 'waits';
  return new Fault({ code: 'actor_parked', retry: 'later', message: `${one.message.to} waits for an operator` });
}

function answerOf({ message, entry }: Waiting, { envelope, outcomes }: Folded): Answer | null {
  const decided = outcomes.get(entry);
  // A server that lost its tail may have given the entry to another message.
  if (decided?.id === message.id) return answer(envelope, decided.outcome.code, decided.outcome.answer);
  const first = envelope.recent.find((one) => one.id === message.id);
  if (first === undefined || !message.from.startsWith('client:')) return null;
  if (first.bodyHash !== fingerprint(message.body)) return answer(envelope, 'idempotency_key_reused', null);
  const code = first.status === 'accepted' && first.entry !== entry ? 'repeated' : first.status;
  return answer(envelope, code, first.answer);
}

function answer(envelope: Envelope, code: string, told: unknown): Answer {
  const asOf = envelope.head.last;
  const plain: unknown = JSON.parse(toJson(told ?? null));
  if (code === 'accepted' || code === 'repeated') return { ok: true, code, answer: plain, envelope, asOf };
  return { ok: false, refusal: code, detail: plain, asOf };
}

/** The short way began after the entry: the named snapshot may lie before it. If not, only the sender's repetition will tell. */
async function lookAgain(actors: readonly ActorId[], state: State, reader: Reader): Promise<void> {
  const present = new Map(actors.map((actor) => [actor, [...(state.waiting.get(actor) ?? [])]]));
  const requests = actors.map((actor) => ({
    actor,
    fromSnapshot: true,
    watch: new Set((present.get(actor) ?? []).map((one) => one.entry)),
  }));
  const results = await reader.look(requests);
  actors.forEach((actor, index) => {
    const result = results[index];
    if (result === undefined) return;
    for (const one of present.get(actor) ?? []) if (settle(state, [one], result)) end(state, one, () => one.reject(unknown(one)));
  });
}
