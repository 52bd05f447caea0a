/**
 * What actors told one another, kept beside the snapshots: a message that its sender's snapshot covers and its receiver's does not lives in
 * Redis alone. A restore reads here what was in transit, and what a receiver knew before its sender's snapshot did.
 *
 * J1  A span goes from one saved head of an actor to the next and is written before that snapshot: a snapshot never stands without it.
 * J2  Spans hang together by their heads, so that those of a history that never was (a Redis that lost its tail) are told apart.
 * J3  Documents are thrown away by age alone: after that time only an actor that was parked throughout is without its messages.
 */
import { z } from 'zod';
import type { Unsaved } from './cache.ts';
import type { ActorId } from './message.ts';
import { toJson } from './message.ts';
import type { Head, JournalDocument, JournalSpan, System } from './ports.ts';
import { actorId, entryId } from './snapshot-codec.ts';

const head = z.object({ last: entryId, n: z.number().int(), chain: z.string() });
const addressed = z.object({ to: actorId, id: z.string(), type: z.string(), body: z.string(), from: z.string(), trace: z.string() });
const heard = z.object({ id: z.string(), from: z.string(), entry: entryId });
const span = z.object({ actor: actorId, from: head, to: head, sent: z.array(addressed), heard: z.array(heard) });
const journal = z.object({ writer: z.string(), at: z.number(), lagMs: z.number().nullable(), spans: z.array(span) });

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

export function journalIdAt(ms: number): string {
  return String(Math.max(0, Math.floor(ms))).padStart(MS_DIGITS, '0');
}

export function spanOf(actor: ActorId, to: Head, unsaved: Pick<Unsaved, 'from' | 'traffic'>): JournalSpan {
  const sent = unsaved.traffic.flatMap((one) => one.sent);
  const heardOnes = unsaved.traffic.flatMap((one) => one.heard);
  return { actor, from: unsaved.from, to, sent, heard: heardOnes };
}

export interface Written {
  readonly writer: string;
  readonly lagMs: number | null;
  readonly system: Pick<System, 'wallMs' | 'uuid'>;
  /** Characters of one document at most, unless one span alone has more. */
  readonly charsMax: number;
}

/** The spans as documents that fit one insert each. */
export function journalOf(spans: readonly JournalSpan[], { writer, lagMs, system, charsMax }: Written): JournalDocument[] {
  const at = system.wallMs();
  const documents: JournalDocument[] = [];
  let texts: string[] = [];
  let chars = 0;
  const seal = (): void => {
    if (texts.length === 0) return;
    const about = toJson({ writer, at, lagMs });
    documents.push({ id: `${journalIdAt(at)}/${system.uuid()}`, bytes: `${about.slice(0, -1)},"spans":[${texts.join(',')}]}` });
    texts = [];
    chars = 0;
  };
  for (const one of spans) {
    const text = toJson(one);
    if (chars + text.length > charsMax) seal();
    texts.push(text);
    chars += text.length;
  }
  seal();
  return documents;
}

/** Throws when the bytes are no journal. */
export function decodeJournal({ bytes }: JournalDocument): JournalPage {
  return journal.parse(JSON.parse(bytes));
}
