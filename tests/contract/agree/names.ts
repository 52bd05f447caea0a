/**
 * The two sides give other entry ids and other tokens to the same things. Here both get common names, which tests speak and compare:
 * the n-th entry that one side saw is the n-th that the other saw, and a lease is known by its shard and epoch.
 */
import { compareEntries } from '../../../engine/message.ts';
import type { EntryId, StoredEntry } from '../../../engine/message.ts';
import type { Head, Lease, Shard, Tip } from '../../../engine/ports.ts';

export interface Names {
  /** Names what is new in a stream (a mailbox, a shard's effects). Both sides must learn of the same streams in the same order. */
  learn(stream: string, ids: readonly EntryId[]): void;
  common(stream: string, id: EntryId): EntryId;
  /** A common name as the side knows it; what was never a name stays as it is. */
  real(id: EntryId): EntryId;
  /** The same for texts that may be an entry id: a parked entry is one or `-`. */
  commonText(stream: string, text: string): string;
  realText(text: string): string;
  commonToken(shard: Shard, token: string): string;
  realLease(lease: Lease): Lease;
  /** The token that an outbox message was written under; what no lease had (after a release, or made up) stays as it is. */
  commonEpoch(shard: Shard, epoch: string): string;
  realEpoch(shard: Shard, epoch: string): string;
}

export function createNames(): Names {
  const byId = new Map<string, EntryId>();
  const byName = new Map<string, EntryId>();
  const newest = new Map<string, EntryId>();
  const tokens = new Map<string, string>();
  const tokenOf = (shard: Shard, token: string): string | undefined => tokens.get(`${shard} ${numberOf(token)}`);
  return {
    learn(stream, ids) {
      for (const id of ids) {
        if (compareEntries(id, newest.get(stream) ?? '0-0') <= 0) continue;
        const name: EntryId = `${byName.size + 1}-0`;
        byId.set(`${stream} ${id}`, name);
        byName.set(name, id);
        newest.set(stream, id);
      }
    },
    common: (stream, id) => byId.get(`${stream} ${id}`) ?? id,
    real: (id) => byName.get(id) ?? id,
    commonText: (stream, text) => byId.get(`${stream} ${text}`) ?? text,
    realText: (text) => byName.get(text) ?? text,
    commonToken(shard, token) {
      const epoch = numberOf(token);
      const key = `${shard} ${epoch}`;
      if (!tokens.has(key)) tokens.set(key, token);
      return tokens.get(key) === token ? `${epoch}:known` : `${epoch}:another`;
    },
    realLease: ({ shard, token, via }) => ({ shard, token: tokenOf(shard, token) ?? token, via }),
    commonEpoch: (shard, epoch) => (tokenOf(shard, epoch) === epoch ? `${numberOf(epoch)}:known` : epoch),
    realEpoch: (shard, epoch) => (epoch.endsWith(':known') ? (tokenOf(shard, epoch) ?? epoch) : epoch),
  };
}

/** Of a token, which is `<epoch>:<uuid>`. */
function numberOf(token: string): string {
  return token.slice(0, token.indexOf(':'));
}

export function commonEntries(names: Names, stream: string, entries: readonly StoredEntry[]): StoredEntry[] {
  return entries.map((one) => ({ ...one, entry: names.common(stream, one.entry) }));
}

export function commonTip(names: Names, stream: string, tip: Tip | null): Tip | null {
  if (tip === null) return null;
  return { ...tip, last: names.common(stream, tip.last), snapshot: commonSnapshot(names, stream, tip.snapshot) };
}

function commonSnapshot(names: Names, stream: string, snapshot: string | null): string | null {
  if (snapshot === null) return null;
  const [last = '', chain = ''] = snapshot.split('~');
  return `${names.common(stream, last as EntryId)}~${chain}`;
}

export function realHead(names: Names, { last, n, chain }: Head): Head {
  return { last: names.real(last), n, chain };
}
