/** The bugs that the simulator must find, each a text of one source file and what stands there instead. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

const COMMITS = 'mocks/memory/commits.ts';
const MAILBOXES = 'mocks/memory/mailboxes.ts';
const STORE = 'mocks/memory/store.ts';

export const MUTATIONS: readonly Mutation[] = [
  {
    ...{ name: 'trimmed before the snapshot is written', file: 'engine/snapshotter.ts' },
    find: 'const sound = await insertAll(saving, options);\n    const saved = await nameAll(sound, options);',
    put: 'const saved = await nameAll(saving, options);\n    await insertAll(saving, options);',
  },
  {
    ...{ name: 'the tip does not move', file: COMMITS },
    find: '    shard.tips.set(actor, { ...next, rules, snapshot: shard.tips.get(actor)?.snapshot ?? null });\n',
    put: '    void [next, rules];\n',
  },
  {
    ...{ name: 'the token is not compared', file: STORE },
    find: 'return shardStore(store, lease.shard).lease?.token === lease.token;',
    put: 'return shardStore(store, lease.shard).lease !== null;',
  },
  {
    ...{ name: 'tips are not compared', file: COMMITS },
    find: '!sameHead(heads[index] ?? headOf(undefined), expected));',
    put: '!sameHead(heads[index] ?? headOf(undefined), expected) && false);',
  },
  {
    ...{ name: 'neither token nor tips are compared when a lease was taken over', file: COMMITS },
    find: "  if (!isHeld(store, commit.lease)) return { result: 'fenced' };\n",
    put: "  if (!isHeld(store, commit.lease)) {\n    apply(store, shardStore(store, commit.lease.shard), commit);\n    return { result: 'fenced' };\n  }\n",
  },
  {
    ...{ name: 'ready is removed when entries are fetched', file: MAILBOXES },
    find: '        requests.map(({ actor, count }) => {\n',
    put: '        requests.map(({ actor, count }) => {\n          shard.ready.delete(actor);\n',
  },
  {
    ...{ name: 'ready is removed by every commit', file: STORE },
    find: 'if (oldest === undefined || shard.parked.has(actor)) shard.ready.delete(actor);\n  else',
    put: 'shard.ready.delete(actor);\n  if (oldest !== undefined && oldest.entry === actor)',
  },
  {
    ...{ name: 'a script writes before it checks', file: COMMITS },
    find: '  const heads = commit.actors.map(',
    put: '  for (const message of commit.deliveries) sendFrom(store, shard, { epoch: commit.lease.token, message });\n  const heads = commit.actors.map(',
  },
  {
    ...{ name: 'fetch goes on from where it was last, not from the tip', file: MAILBOXES },
    find: 'entriesAfter(shard, actor, tip?.last ?? beginning());',
    put: 'entriesAfter(shard, actor, (shard.positions ??= new Map()).get(actor) ?? tip?.last ?? beginning());\n          const fetched = waiting.slice(0, count).at(-1);\n          if (fetched !== undefined) shard.positions.set(actor, fetched.entry);',
  },
  {
    ...{ name: 'commands are never remembered', file: 'engine/envelope.ts' },
    find: '[...alive(envelope.recent, stored.entry), remember]',
    put: 'alive(envelope.recent, stored.entry)',
  },
  {
    ...{ name: 'only the last command is remembered', file: 'engine/envelope.ts' },
    find: '[...alive(envelope.recent, stored.entry), remember]',
    put: '[...alive(envelope.recent, stored.entry).slice(1), remember]',
  },
  {
    ...{ name: 'an uncommitted state is kept in memory', file: 'engine/turn.ts' },
    find: '  const results = await commitSurely(planned, deps);\n',
    put: '  for (const one of planned) advance(one.owned, one.planned, deps);\n  const results = await commitSurely(planned, deps);\n',
  },
  {
    ...{ name: 'a timer fires twice', file: MAILBOXES },
    find: '    shard.timers.delete(name);\n',
    put: '    if (name.length % 2 === 0) shard.timers.delete(name);\n',
  },
  {
    ...{ name: 'a failed call to a provider is not repeated', file: 'engine/effects.ts' },
    find: "  void again(state, held, fault.retry === 'now' ? 0 : pauseOf(state, held.tries));\n",
    put: '  void again;\n',
  },
  {
    ...{ name: 'a commit asks twice for what a provider shall do', file: 'engine/commits.ts' },
    find: 'draft.effects.push(...outcome.effects);',
    put: 'draft.effects.push(...outcome.effects, ...outcome.effects);',
  },
  {
    ...{ name: 'deliveries from an outbox are not deduped', file: 'mocks/memory/outbox.ts' },
    find: '    if (compareEntries(message.entry, seen.last) <= 0) continue;\n',
    put: '    void compareEntries;\n',
  },
  {
    ...{ name: 'an outbox is emptied before its messages are delivered', file: 'engine/relay.ts' },
    find: '  await outbox.deliver(delivery);\n',
    put: '  await outbox.remove(lease, delivery.entries.map(({ entry }) => entry));\n  await outbox.deliver(delivery);\n',
  },
  {
    ...{ name: 'a message to a parked actor is lost', file: STORE },
    find: '  mailbox.entries.push({ entry, id, type, body, from, trace });\n',
    put: '  if (!shard.parked.has(message.to)) mailbox.entries.push({ entry, id, type, body, from, trace });\n',
  },
  {
    ...{ name: 'ids begin anew after a mailbox was deleted', file: STORE },
    find: 'mailbox = { entries: [], last: headOf(shard.tips.get(message.to)).last };',
    put: "mailbox = { entries: [], last: '0-0' };",
  },
  {
    ...{ name: 'ids follow the clock back', file: STORE },
    find: 'return nowMs > lastMs ? `${nowMs}-0` : `${lastMs}-${',
    put: 'return nowMs !== lastMs ? `${nowMs}-0` : `${lastMs}-${',
  },
  {
    ...{ name: 'a resumed actor is not made ready', file: 'mocks/memory/operations.ts' },
    find: '  shard.attempts.delete(actor);\n  decideReady(shard, actor);\n',
    put: '  shard.attempts.delete(actor);\n  void decideReady;\n',
  },
  {
    ...{ name: 'trim takes entries that the snapshot does not cover', file: MAILBOXES },
    find: 'mailbox.entries.slice(-Math.max(uncovered, keep, 1));',
    put: 'mailbox.entries.slice(-Math.max(Math.min(uncovered, 1), keep, 1));',
  },
  {
    ...{ name: 'rows are not added to the totals of some commits', file: COMMITS },
    find: 'for (const [account, amount] of commit.totals) shard.totals.set(',
    put: 'for (const [account, amount] of commit.actors.length > 1 ? [] : commit.totals) shard.totals.set(',
  },
  {
    ...{ name: 'the former state of an actor is loaded when its snapshot is old', file: 'engine/fold.ts' },
    find: 'of committedOf(look, envelope.head.last)) {\n',
    put: 'of committedOf(look, envelope.head.last).slice(0, 4)) {\n',
  },
  {
    ...{ name: 'a line that is known is posted again', file: 'actors/statement-lines/decide.ts' },
    find: 'const first = known.get(key) ?? tally.additions.get(key);',
    put: 'const first = tally.additions.get(key);',
  },
];
