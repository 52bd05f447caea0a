import test from 'ava';
import { silentLog } from '../engine/metrics.ts';
import type { DirectoryEntry } from '../engine/ports.ts';
import { createMetrics } from '../http/metrics.ts';
import { createMemoryDirectory, createMemoryMongo } from '../mocks/memory/long-memory.ts';
import { startBreaksCount } from './breaks.ts';

function listed(name: string, listing: DirectoryEntry['listing']): DirectoryEntry {
  return { actor: `break:chargeback:${name}`, last: '1-0', listing };
}

test('open breaks are counted by severity, and closed ones no more', async (t) => {
  const directory = createMemoryDirectory(createMemoryMongo());
  await directory.put([
    listed('a', { status: 'open', severity: 'high' }),
    listed('b', { status: 'open', severity: 'high' }),
    listed('c', { status: 'resolved', severity: 'high' }),
    listed('d', { status: 'open', severity: 'low' }),
  ]);
  const metrics = createMetrics();
  const controller = new AbortController();
  const counted = new Promise<void>((resolve) => {
    const breaksOpen: typeof metrics.breaksOpen = (counts) => {
      metrics.breaksOpen(counts);
      resolve();
    };
    startBreaksCount({ directory, metrics: { breaksOpen }, log: silentLog }, controller.signal);
  });
  await counted;
  controller.abort();
  const { content } = await metrics.exposition();
  const figures = [...content.matchAll(/^ironwallet_breaks_open\{severity="(\w+)"\} (\d+)/gm)].map(([, severity, count]) => [
    severity,
    count,
  ]);
  t.deepEqual(Object.fromEntries(figures), { low: '1', medium: '0', high: '2' });
});
