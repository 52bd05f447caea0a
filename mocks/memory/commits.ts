/** `commit` in memory: compares, applies all of it or nothing, and refuses what no correct engine asks for. */
import { Fault } from '../../engine/fault.ts';
import { compareEntries } from '../../engine/message.ts';
import type { EntryId } from '../../engine/message.ts';
import type { CommitResult, ShardCommit, TimerRecord } from '../../engine/ports.ts';
import { addEffect, decideReady, headOf, isHeld, sameHead, sendFrom, shardStore } from './store.ts';
import type { ShardStore, Store } from './store.ts';

const ENTRIES_PER_COMMIT_MAX = 1000;
const DELIVERIES_PER_COMMIT_MAX = 2000;
const ERROR_CHARS_MAX = 2000;

export function commitAll(store: Store, commits: readonly ShardCommit[]): CommitResult[] {
  for (const commit of commits) check(commit);
  return commits.map((commit) => commitOne(store, commit));
}

function check({ actors, deliveries, totals, effects, timers }: ShardCommit): void {
  const entries = actors.reduce((sum, { expected, next }) => sum + next.n - expected.n, 0);
  if (entries > ENTRIES_PER_COMMIT_MAX || deliveries.length > DELIVERIES_PER_COMMIT_MAX)
    throw new Fault({ code: 'commit_too_large', retry: 'never' });
  if (actors.some(({ expected, next }) => next.n <= expected.n || compareEntries(next.last, expected.last) <= 0))
    throw new Fault({ code: 'bad_head', retry: 'never' });
  if (actors.length === 0 && deliveries.length + totals.size + effects.length + timers.length > 0)
    throw new Fault({ code: 'nothing_decided', retry: 'never' });
}

function commitOne(store: Store, commit: ShardCommit): CommitResult {
  if (!isHeld(store, commit.lease)) return { result: 'fenced' };
  const shard = shardStore(store, commit.lease.shard);
  const heads = commit.actors.map(({ actor }) => headOf(shard.tips.get(actor)));
  const stale = commit.actors.filter(({ expected }, index) => !sameHead(heads[index] ?? headOf(undefined), expected));
  if (stale.length === 0) {
    apply(store, shard, commit);
    return { result: 'applied' };
  }
  const already = commit.actors.every(({ next }, index) => sameHead(heads[index] ?? headOf(undefined), next));
  return already ? { result: 'already' } : { result: 'stale', actors: stale.map(({ actor }) => actor) };
}

function apply(store: Store, shard: ShardStore, commit: ShardCommit): void {
  for (const { actor, next, rules } of commit.actors) {
    shard.tips.set(actor, { ...next, rules, snapshot: shard.tips.get(actor)?.snapshot ?? null });
    shard.attempts.delete(actor);
  }
  for (const [account, amount] of commit.totals) shard.totals.set(account, (shard.totals.get(account) ?? 0n) + amount);
  for (const message of commit.deliveries) sendFrom(store, shard, { epoch: commit.lease.token, message });
  for (const record of commit.effects) addEffect(store, record);
  for (const timer of commit.timers) setTimer(shard, timer);
  for (const park of commit.parks) parkOne(store, shard, park);
  for (const { actor } of [...commit.actors, ...commit.parks]) decideReady(shard, actor);
}

function setTimer(shard: ShardStore, { actor, key, at }: TimerRecord): void {
  const name = `${actor} ${key}`;
  if (at === null) shard.timers.delete(name);
  else shard.timers.set(name, { actor, key, at });
}

/** A park that was overtaken (its entry is committed by now) is void. */
function parkOne(store: Store, shard: ShardStore, park: ShardCommit['parks'][number]): void {
  const overtaken = park.entry !== '-' && compareEntries(park.entry as EntryId, headOf(shard.tips.get(park.actor)).last) <= 0;
  if (overtaken || shard.parked.has(park.actor)) return;
  shard.parked.set(park.actor, { ...park, error: park.error.slice(0, ERROR_CHARS_MAX), shard: shard.shard, since: store.system.wallMs() });
}
