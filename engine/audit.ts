/**
 * Recomputes what is claimed: every actor's chain from its named snapshot to its tip, and every shard's totals from its actors' own sums.
 *
 * U1  A shard whose totals moved while it was looked at, or that does not agree, is looked at again; only what stays is reported.
 */
import type { Envelope } from './envelope.ts';
import type { Fault } from './fault.ts';
import type { ActorId } from './message.ts';
import type { Shard } from './ports.ts';
import { survey } from './survey.ts';
import type { SurveyPorts } from './survey.ts';

const LOOKS_MAX = 3;

export type Divergence =
  /** The actor cannot be folded to its tip: `replay_diverged`, `snapshot_missing`, or a database that is away. */
  | { readonly what: 'actor'; readonly actor: ActorId; readonly fault: Fault }
  /** The shard's total of `<account>:<currency>` is not the sum of its actors'. */
  | { readonly what: 'total'; readonly shard: Shard; readonly account: string; readonly total: bigint; readonly actors: bigint }
  /** The shard never stood still: its totals could not be compared. */
  | { readonly what: 'moving'; readonly shard: Shard };

export interface Audit {
  readonly actors: number;
  readonly postings: number;
  readonly divergences: readonly Divergence[];
}

/** Shard by shard, so that a busy system can be audited too. */
export async function audit(ports: SurveyPorts): Promise<Audit> {
  const audits: Audit[] = [];
  for (const shard of ports.shards) audits.push(await auditShard(shard, ports));
  return {
    actors: sum(audits.map((one) => one.actors)),
    postings: sum(audits.map((one) => one.postings)),
    divergences: audits.flatMap((one) => one.divergences),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

/** U1 */
async function auditShard(shard: Shard, ports: SurveyPorts): Promise<Audit> {
  let found = await lookAt(shard, ports);
  for (let looks = 1; looks < LOOKS_MAX && found.divergences.length > 0; looks += 1) found = await lookAt(shard, ports);
  return found;
}

async function lookAt(shard: Shard, ports: SurveyPorts): Promise<Audit> {
  const seen = { actors: 0, postings: 0, sums: new Map<string, bigint>(), broken: [] as Divergence[] };
  const { before, after } = await survey(
    { ...ports, shards: [shard] },
    {
      actor(envelope: Envelope) {
        seen.actors += 1;
        seen.postings += envelope.posted;
        for (const [account, amount] of Object.entries(envelope.sums)) seen.sums.set(account, (seen.sums.get(account) ?? 0n) + amount);
      },
      carried: () => undefined,
      broken: (actor, fault) => seen.broken.push({ what: 'actor', actor, fault }),
    },
  );
  const { actors, postings, sums, broken } = seen;
  if (broken.length > 0) return { actors, postings, divergences: broken };
  if (differing(before, after).length > 0) return { actors, postings, divergences: [{ what: 'moving', shard }] };
  const divergences = differing(after, sums).map((account): Divergence => ({
    what: 'total',
    shard,
    account,
    total: after.get(account) ?? 0n,
    actors: sums.get(account) ?? 0n,
  }));
  return { actors, postings, divergences };
}

function differing(a: ReadonlyMap<string, bigint>, b: ReadonlyMap<string, bigint>): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((account) => (a.get(account) ?? 0n) !== (b.get(account) ?? 0n));
}
