/**
 * The first verb of a turn: which actors of the lane's shards have entries, and what the next ones are.
 *
 * R1  Who has entries is for `peek` to say. Actors that a commit of this process has just written to are a guess: they are fetched in the same
 *     round trip, and one that has nothing costs nothing. A guess that is lost costs a round trip, never an entry.
 * R2  An actor in memory is followed from where it stands there, which costs Redis a third of looking up its tip; whether that still is its tip
 *     is for `commit` to say. One that is ready and has nothing after that stands elsewhere: then its tip is asked for.
 * R3  Shards on different servers fail for themselves; when none answered, that is the failure of the cycle.
 * R4  Memory is bounded while MongoDB is away: what could not be remembered until it is saved waits in Redis.
 */
import { unsavedShare } from './cache.ts';
import type { Cache, HotActor } from './cache.ts';
import type { Limits } from './limits.ts';
import type { ActorId } from './message.ts';
import type { OwnedShard } from './ownership.ts';
import type { Fetched, FetchRequest, Mailboxes, FollowRequest, Shard, System } from './ports.ts';

export interface ReceiveDeps {
  readonly mailboxes: Pick<Mailboxes, 'peek' | 'fetch' | 'follow'>;
  readonly cache: Cache;
  readonly guesses: Guesses;
  readonly system: System;
  readonly limits: Limits;
  /** Another owner holds the shard. */
  readonly onFenced: (shard: Shard) => void;
}

/** What one shard brought. */
export interface Batch {
  readonly owned: OwnedShard;
  readonly fetched: readonly Fetched[];
}

/** Actors of one shard to be fetched. */
interface Wanted {
  readonly owned: OwnedShard;
  readonly actors: readonly ActorId[];
}

/** Actors that were written to a moment ago, by shard (R1). */
export interface Guesses {
  /** Only of shards that are taken from here: those of this process. */
  add(shard: Shard, actor: ActorId): void;
  take(shard: Shard): ActorId[];
}

export function createGuesses({ guessesPerShard }: Pick<Limits, 'guessesPerShard'>): Guesses {
  const byShard = new Map<Shard, Set<ActorId>>();
  return {
    add(shard, actor) {
      const actors = byShard.get(shard);
      if (actors !== undefined && actors.size < guessesPerShard) actors.add(actor);
    },
    take(shard) {
      const actors = byShard.get(shard);
      if (actors?.size === 0) return [];
      byShard.set(shard, new Set());
      return [...(actors ?? [])];
    },
  };
}

export async function receive(shards: readonly OwnedShard[], deps: ReceiveDeps): Promise<Batch[]> {
  if (shards.length === 0 || unsavedShare(deps.cache, deps.limits) >= 1) return []; // R4
  const guessed = shards.flatMap((owned) => wantedOf(owned, deps.guesses.take(owned.lease.shard), deps));
  const [ready, early] = await Promise.all([peek(shards, deps), fetchAll(guessed, shards, { ...deps, sure: false })]);
  const rest = shards.flatMap((owned) => {
    const done = guessed.find((one) => one.owned === owned)?.actors ?? [];
    const others = (ready.get(owned.lease.shard) ?? []).filter((actor) => !done.includes(actor));
    return wantedOf(owned, others, deps);
  });
  return merged([...early, ...(await fetchAll(rest, shards, { ...deps, sure: true }))]);
}

function peek(shards: readonly OwnedShard[], { mailboxes, limits }: ReceiveDeps): Promise<Map<Shard, ActorId[]>> {
  const names = shards.map(({ lease }) => lease.shard);
  return mailboxes.peek(names, limits.actorsPerCycle);
}

/** Those that may be decided in batches: not those under suspicion, and only hot ones while too much is unsaved. */
function wantedOf(owned: OwnedShard, actors: readonly ActorId[], { cache, limits }: ReceiveDeps): Wanted[] {
  if (actors.length === 0) return [];
  const onlyHot = cache.dirtySize > limits.dirtyActors;
  const allowed = actors.filter(
    (actor) => (owned.tried === null || owned.tried.has(actor)) && (!onlyHot || cache.get(actor) !== undefined),
  );
  return allowed.length === 0 ? [] : [{ owned, actors: allowed }];
}

interface FetchDeps extends ReceiveDeps {
  /** All of them are ready: who has nothing stands elsewhere (R2). */
  readonly sure: boolean;
}

async function fetchAll(wanted: readonly Wanted[], shards: readonly OwnedShard[], deps: FetchDeps): Promise<Batch[]> {
  if (wanted.length === 0) return [];
  const actors = wanted.reduce((sum, one) => sum + one.actors.length, 0);
  const share = Math.max(1, Math.floor(deps.limits.entriesPerCycle / actors));
  const count = Math.min(share, entriesPerActor(shards, actors, deps));
  const hot = wanted.map(({ owned, actors: some }) => ({ owned, hot: hotOf(some, deps) }));
  const cold = wanted.map(({ owned, actors: some }) => ({ owned, actors: some.filter((actor) => !isFollowed(deps.cache.get(actor))) }));
  const [followed, fetched] = await Promise.all([follow(hot, count, deps), fetchEach(cold, count, deps)]);
  const elsewhere = deps.sure ? await fetchEach(followed.map(missedOf), count, deps) : [];
  return answered([...followed.map(settled), ...fetched, ...elsewhere]);
}

type Settled = PromiseSettledResult<Batch | null>;

function settled({ owned, fetched }: Batch): Settled {
  return { status: 'fulfilled', value: { owned, fetched } };
}

interface Hot {
  readonly owned: OwnedShard;
  readonly hot: readonly HotActor[];
}

function hotOf(actors: readonly ActorId[], { cache }: Pick<ReceiveDeps, 'cache'>): HotActor[] {
  return actors.map((actor) => cache.get(actor)).filter(isFollowed);
}

function isFollowed(hot: HotActor | undefined): hot is HotActor {
  return hot?.parked === false;
}

interface Followed extends Batch {
  /** Who had nothing, or of whom nothing is known. */
  readonly missed: readonly ActorId[];
}

/** R2 */
async function follow(wanted: readonly Hot[], count: number, { mailboxes }: Pick<ReceiveDeps, 'mailboxes'>): Promise<Followed[]> {
  const requests = wanted.flatMap(({ owned, hot }) => hot.map((one) => requestOf(owned, one)));
  if (requests.length === 0) return [];
  const found = await mailboxes.follow(requests, count);
  let next = 0;
  return wanted.map(({ owned, hot }) => {
    const fetched: Fetched[] = [];
    const missed: ActorId[] = [];
    for (const { envelope, named } of hot) {
      const { actor, rules } = envelope;
      const { last, n, chain } = envelope.head;
      const entries = found[next] ?? [];
      next += 1;
      if (entries.length > 0) fetched.push({ actor, tip: { last, n, chain, snapshot: named, rules }, entries, attempts: 0 });
      else missed.push(actor);
    }
    return { owned, fetched, missed };
  });
}

function requestOf({ lease }: OwnedShard, { envelope }: HotActor): FollowRequest {
  return { shard: lease.shard, actor: envelope.actor, last: envelope.head.last };
}

function missedOf({ owned, missed }: Followed): Wanted {
  return { owned, actors: missed };
}

function fetchEach(wanted: readonly Wanted[], count: number, deps: ReceiveDeps): Promise<Settled[]> {
  const some = wanted.filter(({ actors }) => actors.length > 0);
  return Promise.allSettled(
    some.map(({ owned, actors }) => fetch(owned, { requests: actors.map((actor) => ({ actor, count })), careful: false }, deps)),
  );
}

/** R3 */
function answered(results: readonly Settled[]): Batch[] {
  const values = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const [failed] = results.flatMap((result) => (result.status === 'rejected' ? [result] : []));
  if (failed !== undefined && values.length === 0) throw failed.reason;
  return values.filter((batch) => batch !== null);
}

/**
 * Who comes to a lane waits for the cycle that runs, and then for its own: a hot actor may fill both only while nobody else is there. Remembered
 * for a moment, or each cycle that happens to see the hot one alone would be a long one for the next who comes.
 */
function entriesPerActor(shards: readonly OwnedShard[], actors: number, { limits, system }: ReceiveDeps): number {
  const now = system.monotonicMs();
  if (actors > 1) for (const owned of shards) owned.sharedMs = now;
  const shared = shards.some(({ sharedMs }) => now - sharedMs < limits.sharedForMs);
  return shared ? limits.entriesPerActorShared : limits.entriesPerActor;
}

/** One batch a shard, so that it has one commit. */
function merged(batches: readonly Batch[]): Batch[] {
  const byShard = new Map<OwnedShard, Fetched[]>();
  for (const { owned, fetched } of batches) {
    const known = byShard.get(owned);
    if (known === undefined) byShard.set(owned, [...fetched]);
    else known.push(...fetched);
  }
  return [...byShard].map(([owned, fetched]) => ({ owned, fetched }));
}

export interface FetchOptions {
  readonly requests: readonly FetchRequest[];
  readonly careful: boolean;
}

/** null when another owner holds the shard. */
export async function fetch(
  owned: OwnedShard,
  { requests, careful }: FetchOptions,
  deps: Pick<ReceiveDeps, 'mailboxes' | 'onFenced'>,
): Promise<Batch | null> {
  const fetched = await deps.mailboxes.fetch(owned.lease, requests, careful);
  if (fetched !== null) return { owned, fetched };
  deps.onFenced(owned.lease.shard);
  return null;
}
