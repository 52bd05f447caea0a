/** The real scripts on a real server as one side, looked at key by key. */
import type { Redis } from 'ioredis';
import type { ActorId, EntryId } from '../../../engine/message.ts';
import type { OutboxEntry, Shard, Tip } from '../../../engine/ports.ts';
import { createEffects } from '../../../providers/redis/effects.ts';
import { initInstallation } from '../../../providers/redis/installation.ts';
import { mailboxKey, shardKeys, workersKey } from '../../../providers/redis/keys.ts';
import { createLeases } from '../../../providers/redis/leases.ts';
import { createMailboxes } from '../../../providers/redis/mailboxes.ts';
import { createMemoryGauge } from '../../../providers/redis/memory.ts';
import { createOperations } from '../../../providers/redis/operations.ts';
import { createOutbox } from '../../../providers/redis/outbox.ts';
import { parkedActor } from '../../../providers/redis/parked.ts';
import { actorId, entries, entryId, list, number, pairs, record, text } from '../../../providers/redis/reply.ts';
import { createRestoration } from '../../../providers/redis/restoration.ts';
import { createScripts } from '../../../providers/redis/scripts.ts';
import { parseTip } from '../../../providers/redis/tip.ts';
import { layout } from '../fixture.ts';
import type { EffectLook, EpochLook, Look, MailboxLook, ShardLook } from './look.ts';
import { createNames } from './names.ts';
import { ACTORS, SHARDS } from './side.ts';
import type { Form, Side } from './side.ts';

const MANY = 1000;

/**
 * Empties the server, begins an installation on it if there is to be one, and speaks to it with ports that know nothing yet. In the form of
 * a cluster they do as if each shard were on another server: every call touches one shard, and the rest goes through the outbox.
 */
export async function createRedisSide(redis: Redis, { cluster, empty }: Form): Promise<Side> {
  await redis.flushdb();
  if (!empty) await initInstallation(redis, layout, { uuid: null });
  const scripts = { ...createScripts(redis), cluster };
  const memory = createMemoryGauge(redis);
  return {
    name: 'Redis',
    ports: {
      mailboxes: createMailboxes({ scripts, secured: scripts, layout, memory }),
      leases: createLeases(redis, scripts),
      effects: createEffects(scripts, layout),
      operations: createOperations({ redis, scripts, layout, memory }),
      restoration: createRestoration(scripts, layout),
      ...(cluster ? { outbox: createOutbox({ scripts, secured: scripts, waits: false, layout }) } : {}),
    },
    names: createNames(),
    look: () => lookAt(redis),
    age: (ms) => age(redis, ms),
  };
}

type Command = readonly [string, ...(string | number)[]];

/** Errors (a stream or group that is not there) are null. */
async function ask(redis: Redis, commands: readonly Command[]): Promise<unknown[]> {
  const pipeline = redis.pipeline();
  for (const [name, ...args] of commands) pipeline.call(name, args);
  return ((await pipeline.exec()) ?? []).map(([error, answer]) => (error === null ? answer : null));
}

const LOOKS = SHARDS.map(commandsOf);
const PER_SHARD = LOOKS[0]?.length ?? 0;

function commandsOf(shard: Shard): Command[] {
  const keys = shardKeys(shard);
  return [
    ['hmget', keys.lease, 'owner', 'token', 'expires'],
    ['zrange', keys.ready, 0, -1, 'WITHSCORES'],
    ['hgetall', keys.tip],
    ['hgetall', keys.totals],
    ['hgetall', keys.parked],
    ['hgetall', keys.attempts],
    ['zrange', keys.timers, 0, -1, 'WITHSCORES'],
    ['xrange', keys.effects, '-', '+'],
    ['xpending', keys.effects, 'effects', '-', '+', MANY],
    ['hgetall', keys.effectAttempts],
    ['xrevrange', keys.dead, '+', '-'],
    ['xrange', keys.outbox, '-', '+'],
    ['hgetall', keys.seen],
  ];
}

async function lookAt(redis: Redis): Promise<Look> {
  const boxes = ACTORS.flatMap((actor): Command[] => {
    const key = mailboxKey(layout.shardOf(actor), actor);
    return [
      ['xrange', key, '-', '+'],
      ['xinfo', 'stream', key],
    ];
  });
  const answers = await ask(redis, [...LOOKS.flat(), ...boxes]);
  const shards = SHARDS.map((shard, index): [Shard, ShardLook] => [
    shard,
    shardLook(shard, answers.slice(index * PER_SHARD, (index + 1) * PER_SHARD)),
  ]);
  const found = answers.slice(SHARDS.length * PER_SHARD);
  const mailboxes = ACTORS.flatMap((actor, index) => mailboxLook(actor, found.slice(index * 2, index * 2 + 2)));
  return { shards: new Map(shards), mailboxes: new Map(mailboxes) };
}

function shardLook(shard: Shard, answers: readonly unknown[]): ShardLook {
  const [lease, ready, tips, totals, parked, attempts, timers, ...more] = answers;
  const [effects, dead, outbox, seen] = [more.slice(0, 3), ...more.slice(3)];
  const [owner, token, expires] = list(lease);
  const named = <V>(reply: unknown, value: (text: string) => V): [string, V][] =>
    [...pairs(reply)].map(([name, found]) => [name, value(found)]);
  const ofActors = <V>(reply: unknown, value: (text: string, actor: ActorId) => V): Map<ActorId, V> =>
    new Map(named(reply, (found) => found).map(([name, found]) => [actorId(name), value(found, actorId(name))]));
  return {
    lease: owner === '' || owner === null ? null : { owner: text(owner), token: text(token), expiresAt: number(expires) },
    ready: ofActors(ready, Number),
    tips: ofActors(tips, tipOf),
    totals: new Map(named(totals, BigInt)),
    parked: ofActors(parked, (json, actor) => {
      const { entry, error, attempts: tries } = parkedActor(shard, actor, json);
      return { entry, error, attempts: tries };
    }),
    attempts: ofActors(attempts, (tried) => Number(tried.split(' ')[0])),
    timers: new Map(named(timers, Number)),
    effects: effectLooks(effects),
    dead: list(dead).map(deadLook),
    outbox: list(outbox).map(outgoingLook),
    seen: new Map(named(seen, epochLooks)),
  };
}

function tipOf(value: string): Tip {
  const tip = parseTip(value);
  if (tip === null) throw new Error('a tip is empty');
  return tip;
}

function effectLooks([stream, pending, attempts]: readonly unknown[]): EffectLook[] {
  const holders = new Map(list(pending ?? []).map((item) => [text(list(item)[0]), text(list(item)[1])]));
  const counts = pairs(attempts);
  return list(stream).map((item) => {
    const [claim, fields] = list(item);
    const named = record(list(fields));
    const field = (name: string): string => named.get(name) ?? '';
    const effect = { id: field('id'), type: field('type'), body: field('body'), trace: field('trace'), actor: actorId(field('actor')) };
    return { ...effect, claim: entryId(claim), attempts: Number(counts.get(text(claim)) ?? 0), by: holders.get(text(claim)) ?? '' };
  });
}

function deadLook(item: unknown): ShardLook['dead'][number] {
  const named = record(list(list(item)[1]).slice(0, 10));
  return { actor: actorId(named.get('actor')), entry: entryId(named.get('entry')), by: named.get('by') ?? '' };
}

function outgoingLook(item: unknown): OutboxEntry {
  const [entry, fields] = list(item);
  const named = record(list(fields));
  const field = (name: string): string => named.get(name) ?? '';
  const message = { to: actorId(named.get('to')), id: field('id'), type: field('type'), body: field('body') };
  return { ...message, from: field('from'), trace: field('trace'), entry: entryId(entry), epoch: field('epoch') };
}

/** `<epoch>=<last entry>`, separated by spaces. */
function epochLooks(text: string): EpochLook[] {
  return text.split(' ').map((one) => {
    const [epoch = '', last] = one.split('=');
    return { epoch, last: entryId(last) };
  });
}

function mailboxLook(actor: ActorId, [found, info]: readonly unknown[]): [ActorId, MailboxLook][] {
  if (info === null) return [];
  const last: EntryId = entryId(record(list(info)).get('last-generated-id'));
  return [[actor, { entries: entries(found), last }]];
}

async function age(redis: Redis, ms: number): Promise<void> {
  const commands: Command[] = SHARDS.map((shard) => ['hincrby', shardKeys(shard).lease, 'expires', -ms]);
  for (const role of Object.keys(layout.roles))
    for (const worker of await redis.zrange(workersKey(role), 0, -1)) commands.push(['zincrby', workersKey(role), -ms, worker]);
  for (const shard of SHARDS) commands.push(...(await olderOf(redis, shard, ms)));
  await ask(redis, commands);
}

async function olderOf(redis: Redis, shard: Shard, ms: number): Promise<Command[]> {
  const { timers, effects } = shardKeys(shard);
  const [names, pending] = await ask(redis, [
    ['zrange', timers, 0, -1],
    ['xpending', effects, 'effects', '-', '+', MANY],
  ]);
  const claims = list(pending ?? []).map((item): Command => {
    const [claim, runner, idle] = list(item);
    return ['xclaim', effects, 'effects', text(runner), 0, text(claim), 'IDLE', number(idle) + ms, 'JUSTID'];
  });
  return [...list(names).map((name): Command => ['zincrby', timers, -ms, text(name)]), ...claims];
}
