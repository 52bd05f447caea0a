/** From what Redis answers to typed values; anything unexpected is a fault, never a cast. */
import { Fault } from '../../engine/fault.ts';
import type { ActorId, EntryId, StoredEntry } from '../../engine/message.ts';

/** A field of what INFO answers, such as `redis_version`; empty when it has none. */
export function infoOf(info: string, field: string): string {
  return new RegExp(`^${field}:(\\S*)`, 'm').exec(info)?.[1] ?? '';
}

export function list(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw unexpected(reply);
}

export function text(reply: unknown): string {
  if (typeof reply === 'string') return reply;
  throw unexpected(reply);
}

export function number(reply: unknown): number {
  if (typeof reply === 'number') return reply;
  const value = typeof reply === 'string' && reply !== '' ? Number(reply) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw unexpected(reply);
}

export function texts(reply: unknown): string[] {
  return list(reply).map(text);
}

export function actorIds(reply: unknown): ActorId[] {
  return list(reply).map(actorId);
}

export function actorId(reply: unknown): ActorId {
  if (isActorId(reply)) return reply;
  throw unexpected(reply);
}

export function isActorId(value: unknown): value is ActorId {
  return typeof value === 'string' && value.indexOf(':') > 0;
}

export function entryId(reply: unknown): EntryId {
  if (isEntryId(reply)) return reply;
  throw unexpected(reply);
}

function isEntryId(value: unknown): value is EntryId {
  return typeof value === 'string' && /^\d+-\d+$/.test(value);
}

/** Entries as XRANGE gives them. A field that somebody left out by hand is empty: its kind's schema says what is wrong with it. */
export function entries(reply: unknown): StoredEntry[] {
  return list(reply).map((item) => {
    const [id, fields] = list(item);
    return entryOf(entryId(id), list(fields));
  });
}

function entryOf(entry: EntryId, fields: readonly unknown[]): StoredEntry {
  const [a, id, b, type, c, body, d, from, e, trace] = fields;
  if (a === 'id' && b === 'type' && c === 'body' && d === 'from' && e === 'trace') {
    return { entry, id: text(id), type: text(type), body: text(body), from: text(from), trace: text(trace) };
  }
  const named = record(fields);
  const field = (name: string): string => named.get(name) ?? '';
  return { entry, id: field('id'), type: field('type'), body: field('body'), from: field('from'), trace: field('trace') };
}

/** A hash or a scored set: the client library gives flat lists for some commands and objects for others. */
export function pairs(reply: unknown): Map<string, string> {
  if (Array.isArray(reply) || typeof reply !== 'object' || reply === null) return record(list(reply));
  return new Map(Object.entries(reply).map(([name, value]) => [name, String(value)]));
}

/** Flat names and values, as in entries and XINFO. */
export function record(fields: readonly unknown[]): Map<string, string> {
  const named = new Map<string, string>();
  for (let index = 0; index + 1 < fields.length; index += 2) named.set(text(fields[index]), String(fields[index + 1]));
  return named;
}

export function unexpected(reply: unknown): Fault {
  return new Fault({
    code: 'redis_reply',
    retry: 'never',
    message: `unexpected answer of Redis: ${JSON.stringify(reply ?? null).slice(0, 200)}`,
  });
}
