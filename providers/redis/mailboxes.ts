/** The mailboxes in Redis. Each method is one script (named alike) and one round trip. */
import { randomUUID } from 'node:crypto';
import { Fault } from '../../engine/fault.ts';
import type { ActorId, Addressed, StoredEntry } from '../../engine/message.ts';
import type {
  CommitResult,
  Fetched,
  FetchRequest,
  FollowRequest,
  Lease,
  Mailboxes,
  NameSnapshot,
  ReadRequest,
  ReadResult,
  Shard,
  ShardCommit,
} from '../../engine/ports.ts';
import type { Request } from './client.ts';
import { shareOut } from './peek.ts';
import { commitCall, commitResult } from './commit.ts';
import { deliveriesOf } from './deliveries.ts';
import { groupsOf } from './groups.ts';
import { mailboxKey, shardKeys } from './keys.ts';
import { actorId, actorIds, entries, list, number, text } from './reply.ts';
import type { Outcome, ScriptCall, Scripts } from './scripts.ts';
import { createSend } from './send.ts';
import type { SendParts } from './send.ts';
import { parseTip } from './tip.ts';

/** Entries that one `read` gives per actor: the 500 behind its snapshot and as many uncommitted as an edge lets in, with room. */
const ENTRIES_PER_READ_MAX = 1500;
const READS_PER_CALL = 50;
const TIMERS_PER_SHARD_MAX = 100;
/** Of one shard in a cluster, where each is asked alone. */
const ACTORS_PER_PEEK_MAX = 500;
const FENCED = 'FENCED';

export function createMailboxes(parts: SendParts): Mailboxes {
  const { scripts, layout } = parts;
  let rotation = 0;

  return {
    send: createSend(parts),

    async peek(shards, limit) {
      if (shards.length === 0) return new Map();
      rotation += 1;
      if (scripts.cluster) return peekEach(shards, limit, { scripts, rotation });
      const answer = list(
        await scripts.run({ script: 'peek', keys: shards.map((shard) => shardKeys(shard).ready), args: [limit, rotation] }),
      );
      const waiting = shards.map((shard, index): [Shard, ActorId[]] => [shard, actorIds(answer[index])]);
      return new Map(waiting.filter(([, actors]) => actors.length > 0));
    },

    async fetch(lease, requests, careful) {
      if (requests.length === 0) return [];
      const answer = await scripts.run(fetchCall(lease, requests, careful));
      return answer === FENCED ? null : list(answer).map((item, index) => fetched(item, requests[index]));
    },

    follow: (requests, count) => followAll(requests, count, scripts),

    commit: (commits) => commitAll(commits, { scripts, layout }),

    async trim(lease, names) {
      if (names.length === 0) return 0;
      const answer = await scripts.run(trimCall(lease, names));
      return answer === FENCED ? null : number(answer);
    },

    async read(requests) {
      const placeOf = ({ actor }: ReadRequest): Shard => (scripts.cluster ? layout.shardOf(actor) : '');
      const groups = groupsOf(requests, { placeOf, max: READS_PER_CALL });
      const answers = await scripts.runAll(
        groups.map((positions) =>
          readCall(
            positions.flatMap((position) => requests[position] ?? []),
            layout,
          ),
        ),
      );
      const results: ReadResult[] = [];
      groups.forEach((positions, group) => {
        list(answers[group]).forEach((item, place) => {
          results[positions[place] ?? 0] = readResult(item);
        });
      });
      return results;
    },

    async due(leases) {
      if (leases.length === 0) return 0;
      const waiting = await timersOf(leases, scripts);
      const messages = leases.map((_, index) => timerMessages(list(waiting[index])));
      const calls = leases.flatMap((lease, index): ScriptCall[] => {
        const due = messages[index] ?? [];
        if (due.length === 0) return [];
        const { keys: targets, args } = deliveriesOf(layout, due);
        const { lease: leaseKey, timers } = shardKeys(lease.shard);
        return [{ script: 'due', keys: [leaseKey, timers, ...targets], args: [lease.token, ...args] }];
      });
      const moved = await answersOf(calls, scripts);
      return moved.reduce<number>((sum, answer) => sum + (answer === FENCED ? 0 : number(answer)), 0);
    },
  };
}

/**
 * XREAD: one command for any number of mailboxes, which names those that have something. A mailbox of a wrong type spoils the command, and a
 * server that is away its part of them: then nothing is known.
 */
async function followAll(requests: readonly FollowRequest[], count: number, scripts: Scripts): Promise<(readonly StoredEntry[] | null)[]> {
  const results: (readonly StoredEntry[] | null)[] = requests.map(() => null);
  if (requests.length === 0) return results;
  const keys = requests.map(({ shard, actor }) => mailboxKey(shard, actor));
  const groups = groupsOf(requests, { placeOf: ({ shard }) => (scripts.cluster ? shard : ''), max: requests.length });
  const outcomes = await scripts.askEach(
    groups.map((positions): Request => {
      const mailboxes = positions.map((position) => keys[position] ?? '');
      const after = positions.map((position) => requests[position]?.last ?? '');
      return { key: mailboxes[0] ?? '', name: 'xread', args: ['COUNT', count, 'STREAMS', ...mailboxes, ...after] };
    }),
  );
  groups.forEach((positions, group) => {
    const found = followed(outcomes[group]);
    if (found === null) return;
    for (const position of positions) results[position] = found.get(keys[position] ?? '') ?? [];
  });
  return results;
}

/** Mailbox -> its entries, of those that have any. */
function followed(outcome: Outcome | undefined): Map<string, readonly StoredEntry[]> | null {
  if (outcome === undefined || 'fault' in outcome) return null;
  const items = outcome.answer === null ? [] : list(outcome.answer).map(list);
  return new Map(items.map(([key, found]) => [text(key), entries(found)]));
}

async function commitAll(
  commits: readonly ShardCommit[],
  { scripts, layout }: Pick<SendParts, 'scripts' | 'layout'>,
): Promise<CommitResult[]> {
  const calls = commits.map((commit) => commitCall({ layout, cluster: scripts.cluster }, commit));
  if (!scripts.cluster) return (await scripts.runAll(calls)).map(commitResult);
  const outcomes = await scripts.runEach(calls);
  return outcomes.map((outcome) => ('fault' in outcome ? { result: 'unanswered' } : commitResult(outcome.answer)));
}

/** In a cluster each shard for itself; one that cannot be asked has nothing for now. */
async function peekEach(
  shards: readonly Shard[],
  limit: number,
  { scripts, rotation }: { readonly scripts: Scripts; readonly rotation: number },
): Promise<Map<Shard, ActorId[]>> {
  const args = [Math.min(limit, ACTORS_PER_PEEK_MAX), rotation];
  const outcomes = await scripts.runEach(shards.map((shard) => ({ script: 'peek', keys: [shardKeys(shard).ready], args })));
  const found = outcomes.flatMap((outcome, index): [Shard, ActorId[]][] => {
    if ('fault' in outcome) return [];
    const [actors] = list(outcome.answer);
    return [[shards[index] ?? '', actorIds(actors)]];
  });
  return shareOut(found, limit);
}

async function timersOf(leases: readonly Lease[], scripts: Scripts): Promise<readonly unknown[]> {
  const keys = leases.map(({ shard }) => shardKeys(shard).timers);
  const args = [TIMERS_PER_SHARD_MAX];
  if (!scripts.cluster) return list(await scripts.run({ script: 'peek-timers', keys, args }));
  const outcomes = await scripts.runEach(keys.map((key) => ({ script: 'peek-timers', keys: [key], args })));
  return outcomes.map((outcome) => ('fault' in outcome ? [] : list(outcome.answer)[0]));
}

/** In a cluster without those of shards that could not be reached. */
async function answersOf(calls: readonly ScriptCall[], scripts: Scripts): Promise<unknown[]> {
  if (!scripts.cluster) return scripts.runAll(calls);
  return (await scripts.runEach(calls)).flatMap((outcome) => ('fault' in outcome ? [] : [outcome.answer]));
}

function fetchCall({ shard, token }: Lease, requests: readonly FetchRequest[], careful: boolean): ScriptCall {
  const { lease, tip, attempts, parked } = shardKeys(shard);
  const keys = [lease, tip, attempts, parked, ...requests.map(({ actor }) => mailboxKey(shard, actor))];
  const wanted = requests.flatMap(({ actor, count }) => [actor, count]);
  return careful
    ? { script: 'fetch-careful', keys, args: [token, randomUUID(), ...wanted] }
    : { script: 'fetch', keys, args: [token, ...wanted] };
}

function fetched(item: unknown, request: FetchRequest | undefined): Fetched {
  const [tip, attempts, found] = list(item);
  return { actor: actorId(request?.actor), tip: parseTip(tip), entries: entries(found), attempts: number(attempts) };
}

function trimCall({ shard, token }: Lease, names: readonly NameSnapshot[]): ScriptCall {
  const { lease, tip } = shardKeys(shard);
  const keys = [lease, tip, ...names.map(({ actor }) => mailboxKey(shard, actor))];
  return {
    script: 'trim',
    keys,
    args: [token, ...names.flatMap(({ actor, snapshot, keep }) => [actor, snapshot.last, snapshot.chain, keep])],
  };
}

function readCall(requests: readonly ReadRequest[], layout: SendParts['layout']): ScriptCall {
  const keys = requests.flatMap(({ actor }) => {
    const shard = layout.shardOf(actor);
    const { tip, parked } = shardKeys(shard);
    return [tip, parked, mailboxKey(shard, actor)];
  });
  return { script: 'read', keys, args: [ENTRIES_PER_READ_MAX, ...requests.flatMap(({ actor, after }) => [actor, after ?? ''])] };
}

function readResult(item: unknown): ReadResult {
  const [tip, found, parked] = list(item);
  return { tip: parseTip(tip), entries: entries(found), parked: parked === 1 };
}

/** The message a due timer becomes: named by actor, key and time, so that the same wish is the same message for ever. */
function timerMessages(pairs: readonly unknown[]): Addressed[] {
  const messages: Addressed[] = [];
  for (let index = 0; index < pairs.length; index += 2) {
    const member = text(pairs[index]);
    const at = number(pairs[index + 1]);
    const space = member.indexOf(' ');
    if (space < 0) throw new Fault({ code: 'bad_timer', retry: 'never', message: `not a timer: ${member}` });
    const key = member.slice(space + 1);
    messages.push({
      to: actorId(member.slice(0, space)),
      id: `${member}@${String(at)}`,
      type: 'TimerDue',
      body: JSON.stringify({ key, at }),
      from: 'timer',
      trace: '',
    });
  }
  return messages;
}
