/** What every long memory must do: run on the in-memory one and on MongoDB. */
import { randomUUID } from 'node:crypto';
import test from 'ava';
import { directoryCursor } from '../../engine/directory-cursor.ts';
import type { ActorId, EntryId } from '../../engine/message.ts';
import type { Directory, DirectoryEntry, Journal, Ledger, LedgerPage, SnapshotDocument, Snapshots } from '../../engine/ports.ts';

export interface LongMemory {
  readonly snapshots: Snapshots;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly directory: Directory;
}

/** `open` gives the same memory to every test; the tests use names of their own. */
export function longMemoryContract(name: string, open: () => LongMemory): void {
  const says = (sentence: string): string => `${name}: ${sentence}`;
  snapshotContract(says, () => open().snapshots);
  ledgerContract(says, () => open().ledger);
  journalContract(says, () => open().journal);
  directoryContract(says, () => open().directory);
}

type Says = (sentence: string) => string;

function actorOf(kind: string): ActorId {
  return `${kind}:${randomUUID()}`;
}

function snapshotOf(bytes: string, actor: ActorId = actorOf('toy')): SnapshotDocument {
  return { id: `${actor}@5-0~abc`, bytes };
}

function snapshotContract(says: Says, open: () => Snapshots): void {
  test(says('a snapshot is found as it was inserted, and only what was inserted is found'), async (t) => {
    const snapshot = snapshotOf('{"name":"Nadia ☂ 𝕏"}');
    t.deepEqual(await open().insert([snapshot]), { conflicts: [] });
    t.deepEqual(await open().find([snapshot.id, 'toy:none@1-0~x']), new Map([[snapshot.id, snapshot.bytes]]));
  });

  test(says('an insert may be repeated, whole or in part'), async (t) => {
    const [a, b, c] = [snapshotOf('1'), snapshotOf('2'), snapshotOf('3')];
    await open().insert([a, b]);
    t.deepEqual(await open().insert([a, b]), { conflicts: [] });
    t.deepEqual(await open().insert([a, c, b]), { conflicts: [] });
    t.is((await open().find([a.id, b.id, c.id])).size, 3);
  });

  test(says('another snapshot of the same name is a conflict: it changes nothing, and the others are inserted'), async (t) => {
    const first = snapshotOf('1');
    const fresh = snapshotOf('2');
    await open().insert([first]);
    t.deepEqual(await open().insert([{ ...first, bytes: 'other' }, fresh]), { conflicts: [first.id] });
    const found = await open().find([first.id, fresh.id]);
    t.deepEqual([found.get(first.id), found.get(fresh.id)], ['1', '2']);
  });

  test(says('removed snapshots are gone, the others stay, and removing again is nothing'), async (t) => {
    const [a, b] = [snapshotOf('1'), snapshotOf('2')];
    await open().insert([a, b]);
    await open().remove([a.id]);
    await open().remove([a.id]);
    t.deepEqual([...(await open().find([a.id, b.id])).keys()], [b.id]);
  });

  test(says('names of snapshots are listed in the order of their text, page by page'), async (t) => {
    const actor = actorOf('0-named');
    const names = ['1-0~a', '10-0~b', '2-0~c'].map((name) => `${actor}@${name}`);
    await open().insert([...names].reverse().map((id) => ({ id, bytes: '{}' })));
    t.deepEqual(await open().names(`${actor}@`, 2), names.slice(0, 2));
    const [third] = await open().names(names[1] ?? '', 1);
    t.is(third, names[2]);
    t.is((await open().names(null, 1)).length, 1);
  });

  test(says('nothing to insert, to find or to remove is no error'), async (t) => {
    t.deepEqual(await open().insert([]), { conflicts: [] });
    t.is((await open().find([])).size, 0);
    await t.notThrowsAsync(open().remove([]));
  });

  test(says('thousands of snapshots, and large ones, go in and come back'), async (t) => {
    const many = Array.from({ length: 2_500 }, (_, n) => snapshotOf(`{"n":${n}}`));
    const large = Array.from({ length: 40 }, () => snapshotOf('x'.repeat(256 * 1024)));
    t.deepEqual(await open().insert([...many, ...large]), { conflicts: [] });
    const found = await open().find([...many, ...large].map(({ id }) => id));
    t.is(found.size, many.length + large.length);
    t.true([...many, ...large].every(({ id, bytes }) => found.get(id) === bytes));
  });
}

function ledgerContract(says: Says, open: () => Ledger): void {
  test(says('pages are found with the page before; other bytes or another page before are a conflict'), async (t) => {
    const actor = actorOf('toy');
    const first: LedgerPage = { id: `${actor}#1~a`, previous: null, bytes: '[1]' };
    const second: LedgerPage = { id: `${actor}#2~b`, previous: first.id, bytes: '[2]' };
    t.deepEqual(await open().insert([first, second]), { conflicts: [] });
    t.deepEqual(await open().insert([first, second]), { conflicts: [] });
    const found = await open().find([first.id, second.id, `${actor}#3~c`]);
    t.deepEqual(
      [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
      [first, second],
    );
    t.deepEqual(await open().insert([{ ...second, bytes: '[3]' }]), { conflicts: [second.id] });
  });
}

function journalContract(says: Says, open: () => Journal): void {
  test(says('the journal is read oldest first, in pages, and loses what is too old'), async (t) => {
    const ids = ['000000000000900/b', '000000000001000/a', '000000000001000/c', '000000000009000/a'];
    const documents = ids.map((id) => ({ id, bytes: `{"of":"${id}"}` }));
    await open().insert([...documents].reverse());
    await open().insert(documents.slice(1, 2));
    t.deepEqual(await open().list(null, 3), documents.slice(0, 3));
    t.deepEqual(await open().list(documents[2]?.id ?? '', 3), documents.slice(3));
    await open().removeBefore(1_000);
    t.deepEqual(await open().list(null, 9), documents.slice(1));
    await open().removeBefore(10_000);
    t.deepEqual(await open().list(null, 9), []);
  });
}

function listed(actor: ActorId, last: EntryId, listing: DirectoryEntry['listing'] = {}): DirectoryEntry {
  return { actor, last, listing };
}

function directoryContract(says: Says, open: () => Directory): void {
  test(says('the directory keeps the newest of an actor, whatever comes last'), async (t) => {
    const kind = `k${randomUUID()}`;
    const actor = actorOf(kind);
    const all = { kind, where: {}, before: null, limit: 10 };
    await open().put([listed(actor, '10-2', { status: 'open' })]);
    await open().put([listed(actor, '9-99', { status: 'stale' })]);
    t.deepEqual(await open().list(all), [listed(actor, '10-2', { status: 'open' })]);
    await open().put([listed(actor, '10-10', { status: 'closed', amount: '5', n: 3, urgent: true, note: null })]);
    t.deepEqual(await open().list(all), [listed(actor, '10-10', { status: 'closed', amount: '5', n: 3, urgent: true, note: null })]);
    await open().put([listed(actor, '10-10', { status: 'closed', amount: '5', n: 3, urgent: true, note: null })]);
    await open().put([listed(actor, '10-3', { status: 'late' }), listed(actor, '11-0', { status: 'last' }), listed(actor, '10-4')]);
    t.deepEqual(await open().list(all), [listed(actor, '11-0', { status: 'last' })]);
  });

  test(says('lists are by kind and exact match, newest first'), async (t) => {
    const kind = `k${randomUUID()}`;
    const [a, b, c] = [actorOf(kind), actorOf(kind), actorOf(kind)];
    const open1 = listed(a, '9-0', { status: 'open', urgent: true });
    const open2 = listed(b, '10-0', { status: 'open', urgent: false });
    const closed = listed(c, '11-0', { status: 'closed', urgent: false });
    await open().put([open1, open2, closed, listed(actorOf(`k${randomUUID()}`), '12-0', { status: 'open' })]);
    const list = (where: Record<string, string | boolean>) => open().list({ kind, where, before: null, limit: 10 });
    t.deepEqual(await list({}), [closed, open2, open1]);
    t.deepEqual(await list({ status: 'open' }), [open2, open1]);
    t.deepEqual(await list({ status: 'open', urgent: true }), [open1]);
    t.deepEqual(await list({ nothing: 'such' }), []);
  });

  test(says('pages of a list go on where the last one ended, also between entries of the same id'), async (t) => {
    const kind = `k${randomUUID()}`;
    const entries = Array.from({ length: 23 }, (_, n) => listed(actorOf(kind), `${100 + Math.floor(n / 10)}-0`));
    await open().put(entries);
    const seen: ActorId[] = [];
    let before: string | null = null;
    for (;;) {
      const page: DirectoryEntry[] = await open().list({ kind, where: {}, before, limit: 5 });
      const last = page.at(-1);
      if (last === undefined) break;
      seen.push(...page.map(({ actor }) => actor));
      before = directoryCursor(last);
    }
    t.is(seen.length, 23);
    t.is(new Set(seen).size, 23);
  });
}
