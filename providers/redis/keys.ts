/**
 * Every key of the installation, named in this file only. A tag in braces keeps all keys of a shard in one Cluster slot.
 */
import { Fault } from '../../engine/fault.ts';
import type { ActorId } from '../../engine/message.ts';
import type { Shard } from '../../engine/ports.ts';

export const META = 'iw:meta';
export const HINTS = 'iw:hints';

export interface ShardKeys {
  readonly lease: string;
  readonly ready: string;
  readonly tip: string;
  readonly totals: string;
  readonly parked: string;
  readonly attempts: string;
  readonly timers: string;
  readonly effects: string;
  readonly effectAttempts: string;
  readonly dead: string;
  readonly outbox: string;
  readonly seen: string;
  /** Only while a restore is under way: what it delivered. */
  readonly restored: string;
}

const known = new Map<Shard, ShardKeys>(); // one per shard of the layout

export function shardKeys(shard: Shard): ShardKeys {
  const found = known.get(shard);
  if (found !== undefined) return found;
  const keys = namesOf(shard);
  known.set(shard, keys);
  return keys;
}

function namesOf(shard: Shard): ShardKeys {
  const of = (name: string): string => `iw:{${shard}}:${name}`;
  return {
    lease: of('lease'),
    ready: of('ready'),
    tip: of('tip'),
    totals: of('totals'),
    parked: of('parked'),
    attempts: of('attempts'),
    timers: of('timers'),
    effects: of('effects'),
    effectAttempts: of('effect-attempts'),
    dead: of('dead'),
    outbox: of('outbox'),
    seen: of('seen'),
    restored: of('restored'),
  };
}

const ACTOR = /^[a-z][a-z-]*:[^\s]+$/;

/** The actor's mailbox. An id with spaces would not survive in `timers`. */
export function mailboxKey(shard: Shard, actor: ActorId): string {
  if (!ACTOR.test(actor)) throw new Fault({ code: 'bad_actor_id', retry: 'never', message: `not an actor id: ${actor}` });
  return `iw:{${shard}}:mailbox:${actor}`;
}

/** Answers to the last calls of `send` by one sender (a process), for calls that the client library repeats. Expires by itself. */
export function answersKey(shard: Shard, sender: string): string {
  return `iw:{${shard}}:answers:${sender}`;
}

export function workersKey(role: string): string {
  return `iw:workers:${role}`;
}
