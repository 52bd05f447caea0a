// `ironwallet audit`: recomputes every chain and every shard's totals.
import { audit as auditAll } from '../engine/audit.ts';
import type { Audit, Divergence } from '../engine/audit.ts';
import { surveyPorts } from '../wiring/edges.ts';
import { looking } from './looking.ts';
import type { Json } from './looking.ts';
import { say, sayJson } from './text.ts';

/** Exit code 1 when anything differs. */
export function audit({ json = false }: Json): Promise<void> {
  return looking(async (ports) => {
    const result = await auditAll(surveyPorts(ports));
    if (json) sayJson(result);
    else for (const line of auditLines(result)) say(line);
    if (result.divergences.length > 0) process.exitCode = 1;
  });
}

/** The audit for people. */
export function auditLines({ actors, postings, divergences }: Audit): string[] {
  const counts = `${String(actors)} actors, ${String(postings)} postings, ${String(divergences.length)} divergences`;
  return [counts, ...divergences.map(differing)];
}

function differing(divergence: Divergence): string {
  switch (divergence.what) {
    case 'actor':
      return `${divergence.actor}: ${divergence.fault.code}: ${divergence.fault.message}`;
    case 'total': {
      const { shard, account, total, actors } = divergence;
      return `${shard}: the total of ${account} is ${total.toString()}, its actors' postings sum up to ${actors.toString()}`;
    }
    case 'moving':
      return `${divergence.shard}: money moved whenever it was looked at`;
  }
}
