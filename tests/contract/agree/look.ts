/** All that one side holds, as it holds it, and the same in common names. */
import { compareEntries, msOf } from '../../../engine/message.ts';
import type { ActorId, EntryId, StoredEntry } from '../../../engine/message.ts';
import type { EffectRecord, OutboxEntry, Shard, Tip } from '../../../engine/ports.ts';
import { commonEntries, commonTip } from './names.ts';
import type { Names } from './names.ts';

export interface ShardLook {
  readonly lease: { readonly owner: string; readonly token: string; readonly expiresAt: number } | null;
  readonly ready: ReadonlyMap<ActorId, number>;
  readonly tips: ReadonlyMap<ActorId, Tip>;
  readonly totals: ReadonlyMap<string, bigint>;
  readonly parked: ReadonlyMap<ActorId, { readonly entry: string; readonly error: string; readonly attempts: number }>;
  readonly attempts: ReadonlyMap<ActorId, number>;
  /** `<actor> <key>` -> ms since 1970 */
  readonly timers: ReadonlyMap<string, number>;
  readonly effects: readonly EffectLook[];
  readonly dead: readonly { readonly actor: ActorId; readonly entry: EntryId; readonly by: string }[];
  readonly outbox: readonly OutboxEntry[];
  /** Sending shard -> its last epochs, the newest last. */
  readonly seen: ReadonlyMap<Shard, readonly EpochLook[]>;
}

export interface EpochLook {
  readonly epoch: string;
  /** The last entry of it that was delivered here. */
  readonly last: EntryId;
}

export interface EffectLook extends EffectRecord {
  readonly claim: EntryId;
  readonly attempts: number;
  readonly by: string;
}

export interface MailboxLook {
  readonly entries: readonly StoredEntry[];
  /** The last id ever given. */
  readonly last: EntryId;
}

export interface Look {
  readonly shards: ReadonlyMap<Shard, ShardLook>;
  readonly mailboxes: ReadonlyMap<ActorId, MailboxLook>;
}

/** Names what is new; the ids of it. */
export function learn(names: Names, look: Look): void {
  for (const [actor, { entries }] of look.mailboxes)
    names.learn(
      actor,
      entries.map(({ entry }) => entry),
    );
  for (const [shard, { effects, outbox }] of look.shards) {
    names.learn(
      shard,
      effects.map(({ claim }) => claim),
    );
    names.learn(
      outboxOf(shard),
      outbox.map(({ entry }) => entry),
    );
  }
}

/** The stream that a shard's outbox is among the names. */
function outboxOf(shard: Shard): string {
  return `${shard} outbox`;
}

export function newestMs(look: Look): number {
  const ids = [...look.mailboxes.values()].map(({ last }) => last);
  const claims = [...look.shards.values()].flatMap(({ effects }) => effects.map(({ claim }) => claim));
  return [...ids, ...claims].reduce((ms, id) => Math.max(ms, msOf(id)), 0);
}

/** Actors in the order in which `peek` prefers them: by what their ready says, then by name. */
export function queueOf(look: Look, shard: Shard): ActorId[] {
  const ready = [...(look.shards.get(shard)?.ready ?? [])];
  return ready.sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1)).map(([actor]) => actor);
}

export interface CommonShard extends Omit<ShardLook, 'ready' | 'lease'> {
  /** Whether an actor's ready is the time of its oldest uncommitted entry (I4). */
  readonly ready: ReadonlyMap<ActorId, boolean>;
  readonly lease: { readonly owner: string; readonly token: string } | null;
}

export interface CommonLook {
  readonly shards: ReadonlyMap<Shard, CommonShard>;
  readonly mailboxes: ReadonlyMap<ActorId, MailboxLook>;
}

export function commonLook(names: Names, look: Look): CommonLook {
  const mailboxes = [...look.mailboxes].map(([actor, { entries, last }]): [ActorId, MailboxLook] => [
    actor,
    { entries: commonEntries(names, actor, entries), last: names.common(actor, last) },
  ]);
  return {
    shards: new Map([...look.shards].map(([shard, one]) => [shard, commonShard(names, look, { ...one, shard })])),
    mailboxes: new Map(mailboxes),
  };
}

function commonShard(names: Names, look: Look, one: ShardLook & { readonly shard: Shard }): CommonShard {
  const { shard, lease } = one;
  return {
    lease: lease === null ? null : { owner: lease.owner, token: names.commonToken(shard, lease.token) },
    ready: new Map([...one.ready].map(([actor, since]) => [actor, since === oldestMs(look, one, actor)])),
    tips: new Map([...one.tips].flatMap(([actor, tip]) => pair(actor, commonTip(names, actor, tip)))),
    totals: one.totals,
    parked: new Map([...one.parked].map(([actor, park]) => [actor, { ...park, entry: names.commonText(actor, park.entry) }])),
    attempts: one.attempts,
    timers: one.timers,
    effects: one.effects.map((effect) => ({ ...effect, claim: names.common(shard, effect.claim) })),
    dead: one.dead.map((dead) => ({ ...dead, entry: names.common(dead.actor, dead.entry) })),
    outbox: commonOutbox(names, shard, one.outbox),
    seen: new Map([...one.seen].map(([from, epochs]) => [from, epochs.map((epoch) => commonEpoch(names, from, epoch))])),
  };
}

export function commonOutbox(names: Names, shard: Shard, entries: readonly OutboxEntry[]): OutboxEntry[] {
  return entries.map((one) => ({
    ...one,
    entry: names.common(outboxOf(shard), one.entry),
    epoch: names.commonEpoch(shard, one.epoch),
  }));
}

function commonEpoch(names: Names, from: Shard, { epoch, last }: EpochLook): EpochLook {
  return { epoch: names.commonEpoch(from, epoch), last: names.common(outboxOf(from), last) };
}

function pair<K, V>(key: K, value: V | null): [K, V][] {
  return value === null ? [] : [[key, value]];
}

function oldestMs(look: Look, { tips }: ShardLook, actor: ActorId): number | null {
  const last = tips.get(actor)?.last ?? '0-0';
  const oldest = look.mailboxes.get(actor)?.entries.find(({ entry }) => compareEntries(entry, last) > 0);
  return oldest === undefined ? null : msOf(oldest.entry);
}
