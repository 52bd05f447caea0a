// `ironwallet restore`: fills a Redis that lost everything from MongoDB, and says what it could not know.
import { KINDS } from '../actors/kinds.ts';
import { createRegistry } from '../engine/registry.ts';
import { messageCounts, restore as restoreAll } from '../engine/restore.ts';
import type { Restored } from '../engine/restore.ts';
import { createProductLayout } from '../wiring/layout.ts';
import { createMongoPorts } from '../providers/mongo/ports.ts';
import { createRedisPorts } from '../providers/redis/ports.ts';
import { realSystem } from '../providers/system.ts';
import { redisOf } from '../wiring/redis.ts';
import { followRestore, uncarried } from '../wiring/restore.ts';
import { parseConfig } from './config.ts';
import type { Config } from './config.ts';
import type { Json } from './looking.ts';
import { age, amount, columns, reasonOf, say, sayJson } from './text.ts';

interface RestoreCommand extends Json {
  readonly dryRun?: boolean;
}

interface Report extends Restored {
  readonly installation: string;
  /** Per currency, debit positive. */
  readonly uncarried: ReadonlyMap<string, bigint>;
}

/** Exit code 0: done. 1: refused or failed, and may be begun again. 2: the configuration is not right. */
export async function restore({ dryRun = false, json = false }: RestoreCommand): Promise<void> {
  const parsed = parseConfig(process.env, { roles: 'wallet' });
  if (!parsed.ok) {
    process.stderr.write(`${parsed.problems.map((problem) => `Configuration: ${problem}`).join('\n')}\n`);
    process.exitCode = 2;
    return;
  }
  try {
    const report = await restored(parsed.config, dryRun);
    if (json) sayJson(jsonOf(report));
    else for (const line of restoredLines(report, { dryRun, now: Date.now() })) say(line);
  } catch (error) {
    process.stderr.write(`${reasonOf(error)}\n`);
    process.exitCode = 1;
  }
}

async function restored(config: Config, dryRun: boolean): Promise<Report> {
  const registry = createRegistry(KINDS);
  const layout = createProductLayout(config, registry);
  const mongo = createMongoPorts({ url: config.MONGODB_URL, database: config.MONGODB_DATABASE });
  try {
    const installation = await mongo.installation.read();
    if (installation === null) throw new Error('This MongoDB holds no installation. Are MONGODB_URL and MONGODB_DATABASE right?');
    const options = { registry, layout, ...mongo, system: realSystem, installation, follow: followRestore };
    if (dryRun) return reportOf(await restoreAll({ ...options, restoration: null }), { installation, registry });
    const redis = await createRedisPorts({ ...redisOf(config), layout, worker: 'ironwallet:restore' });
    try {
      for (const problem of await redis.problems()) process.stderr.write(`Redis is not set up as money needs it: ${problem}\n`);
      return reportOf(await restoreAll({ ...options, restoration: redis.restoration }), { installation, registry });
    } finally {
      await redis.close();
    }
  } finally {
    await mongo.close();
  }
}

function reportOf(found: Restored, about: { installation: string; registry: Parameters<typeof uncarried>[1] }): Report {
  return { ...found, installation: about.installation, uncarried: uncarried(found, about.registry) };
}

function jsonOf({ actors, totals, uncarried: left, sentAgain, followed, ...rest }: Report): unknown {
  return {
    ...rest,
    actors: Object.fromEntries(actors),
    totals: Object.fromEntries(totals),
    uncarried: Object.fromEntries(left),
    sentAgain: Object.fromEntries(messageCounts(sentAgain)),
    followed: Object.fromEntries(messageCounts(followed)),
  };
}

const AHEAD_SHOWN = 20;

/** The report for people; ages are as of `now`. */
export function restoredLines(report: Report, { dryRun, now }: { readonly dryRun: boolean; readonly now: number }): string[] {
  const { actors, timers, effects, sentAgain, followed, installation } = report;
  const verb = dryRun ? 'would be restored (nothing was written)' : 'is restored';
  const kinds = [...actors].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => [kind, String(count)]);
  return [
    `Installation ${installation} ${verb}.`,
    '',
    ...columns([['kind', 'actors'], ...kinds], new Set([1])),
    '',
    `timers: ${String(timers)}, calls to the outside that are owed an answer: ${String(effects)}`,
    `messages that were in transit, ${dryRun ? 'to be delivered' : 'delivered'} again: ${String(sentAgain.length)}`,
    ...counted(messageCounts(sentAgain)),
    'said beside that:',
    ...counted(messageCounts(followed)),
    '',
    ...unknownLines(report, now),
    '',
    ...(dryRun ? [] : nextSteps()),
  ];
}

function counted(counts: ReadonlyMap<string, number>): string[] {
  return columns(
    [...counts].map(([what, count]) => [`  ${what}`, String(count)]),
    new Set([1]),
  );
}

function unknownLines({ horizons, ahead, ambiguous, uncarried: left }: Report, now: number): string[] {
  const times = horizons.map(({ role, complete, newest }) => [`  ${role}`, when(complete, now), when(newest, now)]);
  return [
    'What cannot be known from here:',
    ...columns([['  role', 'whole up to', 'newest decision found'], ...times]),
    '  Commands of clients and operators that were answered later than "whole up to" may be missing. Whoever repeats one with the same',
    '  Idempotency-Key gets one effect. Dead letters, parked marks and entries that nobody had decided are gone.',
    `  messages that their receivers had decided and their senders do not know of: ${String(ahead.length)}; sent anew, they change nothing`,
    ...ahead.slice(0, AHEAD_SHOWN).map(({ id, from, actor }) => `    ${id}: from ${from} to ${actor}`),
    ...(ahead.length > AHEAD_SHOWN ? [`    and ${String(ahead.length - AHEAD_SHOWN)} more (--json shows all)`] : []),
    ...[...left].map(
      ([currency, sum]) =>
        `  money in transit that no message carries: ${amount(sum, currency)} ${currency}; the proof shows it until it is sent anew`,
    ),
    ...ambiguous.map(
      (actor) => `  two snapshots of ${actor} have an equal claim; one was taken: a skip may be undone, or done, that was not`,
    ),
  ];
}

function when(ms: number, now: number): string {
  return `${new Date(ms).toISOString()} (${age(now - ms)} ago)`;
}

function nextSteps(): string[] {
  return [
    'What to do next:',
    '  1. Start the roles. The statement is read again by itself, and open payments and settlements are asked for.',
    '  2. When nothing waits any more: npx ironwallet audit, npx ironwallet proof, npx ironwallet parked.',
    '  3. Operators do again what they did since: resolutions of breaks to the same wallet as before, debits with the same reference.',
    '  4. Tell clients from when on they shall repeat their commands with the same keys.',
  ];
}
