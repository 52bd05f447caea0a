/** `commit`: one script call per shard, all in one round trip. */
import { Fault } from '../../engine/fault.ts';
import { compareEntries } from '../../engine/message.ts';
import type { Addressed } from '../../engine/message.ts';
import type { CommitResult, ShardCommit } from '../../engine/ports.ts';
import { deliveriesOf, outgoingArgs, splitOf } from './deliveries.ts';
import type { Reach } from './deliveries.ts';
import { mailboxKey, shardKeys } from './keys.ts';
import { actorIds, list } from './reply.ts';
import type { ScriptCall } from './scripts.ts';
import { headText } from './tip.ts';

/** What one commit may hold: more would block Redis, and every lease with it. */
export const ENTRIES_PER_COMMIT_MAX = 1000;
export const DELIVERIES_PER_COMMIT_MAX = 2000;
/** The engine plans for 4 MB by estimate; this is the wall behind it. */
export const COMMIT_BYTES_MAX = 8 * 1024 * 1024;
const ERROR_CHARS_MAX = 2000;

export function commitCall(reach: Reach, commit: ShardCommit): ScriptCall {
  checkTurns(commit);
  const { shard } = commit.lease;
  const keys = shardKeys(shard);
  const fixed = [keys.lease, keys.tip, keys.ready, keys.totals, keys.parked, keys.attempts, keys.timers, keys.effects, keys.outbox];
  const mailboxes = commit.actors.map(({ actor }) => mailboxKey(shard, actor));
  const { near, outgoing } = splitOf(reach, shard, commit.deliveries);
  const deliveries = deliveriesOf(reach.layout, near);
  const args = [...argsOf(commit, outgoing), ...deliveries.args];
  checkBytes(args);
  return { script: 'commit', keys: [...fixed, ...mailboxes, ...deliveries.keys], args };
}

function argsOf(commit: ShardCommit, outgoing: readonly Addressed[]): (string | number)[] {
  const { lease, actors, totals, effects, timers, parks } = commit;
  return [
    lease.token,
    actors.length,
    totals.size,
    effects.length,
    timers.length,
    parks.length,
    outgoing.length,
    ...actors.flatMap(({ actor, expected, next, rules }) => [actor, headText(expected), headText(next), rules]),
    ...[...totals].flatMap(([name, delta]) => [name, delta.toString()]),
    ...effects.flatMap(({ actor, id, type, body, trace }) => [actor, id, type, body, trace]),
    ...timers.flatMap(({ actor, key, at }) => [`${actor} ${key}`, at ?? '']),
    ...parks.flatMap(({ actor, entry, error, attempts }) => [actor, entry, error.slice(0, ERROR_CHARS_MAX), attempts]),
    ...outgoingArgs(outgoing),
  ];
}

/** What no correct engine asks for; Redis is not asked either. */
function checkTurns({ actors, deliveries, totals, effects, timers }: ShardCommit): void {
  const entries = actors.reduce((sum, { expected, next }) => sum + next.n - expected.n, 0);
  if (entries > ENTRIES_PER_COMMIT_MAX || deliveries.length > DELIVERIES_PER_COMMIT_MAX) throw tooLarge();
  const backwards = actors.find(({ expected, next }) => next.n <= expected.n || compareEntries(next.last, expected.last) <= 0);
  if (backwards !== undefined)
    throw new Fault({ code: 'bad_head', retry: 'never', message: `the tip of ${backwards.actor} would not move on` });
  const follows = deliveries.length + totals.size + effects.length + timers.length;
  if (actors.length === 0 && follows > 0)
    throw new Fault({ code: 'nothing_decided', retry: 'never', message: 'consequences without an entry (I2)' });
}

function checkBytes(args: readonly (string | number)[]): void {
  let bytes = 0;
  for (const arg of args) if (typeof arg === 'string') bytes += arg.length;
  if (bytes > COMMIT_BYTES_MAX) throw tooLarge();
}

function tooLarge(): Fault {
  return new Fault({ code: 'commit_too_large', retry: 'never' });
}

export function commitResult(answer: unknown): CommitResult {
  if (answer === 'APPLIED') return { result: 'applied' };
  if (answer === 'ALREADY') return { result: 'already' };
  if (answer === 'FENCED') return { result: 'fenced' };
  return { result: 'stale', actors: actorIds(list(answer).slice(1)) };
}
