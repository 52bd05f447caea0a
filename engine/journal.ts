/**
 * What actors told one another, kept beside the snapshots: a message that its sender's snapshot covers and its receiver's does not lives in
 * Redis alone. A restore reads here what was in transit, and what a receiver knew before its sender's snapshot did.
 *
 * J1  Spans go from one saved head of an actor to the next and are written before that snapshot: a snapshot never stands without them. Mostly it
 *     is one; what an actor sent while MongoDB was away may be too much for one document, then several follow one another.
 * J2  Spans hang together by their heads, so that those of a history that never was (a Redis that lost its tail) are told apart.
 * J3  Documents are thrown away by age alone: after that time only an actor that was parked throughout is without its messages.
 */
import { z } from 'zod';
import type { Traffic } from './commits.ts';
import type { ActorId, Addressed } from './message.ts';
import { toJson } from './message.ts';
import type { Head, HeardMessage, Journal, JournalDocument, JournalSpan, System } from './ports.ts';
import { actorId, entryId } from './snapshot-codec.ts';

/** As it is written, short: every deposit passes here several times. */
const head = z.tuple([entryId, z.number().int(), z.string()]);
/** Receiver, id, type, sender where it is not the span's actor, trace, characters of the body. */
const sentOne = z.tuple([actorId, z.string(), z.string(), z.string(), z.string(), z.number().int()]);
const heardOne = z.tuple([z.string(), z.string(), entryId]);
const span = z.tuple([actorId, head, head, z.array(sentOne), z.array(heardOne)]);
const journal = z.object({ writer: z.string(), at: z.number(), lagMs: z.number().nullable(), spans: z.array(span) });

type WrittenSpan = z.infer<typeof span>;

/** What one document says. */
export interface JournalPage {
  /** The worker. */
  readonly writer: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Age of the writer's oldest entry without a snapshot: what came before that is saved. Null: the writer is no worker. */
  readonly lagMs: number | null;
  readonly spans: readonly JournalSpan[];
}

const MS_DIGITS = 15;
const PLACE_DIGITS = 4;

export function journalIdAt(ms: number): string {
  return String(Math.max(0, Math.floor(ms))).padStart(MS_DIGITS, '0');
}

/** What an actor did since the head that was saved last. */
export interface Unjournalled {
  readonly from: Head;
  readonly to: Head;
  readonly traffic: readonly Traffic[];
}

/** What the actor sent and heard on its way; cut after a commit where it is more than so many characters (J1). */
export function spansOf(actor: ActorId, { from, to, traffic }: Unjournalled, charsMax: number): JournalSpan[] {
  const spans: JournalSpan[] = [];
  let open = { from, to: from, sent: [] as Addressed[], heard: [] as HeardMessage[] };
  let chars = 0;
  for (const one of traffic) {
    const more = charsOf(one);
    if (chars > 0 && chars + more > charsMax) {
      spans.push({ actor, ...open });
      open = { from: open.to, to: open.to, sent: [], heard: [] };
      chars = 0;
    }
    for (const message of one.sent) open.sent.push(message);
    for (const message of one.heard) open.heard.push(message);
    open.to = one.to;
    chars += more;
  }
  return [...spans, { actor, ...open, to }];
}

export interface Written {
  readonly writer: string;
  readonly lagMs: number | null;
  readonly system: Pick<System, 'wallMs' | 'uuid'>;
  /** Characters of one document at most, unless one span alone has more. */
  readonly charsMax: number;
}

/** One after the other: of spans that follow one another, a later one is never there without the former. */
export async function writeJournal(journal: Pick<Journal, 'insert'>, documents: readonly JournalDocument[]): Promise<void> {
  for (const document of documents) await journal.insert([document]);
}

/** The spans as documents that fit one insert each: a line of JSON, then the bodies as they are; in JSON they would be escaped once more. */
export function journalOf(spans: readonly JournalSpan[], { writer, lagMs, system, charsMax }: Written): JournalDocument[] {
  const at = system.wallMs();
  const documents: JournalDocument[] = [];
  let written: WrittenSpan[] = [];
  let bodies: string[] = [];
  let chars = 0;
  const seal = (): void => {
    if (written.length === 0) return;
    const bytes = `${toJson({ writer, at, lagMs, spans: written } satisfies JournalHeader)}\n${bodies.join('')}`;
    const place = String(documents.length).padStart(PLACE_DIGITS, '0');
    documents.push({ id: `${journalIdAt(at)}/${place}/${system.uuid()}`, bytes });
    written = [];
    bodies = [];
    chars = 0;
  };
  for (const one of spans) {
    const more = charsOf(one);
    if (chars + more > charsMax) seal();
    written.push(toWritten(one));
    for (const { body } of one.sent) bodies.push(body);
    chars += more;
  }
  seal();
  return documents;
}

type JournalHeader = z.infer<typeof journal>;

/** About what a span, a message sent and one heard take beside the bodies. */
const CHARS = { span: 200, sent: 200, heard: 150 };

export function charsOf({ sent, heard }: Pick<JournalSpan, 'sent' | 'heard'>): number {
  return sent.reduce((sum, { body }) => sum + CHARS.sent + body.length, CHARS.span + heard.length * CHARS.heard);
}

function toWritten({ actor, from, to, sent, heard }: JournalSpan): WrittenSpan {
  return [
    actor,
    [from.last, from.n, from.chain],
    [to.last, to.n, to.chain],
    sent.map((one) => [one.to, one.id, one.type, one.from === actor ? '' : one.from, one.trace, one.body.length]),
    heard.map((one) => [one.id, one.from, one.entry]),
  ];
}

/** Throws when the bytes are no journal. */
export function decodeJournal({ id, bytes }: JournalDocument): JournalPage {
  const end = bytes.indexOf('\n');
  const { spans, ...about } = journal.parse(JSON.parse(bytes.slice(0, end)));
  let at = end + 1;
  const bodyOf = (chars: number): string => bytes.slice(at, (at += chars));
  const page = { ...about, spans: spans.map((one) => toSpan(one, bodyOf)) };
  if (end < 0 || at !== bytes.length) throw new Error(`${id} is no journal: its bodies have another length`);
  return page;
}

function toSpan([actor, from, to, sent, heard]: WrittenSpan, bodyOf: (chars: number) => string): JournalSpan {
  return {
    actor,
    from: { last: from[0], n: from[1], chain: from[2] },
    to: { last: to[0], n: to[1], chain: to[2] },
    sent: sent.map(([receiver, id, type, sender, trace, chars]) => ({
      ...{ to: receiver, id, type, trace },
      ...{ from: sender === '' ? actor : sender, body: bodyOf(chars) },
    })),
    heard: heard.map(([id, sender, entry]) => ({ id, from: sender, entry })),
  };
}
