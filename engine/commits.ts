/**
 * Turns of one shard as commits within the limits of a call.
 *
 * K1  An entry and all that follows from it are in one commit (I2); entries of one actor are in order, over several commits if need be.
 * K2  A later commit of the shard expects what an earlier one leaves, so they are applied one after the other or not at all.
 */
import type { Outcome } from './envelope.ts';
import type { Limits } from './limits.ts';
import type { ActorId, Addressed } from './message.ts';
import type { ActorCommit, EffectRecord, Head, HeardMessage, LedgerPage, Lease, ShardCommit, TimerRecord } from './ports.ts';

/** What one actor decided in this cycle. */
export interface Turn {
  readonly actor: ActorId;
  /** Where the actor stood before. */
  readonly before: Head;
  readonly rules: number;
  readonly outcomes: readonly Outcome[];
  /** The actor stops after these outcomes. */
  readonly park: { readonly entry: string; readonly error: string; readonly attempts: number } | null;
}

/** An actor's share of one commit: what publish needs when it was applied. */
export interface Moved {
  readonly actor: ActorId;
  readonly last: Outcome;
  readonly entries: number;
  readonly pages: readonly LedgerPage[];
  /** Where the actor stood before. */
  readonly before: Head;
  /** Messages that it sent and decided, for the journal. */
  readonly traffic: Traffic;
  /** Codes of the commands that were refused. */
  readonly refusals: readonly string[];
}

/** Messages between actors: what an actor sent, and what it was told, on its way to a head. */
export interface Traffic {
  readonly to: Head;
  readonly sent: readonly Addressed[];
  readonly heard: readonly HeardMessage[];
}

export interface PlannedCommit {
  readonly commit: ShardCommit;
  readonly moved: readonly Moved[];
  readonly entries: number;
}

type CommitLimits = Pick<Limits, 'entriesPerCommit' | 'deliveriesPerCommit' | 'bytesPerCommit'>;

/** Bytes around a message or effect in a call: ids, field names, sender. Measured on real messages, rounded up. */
const BYTES_AROUND = 250;

/** How large an entry's consequences are; compared with the limits before they become part of a turn. */
export function weightOf(outcome: Outcome): { readonly deliveries: number; readonly bytes: number } {
  let bytes = BYTES_AROUND;
  for (const { body } of outcome.sends) bytes += body.length + BYTES_AROUND;
  for (const { body } of outcome.effects) bytes += body.length + BYTES_AROUND;
  return { deliveries: outcome.sends.length + outcome.effects.length, bytes };
}

interface Draft {
  readonly actors: ActorCommit[];
  readonly moved: Moved[];
  readonly deliveries: Addressed[];
  readonly totals: Map<string, bigint>;
  readonly effects: EffectRecord[];
  readonly timers: TimerRecord[];
  readonly parks: ShardCommit['parks'][number][];
  entries: number;
  bytes: number;
}

function emptyDraft(): Draft {
  return { actors: [], moved: [], deliveries: [], totals: new Map(), effects: [], timers: [], parks: [], entries: 0, bytes: 0 };
}

export function planCommits(lease: Lease, turns: readonly Turn[], limits: CommitLimits): PlannedCommit[] {
  const drafts: Draft[] = [];
  let draft = emptyDraft();
  const seal = (): void => {
    if (draft.actors.length > 0 || draft.parks.length > 0) drafts.push(draft);
    draft = emptyDraft();
  };
  for (const turn of turns) {
    let next = 0;
    while (next < turn.outcomes.length) {
      const count = fitting(draft, turn.outcomes.slice(next), limits);
      if (count > 0) addOutcomes(draft, turn, { from: next, to: next + count });
      next += count;
      if (next < turn.outcomes.length) seal();
    }
    if (turn.park !== null) draft.parks.push({ actor: turn.actor, ...turn.park });
  }
  seal();
  return drafts.map((one) => toPlanned(lease, one));
}

/** How many of the outcomes still fit; an empty draft takes at least one. */
function fitting(draft: Draft, outcomes: readonly Outcome[], limits: CommitLimits): number {
  let entries = draft.entries;
  let deliveries = draft.deliveries.length + draft.effects.length;
  let bytes = draft.bytes;
  let count = 0;
  for (const outcome of outcomes) {
    const weight = weightOf(outcome);
    entries += 1;
    deliveries += weight.deliveries;
    bytes += weight.bytes;
    const full = entries > limits.entriesPerCommit || deliveries > limits.deliveriesPerCommit || bytes > limits.bytesPerCommit;
    if (full && (count > 0 || draft.entries > 0)) break;
    count += 1;
  }
  return count;
}

function isRefusal({ code }: Outcome): boolean {
  return code !== 'accepted' && code !== 'repeated' && code !== 'heard';
}

function addOutcomes(draft: Draft, turn: Turn, { from, to }: { readonly from: number; readonly to: number }): void {
  const pages: LedgerPage[] = [];
  const refusals: string[] = [];
  const taken = turn.outcomes.slice(from, to);
  let last: Outcome | undefined;
  for (const outcome of taken) {
    last = outcome;
    draft.bytes += weightOf(outcome).bytes;
    draft.deliveries.push(...outcome.sends); // bounded by deliveriesPerCommit
    draft.effects.push(...outcome.effects);
    draft.timers.push(...outcome.timers);
    for (const { account, currency, amount } of outcome.rows) {
      const key = `${account}:${currency}`;
      draft.totals.set(key, (draft.totals.get(key) ?? 0n) + amount);
    }
    if (outcome.filled !== null) pages.push(outcome.filled);
    if (isRefusal(outcome)) refusals.push(outcome.code);
  }
  if (last === undefined) return;
  const expected = from === 0 ? turn.before : (turn.outcomes[from - 1]?.envelope.head ?? turn.before);
  draft.actors.push({ actor: turn.actor, expected, next: last.envelope.head, rules: turn.rules });
  draft.moved.push({ actor: turn.actor, last, entries: to - from, pages, refusals, before: expected, traffic: trafficOf(taken, last) });
  draft.entries += to - from;
}

const NOTHING_HEARD: readonly HeardMessage[] = [];

/** Most turns have one entry: nothing is copied for them. */
function trafficOf(outcomes: readonly Outcome[], last: Outcome): Traffic {
  if (outcomes.length === 1) return trafficOfOne(last);
  const heard = outcomes.flatMap((one) => (one.heard === null ? [] : one.heard));
  return { to: last.envelope.head, sent: outcomes.flatMap(({ sends }) => sends), heard };
}

export function trafficOfOne({ envelope, sends, heard }: Outcome): Traffic {
  return { to: envelope.head, sent: sends, heard: heard === null ? NOTHING_HEARD : [heard] };
}

function toPlanned(lease: Lease, { moved, entries, bytes: _bytes, ...parts }: Draft): PlannedCommit {
  return { commit: { lease, ...parts }, moved, entries };
}
