/**
 * The first pass over a shard whose owner vanished: one of its entries may have killed it.
 *
 * P1  An attempt is counted, durably, directly before the entry is decided and not before it is loaded: waiting for MongoDB is no crash.
 * P2  Actors without an earlier attempt go one entry each in one batch; those with one go alone, so that the innocent ones of a batch that
 *     died are not parked together with the guilty one.
 * P3  An entry that was tried `crashAttempts` times without ever being committed parks its actor.
 */
import type { ActorId } from './message.ts';
import type { OwnedShard } from './ownership.ts';
import type { Fetched } from './ports.ts';
import { fetch } from './receive.ts';
import { commit, load, turn } from './turn.ts';
import type { CycleResult, ShardTurns, TurnDeps } from './turn.ts';

/** Tries the untried ready actors of a shard; when all that is ready was tried, the shard is like any other. */
export async function carefulPass(owned: OwnedShard, deps: TurnDeps): Promise<number> {
  const tried = owned.tried;
  if (tried === null) return 0;
  const limit = deps.limits.actorsPerCycle;
  const ready = (await deps.mailboxes.peek([owned.lease.shard], limit)).get(owned.lease.shard) ?? [];
  const untried = ready.filter((actor) => !tried.has(actor));
  if (untried.length === 0 && ready.length < limit) {
    owned.tried = null;
    return 0;
  }
  const loaded = await loadable(owned, untried, deps);
  const fresh = loaded.filter(({ attempts }) => attempts === 0).map(({ actor }) => actor);
  const groups = [fresh, ...loaded.filter(({ attempts }) => attempts > 0).map(({ actor }) => [actor])];
  let entries = 0;
  for (const group of groups) entries += await tryGroup(owned, group, deps);
  return entries;
}

/** Actors whose next entry could be decided now. Broken ones are parked on the way. */
async function loadable(owned: OwnedShard, actors: readonly ActorId[], deps: TurnDeps): Promise<Fetched[]> {
  if (actors.length === 0) return [];
  const requests = actors.map((actor) => ({ actor, count: 1 }));
  const batch = await fetch(owned, { requests, careful: false }, deps);
  if (batch === null) return [];
  const { loaded, broken } = await load([batch], deps);
  const parks = broken.get(owned.lease.shard) ?? [];
  if (parks.length > 0) await commit([{ owned, turns: parks }], deps);
  const inMemory = new Set(loaded.flatMap((shard) => shard.actors.map(({ actor }) => actor)));
  return batch.fetched.filter(({ actor }) => inMemory.has(actor));
}

async function tryGroup(owned: OwnedShard, group: readonly ActorId[], deps: TurnDeps): Promise<number> {
  if (group.length === 0 || deps.system.monotonicMs() >= owned.workUntilMs) return 0;
  const requests = group.map((actor) => ({ actor, count: 1 }));
  const batch = await fetch(owned, { requests, careful: true }, deps); // P1
  if (batch === null) return 0;
  const { crashAttempts } = deps.limits;
  const guilty = batch.fetched.filter(({ attempts }) => attempts >= crashAttempts);
  const others = batch.fetched.filter(({ attempts }) => attempts < crashAttempts);
  if (guilty.length > 0) await parkCrashed(owned, guilty, deps);
  const result: CycleResult = await turn([{ owned, fetched: others }], deps);
  for (const actor of result.actors) owned.tried?.add(actor);
  return result.entries;
}

async function parkCrashed(owned: OwnedShard, guilty: readonly Fetched[], deps: TurnDeps): Promise<void> {
  const turns: ShardTurns['turns'] = guilty.map(({ actor, entries, attempts }) => ({
    actor,
    before: { last: '0-0', n: 0, chain: '-' },
    rules: 0,
    outcomes: [],
    park: { entry: entries[0]?.entry ?? '-', error: 'crashed', attempts },
  }));
  await commit([{ owned, turns }], deps);
  for (const { actor } of guilty) deps.cache.park(actor);
  deps.log.error({ actors: guilty.map(({ actor }) => actor) }, 'actors whose entry killed its process again and again were parked');
}
