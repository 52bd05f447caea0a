import { Fault } from '../../engine/fault.ts';
import { beginning, compareEntries } from '../../engine/message.ts';
import type { Outbox, OutboxDelivery } from '../../engine/ports.ts';
import { deliver, isHeld, shardStore } from './store.ts';
import type { SeenEpoch, Store } from './store.ts';

/** Epochs of one sending shard that a shard remembers. */
const EPOCHS_KEPT = 8;

export function createMemoryOutbox(store: Store): Outbox {
  return {
    read: (lease, count) => Promise.resolve(isHeld(store, lease) ? shardStore(store, lease.shard).outbox.entries.slice(0, count) : null),
    deliver: (delivery) => {
      try {
        deliverUnseen(store, delivery);
        return Promise.resolve();
      } catch (error) {
        return Promise.reject(error instanceof Error ? error : new Error(String(error)));
      }
    },
    remove: (lease, entries) => {
      if (!isHeld(store, lease)) return Promise.resolve(false);
      const gone = new Set(entries);
      const { outbox } = shardStore(store, lease.shard);
      outbox.entries = outbox.entries.filter(({ entry }) => !gone.has(entry));
      return Promise.resolve(true);
    },
  };
}

function deliverUnseen(store: Store, { from, to, epoch, entries }: OutboxDelivery): void {
  const shard = shardStore(store, to);
  const epochs = shard.seen.get(from) ?? [];
  const known = epochs.find((one) => one.epoch === epoch);
  if (known === undefined && isForgotten(epoch, epochs)) throw new Fault({ code: 'epoch_forgotten', retry: 'never' });
  const seen: SeenEpoch = known ?? { epoch, last: beginning() };
  if (known === undefined) shard.seen.set(from, [...epochs, seen].slice(-EPOCHS_KEPT));
  for (const message of entries) {
    if (compareEntries(message.entry, seen.last) <= 0) continue;
    deliver(store, message);
    seen.last = message.entry;
  }
}

/** Whether it may have been known once: all places are taken, by epochs that are not older. */
function isForgotten(epoch: string, epochs: readonly SeenEpoch[]): boolean {
  const [oldest] = epochs;
  return epochs.length >= EPOCHS_KEPT && oldest !== undefined && Number.parseInt(epoch, 10) <= Number.parseInt(oldest.epoch, 10);
}
