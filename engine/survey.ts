/**
 * A walk over every actor: what an audit, a proof or a count needs. Read only, in bounded batches, by anyone.
 *
 * S1  Every actor is seen at its tip, its chain proven; one that cannot be folded is reported, never left out silently.
 * S2  Money in uncommitted entries is counted as its kind says (`carries`), gross.
 */
import type { Carried, Kind } from './actor.ts';
import type { Envelope } from './envelope.ts';
import type { Fault } from './fault.ts';
import { foldActors } from './fold.ts';
import type { FoldPorts } from './fold.ts';
import { compareEntries } from './message.ts';
import type { ActorId, StoredEntry } from './message.ts';
import type { Operations } from './operations.ts';
import type { Mailboxes, Shard } from './ports.ts';

export interface SurveyPorts extends FoldPorts {
  readonly mailboxes: Pick<Mailboxes, 'read'>;
  readonly operations: Pick<Operations, 'actors' | 'waiting' | 'totals' | 'parked'>;
  readonly shards: readonly Shard[];
}

export interface SurveyVisitor {
  actor(envelope: Envelope, kind: Kind): void;
  /** An uncommitted entry's money. */
  carried(actor: ActorId, money: Carried): void;
  broken(actor: ActorId, fault: Fault): void;
}

const BATCH = 200;
const WAITING_MAX = 100_000;

/** Shows every actor and every waiting message's money to the visitor; returns the totals as they stood before and after. */
export async function survey(
  ports: SurveyPorts,
  visitor: SurveyVisitor,
): Promise<{ readonly before: Map<string, bigint>; readonly after: Map<string, bigint> }> {
  const before = await ports.operations.totals(ports.shards);
  for (const shard of ports.shards) await surveyShard(ports, shard, visitor);
  await surveyWaiting(ports, visitor);
  return { before, after: await ports.operations.totals(ports.shards) };
}

async function surveyShard(ports: SurveyPorts, shard: Shard, visitor: SurveyVisitor): Promise<void> {
  let cursor = '0';
  const seen = new Set<ActorId>(); // a scan may show an actor twice
  do {
    const page = await ports.operations.actors(shard, cursor);
    const fresh = [...page.actors.keys()].filter((actor) => !seen.has(actor));
    for (const actor of fresh) seen.add(actor);
    for (let at = 0; at < fresh.length; at += BATCH) await visitBatch(ports, fresh.slice(at, at + BATCH), visitor);
    cursor = page.cursor;
  } while (cursor !== '0');
}

async function visitBatch(ports: SurveyPorts, actors: readonly ActorId[], visitor: SurveyVisitor): Promise<void> {
  const results = await foldActors(
    actors.map((actor) => ({ actor, known: null })),
    ports,
  );
  results.forEach((result, index) => {
    const actor = actors[index];
    if (actor === undefined) return;
    if (!result.ok) visitor.broken(actor, result.fault);
    else if (result.folded !== null) visitor.actor(result.folded.envelope, ports.registry.kindOf(actor, result.folded.tip.rules));
  });
}

async function surveyWaiting(ports: SurveyPorts, visitor: SurveyVisitor): Promise<void> {
  const ready = (await ports.operations.waiting(ports.shards, WAITING_MAX)).map((one) => one.actor);
  const parked = (await ports.operations.parked(ports.shards)).map((one) => one.actor);
  const actors = [...new Set([...ready, ...parked])];
  for (let at = 0; at < actors.length; at += BATCH) {
    const batch = actors.slice(at, at + BATCH);
    const reads = await ports.mailboxes.read(batch.map((actor) => ({ actor, after: null })));
    reads.forEach((read, index) => {
      const actor = batch[index];
      if (actor === undefined) return;
      const { tip } = read;
      const waiting = read.entries.filter((entry) => tip === null || compareEntries(entry.entry, tip.last) > 0);
      for (const entry of waiting) visitEntry(ports, { actor, entry, visitor });
    });
  }
}

function visitEntry(ports: SurveyPorts, { actor, entry, visitor }: { actor: ActorId; entry: StoredEntry; visitor: SurveyVisitor }): void {
  const kind = ports.registry.kindOf(actor);
  const parsed = kind.messages[entry.type]?.safeParse(JSON.parse(entry.body));
  const money = parsed?.success === true ? (kind.carries?.({ type: entry.type, body: parsed.data }) ?? null) : null;
  if (money !== null) visitor.carried(actor, money);
}
