/**
 * The envelope around an actor's state, and the one function that moves it over an entry. Owner, reader and auditor all fold with it.
 *
 * E1  `decideEntry(kind, envelope, entry)` is pure: owner, reader, auditor and replay get the same outcome and the same chain (I1, I6).
 * E2  The chain hashes the entry, its message id and the whole outcome; what nobody could have decided cannot be told.
 * E3  Edge commands (`from` begins with `client:`) are remembered for 24 hours: same key and body, same answer; other body, refusal.
 * E5  After a restore, a message that the actor had decided before, and that its sender sends anew, changes nothing. Once: it is forgotten then.
 * E4  An exception here is a poison entry: the caller parks the actor before it.
 */
import { hash } from 'node:crypto';
import type { Accepted, AnyMessage, Decision, Effect, Entry, Kind, Row, Timer } from './actor.ts';
import { beginning, idOf, inOnePiece, msOf, sorted, toCanonicalJson, toJson } from './message.ts';
import type { ActorId, Addressed, EntryId, StoredEntry } from './message.ts';
import type { EffectRecord, Head, HeardMessage, LedgerPage, TimerRecord } from './ports.ts';

/** What a reader of the ledger sees of one committed entry that posted rows or left a note. */
export interface Posting {
  /** Counts the actor's postings from 1. */
  readonly n: number;
  readonly entry: EntryId;
  readonly type: string;
  readonly id: string;
  readonly rows: readonly Row[];
  readonly note: unknown;
}

/** An edge command and its answer, kept so that a repeated key gets the first answer. */
export interface Remembered {
  readonly id: string;
  readonly bodyHash: string;
  readonly entry: EntryId;
  /** `accepted` or the refusal. */
  readonly status: string;
  readonly answer: unknown;
}

export interface Envelope<S = unknown> {
  readonly actor: ActorId;
  readonly head: Head;
  readonly rules: number;
  readonly state: S;
  readonly recent: readonly Remembered[];
  /** Postings since the last full page, oldest first, each as its canonical JSON: so they are kept, saved and filed, and seldom looked at. */
  readonly postings: readonly string[];
  /** Postings ever made. */
  readonly posted: number;
  /** The last full page of the ledger, or null. */
  readonly page: string | null;
  /** The actor's own totals, `<account>:<currency>` -> debit-positive sum of all its rows. */
  readonly sums: Readonly<Record<string, bigint>>;
  /** Messages that a restored actor had already decided while their senders had not yet sent them, as far as MongoDB knows (E5). */
  readonly heard: readonly string[];
  /** Characters of the state's JSON, measured every `MEASURED_EVERY` entries. */
  readonly size: number;
}

export interface Outcome {
  readonly envelope: Envelope;
  /** `accepted`, `repeated`, `heard` (E5), or the refusal. */
  readonly code: string;
  readonly rows: readonly Row[];
  readonly sends: readonly Addressed[];
  readonly effects: readonly EffectRecord[];
  readonly timers: readonly TimerRecord[];
  readonly answer: unknown;
  /** The message that was decided, when it came from an actor. */
  readonly heard: HeardMessage | null;
  /** The ledger page that this entry filled: to be inserted before a snapshot of this envelope. */
  readonly filled: LedgerPage | null;
}

export const RECENT_MS = 24 * 60 * 60 * 1000;
export const RECENT_MAX = 256;
/** Few: all that are not in a page yet are in memory, and in each snapshot. */
export const POSTINGS_PER_PAGE = 25;
/** A state that has grown beyond this takes no more commands from edges (I9); messages between actors are never refused. */
export const STATE_CHARS_MAX = 256 * 1024;
const MEASURED_EVERY = 64;
/** No answer, effects or timers, as JSON: so it is with most messages between actors. */
const SILENCE = '[null,[],[]]';
const AMOUNT_LIMIT = 10n ** 15n;
const CHAIN_LENGTH = 22; // base64url characters: 132 bits of SHA-256
const REPEAT_REFUSALS = { reused: 'idempotency_key_reused', tooMany: 'too_many_recent_commands', full: 'actor_full' } as const;

export function freshEnvelope(kind: Kind, actor: ActorId): Envelope {
  return {
    actor,
    head: { last: beginning(), n: 0, chain: '-' },
    rules: kind.rules,
    state: kind.initial(idOf(actor)),
    recent: [],
    postings: [],
    posted: 0,
    page: null,
    sums: {},
    heard: [],
    size: 0,
  };
}

/** `<last>~<chain>`: the part of a snapshot's name that the tip carries. */
export function snapshotName(head: Head): string {
  return `${head.last}~${head.chain}`;
}

/** Decides one entry: the only way an envelope moves. Throws for a poison entry (E4). */
export function decideEntry(kind: Kind, envelope: Envelope, stored: StoredEntry): Outcome {
  if (envelope.heard.includes(stored.id)) return heardBefore(kind, envelope, stored);
  const known = repeatOf(envelope, stored);
  if (known !== null) return conclude(kind, { envelope, stored, decision: known.decision, code: known.code, remember: null });
  const decision = kind.decide(envelope.state, parseEntry(kind, envelope.actor, stored));
  if (decision.ok) checkRows(decision.rows);
  const code = decision.ok ? 'accepted' : decision.refusal;
  const remember = isClientCommand(stored) ? remembered(stored, code, decision) : null;
  return conclude(kind, { envelope, stored, decision, code, remember });
}

/** E5 */
function heardBefore(kind: Kind, envelope: Envelope, stored: StoredEntry): Outcome {
  const rest = { ...envelope, heard: envelope.heard.filter((id) => id !== stored.id) };
  return conclude(kind, { envelope: rest, stored, decision: unchanged(rest, null), code: 'heard', remember: null });
}

function parseEntry(kind: Kind, self: ActorId, stored: StoredEntry): Entry<AnyMessage> {
  const schema = kind.messages[stored.type];
  if (schema === undefined) throw new Error(`unknown message type ${stored.type} for ${kind.name}`);
  const body = schema.parse(JSON.parse(stored.body));
  const { entry, id, from, trace, type } = stored;
  return { type, body, self, entry, at: msOf(entry), id, from, trace };
}

const OUTSIDE = /^(?:timer$|edge:|client:|effect:|operator:)/;

function heardOf({ id, from, entry }: StoredEntry): HeardMessage | null {
  return OUTSIDE.test(from) ? null : { id, from, entry };
}

function isClientCommand(stored: StoredEntry): boolean {
  return stored.from.startsWith('client:');
}

/** What E3 says of this entry before its kind is asked; null when the kind shall decide. */
function repeatOf(envelope: Envelope, stored: StoredEntry): { readonly decision: Decision<unknown>; readonly code: string } | null {
  if (!isClientCommand(stored)) return null;
  const first = envelope.recent.find((one) => one.id === stored.id);
  if (first !== undefined && first.bodyHash !== fingerprint(stored.body)) return refusal(REPEAT_REFUSALS.reused);
  if (first !== undefined && first.status === 'accepted') {
    return { code: 'repeated', decision: unchanged(envelope, first.answer) };
  }
  if (first !== undefined) return { code: first.status, decision: { ok: false, refusal: first.status, detail: first.answer } };
  if (envelope.size > STATE_CHARS_MAX) return refusal(REPEAT_REFUSALS.full);
  return alive(envelope.recent, stored.entry).length >= RECENT_MAX ? refusal(REPEAT_REFUSALS.tooMany) : null;
}

function refusal(code: string): { readonly decision: Decision<unknown>; readonly code: string } {
  return { code, decision: { ok: false, refusal: code, detail: null } };
}

function unchanged(envelope: Envelope, answer: unknown): Accepted<unknown> {
  return { ok: true, state: envelope.state, rows: [], sends: [], answer, note: null };
}

/** The answer as a snapshot keeps it, keys in order: the chain hashes it again when the command is repeated, by whoever folds from wherever (E1). */
function remembered(stored: StoredEntry, status: string, decision: Decision<unknown>): Remembered {
  const answer: unknown = JSON.parse(toCanonicalJson(decision.ok ? decision.answer : decision.detail));
  return { id: stored.id, bodyHash: fingerprint(stored.body), entry: stored.entry, status, answer };
}

export function fingerprint(body: string): string {
  return hash('sha256', body, 'base64url').slice(0, CHAIN_LENGTH);
}

function checkRows(rows: readonly Row[]): void {
  if (rows.length === 0) return;
  const sums = new Map<string, bigint>();
  for (const { account, currency, amount } of rows) {
    if (amount >= AMOUNT_LIMIT || amount <= -AMOUNT_LIMIT) throw new Error(`amount of ${account} out of range`);
    sums.set(currency, (sums.get(currency) ?? 0n) + amount);
  }
  for (const [currency, sum] of sums) if (sum !== 0n) throw new Error(`rows do not balance in ${currency}: ${sum.toString()}`);
}

interface Conclusion {
  readonly envelope: Envelope;
  readonly stored: StoredEntry;
  readonly decision: Decision<unknown>;
  readonly code: string;
  readonly remember: Remembered | null;
}

function conclude(kind: Kind, { envelope, stored, decision, code, remember }: Conclusion): Outcome {
  const state = decision.ok ? decision.state : envelope.state;
  const rows = decision.ok ? decision.rows : [];
  const sends = addressed(envelope, stored, decision.ok ? decision.sends : []);
  const changed = state !== envelope.state;
  const effects = changed ? effectsBetween(kind, { envelope, state, trace: stored.trace }) : [];
  const timers = changed ? timersBetween(kind, envelope, state) : [];
  const answer = decision.ok ? decision.answer : decision.detail;
  const chain = nextChain(envelope.head.chain, stored, outcomeText({ code, rows, sends, effects, timers, answer }));
  const head: Head = { last: stored.entry, n: envelope.head.n + 1, chain };
  const recent = remember === null ? envelope.recent : [...alive(envelope.recent, stored.entry), remember];
  const filing = filed(envelope, head, postingText(envelope.posted + 1, stored, decision));
  // Each by its name: spreading takes longer, and this is done for every entry.
  const moved: Envelope = {
    actor: envelope.actor,
    head,
    rules: kind.rules,
    state,
    recent,
    postings: filing.postings,
    posted: filing.posted,
    page: filing.page,
    sums: added(envelope.sums, rows),
    heard: envelope.heard,
    size: measured(envelope.size, head, state),
  };
  return { envelope: moved, code, rows, sends, effects, timers, answer, heard: heardOf(stored), filled: filing.filled };
}

/** What the chain hashes (E2). Bodies go in as they are, behind their length: as JSON in JSON they would be escaped once more. */
function outcomeText({
  code,
  rows,
  sends,
  effects,
  timers,
  answer,
}: Pick<Outcome, 'code' | 'rows' | 'sends' | 'effects' | 'timers' | 'answer'>): string {
  const isSilent = answer === null && effects.length === 0 && timers.length === 0;
  let text = `${code}|${isSilent ? SILENCE : toJson([answer, effects, timers])}`;
  for (const { account, currency, amount } of rows) text += `|${account} ${currency} ${amount.toString()}`;
  for (const { to, type, id, body } of sends) text += `|${to} ${type} ${id} ${body.length} ${body}`;
  return text;
}

function measured(known: number, head: Head, state: unknown): number {
  return head.n % MEASURED_EVERY === 0 ? toJson(state).length : known;
}

/** They come in the order of their entries: mostly the first is young enough, and so are all. */
function alive(recent: readonly Remembered[], entry: EntryId): readonly Remembered[] {
  const oldest = msOf(entry) - RECENT_MS;
  const first = recent.findIndex((one) => msOf(one.entry) > oldest);
  if (first === 0) return recent;
  return first < 0 ? [] : recent.slice(first);
}

export function nextChain(chain: string, stored: StoredEntry, outcome: string): string {
  return hash('sha256', `${chain}|${stored.entry}|${stored.id}|${outcome}`, 'base64url').slice(0, CHAIN_LENGTH);
}

/** Names and serialises what the decision sends; money messages bring their natural key, others are named by place and chain. */
function addressed(envelope: Envelope, stored: StoredEntry, sends: Accepted<unknown>['sends']): Addressed[] {
  return sends.map(({ to, type, body, id }, index) => ({
    to,
    type,
    body: toJson(body),
    id: id ?? `${envelope.actor}/${stored.entry}~${envelope.head.chain}/${index}`,
    from: envelope.actor,
    trace: stored.trace,
  }));
}

function effectsBetween(kind: Kind, change: { envelope: Envelope; state: unknown; trace: string }): EffectRecord[] {
  if (kind.openEffects === undefined) return [];
  const before = new Set(kind.openEffects(change.envelope.state).map((effect) => effect.id));
  const opened = kind.openEffects(change.state).filter((effect) => !before.has(effect.id));
  return opened.map((effect: Effect) => ({
    actor: change.envelope.actor,
    id: effect.id,
    type: effect.type,
    body: toJson(effect.body),
    trace: change.trace,
  }));
}

function timersBetween(kind: Kind, envelope: Envelope, state: unknown): TimerRecord[] {
  if (kind.timers === undefined) return [];
  const before = new Map(kind.timers(envelope.state).map((timer: Timer) => [timer.key, timer.at]));
  const now = kind.timers(state);
  const set = now.filter((timer) => before.get(timer.key) !== timer.at).map(({ key, at }) => ({ actor: envelope.actor, key, at }));
  const kept = new Set(now.map((timer) => timer.key));
  const gone = [...before.keys()].filter((key) => !kept.has(key)).map((key) => ({ actor: envelope.actor, key, at: null }));
  return [...set, ...gone];
}

function added(sums: Envelope['sums'], rows: readonly Row[]): Envelope['sums'] {
  if (rows.length === 0) return sums;
  const next: Record<string, bigint> = { ...sums };
  for (const { account, currency, amount } of rows) {
    const key = `${account}:${currency}`;
    next[key] = (next[key] ?? 0n) + amount;
  }
  return next;
}

interface Filing extends Pick<Envelope, 'postings' | 'posted' | 'page'> {
  readonly filled: LedgerPage | null;
}

/** With the posting, if there is one; a page that is full leaves the envelope for the ledger, named by the chain so that two writers cannot differ. */
function filed({ actor, postings: before, posted: count, page }: Envelope, head: Head, posting: string | null): Filing {
  if (posting === null) return { postings: before, posted: count, page, filled: null };
  const posted = count + 1;
  const postings = before.toSpliced(before.length, 0, posting); // `[...a, b]` takes three times the memory
  if (postings.length < POSTINGS_PER_PAGE) return { postings, posted, page, filled: null };
  const id = `${actor}#${posted}~${head.chain}`;
  return { postings: [], posted, page: id, filled: { id, previous: page, bytes: postingsText(postings) } };
}

/** As `toCanonicalJson` makes it of a `Posting`, with less sorting; null when there is nothing to tell. */
function postingText(n: number, { entry, id, type }: StoredEntry, decision: Decision<unknown>): string | null {
  if (!decision.ok || (decision.rows.length === 0 && decision.note === null)) return null;
  const rows = decision.rows.map(({ account, amount, currency }) => ({ account, amount: amount.toString(), currency }));
  return inOnePiece(toJson({ entry, id, n, note: sorted(decision.note), rows, type }));
}

/** A list of them as one text: of a page, or of a snapshot's part. */
export function postingsText(postings: readonly string[]): string {
  return `[${postings.join(',')}]`;
}
