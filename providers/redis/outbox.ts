/** Messages between slots: see engine/relay.ts. What is read and what is delivered is secured before it is answered. */
import type { Layout } from '../../engine/layout.ts';
import type { Outbox, OutboxEntry } from '../../engine/ports.ts';
import { deliveriesOf } from './deliveries.ts';
import { shardKeys } from './keys.ts';
import { actorId, entryId, list, record } from './reply.ts';
import type { Scripts } from './scripts.ts';

export interface OutboxParts {
  readonly scripts: Pick<Scripts, 'run'>;
  /** Waits for replicas; the same as `scripts` where none are waited for. */
  readonly secured: Pick<Scripts, 'run'>;
  readonly waits: boolean;
  readonly layout: Layout;
}

export function createOutbox({ scripts, secured, waits, layout }: OutboxParts): Outbox {
  return {
    async read({ shard, token }, count) {
      const { lease, outbox } = shardKeys(shard);
      // A first look without WAIT: most outboxes are empty most of the time.
      const look = { script: 'outbox-read', keys: [lease, outbox] } as const;
      const found = await scripts.run({ ...look, args: [token, count, '0'] });
      if (found === 'FENCED') return null;
      if (!waits || list(found).length === 0) return list(found).map(outboxEntry);
      const answer = await secured.run({ ...look, args: [token, count, '1'] });
      return answer === 'FENCED' ? null : list(answer).map(outboxEntry);
    },

    async deliver({ from, to, epoch, entries }) {
      const { keys, args } = deliveriesOf(layout, entries);
      const ids = entries.map(({ entry }) => entry).join(' ');
      await secured.run({ script: 'deliver', keys: [shardKeys(to).seen, ...keys], args: [from, epoch, ids, ...args] });
    },

    async remove({ shard, token }, entries) {
      const { lease, outbox } = shardKeys(shard);
      return (await scripts.run({ script: 'outbox-remove', keys: [lease, outbox], args: [token, ...entries] })) === 1;
    },
  };
}

function outboxEntry(item: unknown): OutboxEntry {
  const [entry, fields] = list(item);
  const named = record(list(fields));
  const field = (name: string): string => named.get(name) ?? '';
  return {
    entry: entryId(entry),
    epoch: field('epoch'),
    to: actorId(named.get('to')),
    id: field('id'),
    type: field('type'),
    body: field('body'),
    from: field('from'),
    trace: field('trace'),
  };
}
