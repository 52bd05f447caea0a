/** The position: what the ledger says per class, what independent figures say of the same, and the difference. */
import { z } from 'zod';
import { isoDate } from '../../actors/money.ts';
import { endpoint } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { wireAmount } from '../money.ts';
import { Problem } from '../problem.ts';
import type { OpsParts, PositionFacts } from './parts.ts';

const moneyByCurrency = z.record(z.string(), z.string());

const positionSchema = z.object({
  proven: z.boolean().describe('Difference and identity are zero, every actor could be read, and nothing moved meanwhile.'),
  still: z.boolean().describe('False when money moved while it was counted: ask again.'),
  identity: moneyByCurrency.describe('Sum of all postings per currency: zero, or the ledger itself is broken.'),
  difference: moneyByCurrency.describe('Sum of all absolute differences between ledger and independent figures, days included.'),
  classes: z.array(
    z.object({
      account: z.string(),
      currency: z.string(),
      ledger: z.string().describe('Debit positive.'),
      independent: z.string().nullable(),
      difference: z.string(),
    }),
  ),
  days: z.array(
    z.object({
      account: z.string(),
      date: z.string(),
      opening: z.string(),
      posted: z.string(),
      closing: z.string(),
      difference: z.string(),
    }),
  ),
  broken: z.array(z.object({ actor: z.string(), error: z.string() })),
  actors: z.number(),
});
type WirePosition = z.output<typeof positionSchema>;

export function positionEndpoints(parts: OpsParts): Endpoint[] {
  const count = oneAtATime((date) => parts.position(date));
  return [
    endpoint({
      method: 'get',
      path: '/ops/v1/position',
      tag: 'position',
      summary: 'Totals per account class, the identity, and the difference to independent figures; walks every actor',
      access: 'operator',
      query: z.strictObject({ date: isoDate.optional().describe('Only this day of the statement.') }),
      replies: { 200: { description: 'The position', schema: positionSchema } },
      handle: async ({ query }) => ({ status: 200, body: wirePosition(await count(query.date ?? null), parts.currency) }),
    }),
  ];
}

/** A count reads every actor: those who ask for the same share one, others wait their turn elsewhere. */
function oneAtATime(count: (date: string | null) => Promise<PositionFacts>): (date: string | null) => Promise<PositionFacts> {
  let running: { readonly date: string | null; readonly result: Promise<PositionFacts> } | null = null;
  return (date) => {
    if (running?.date === date) return running.result;
    if (running !== null) {
      const detail = 'Another position is being counted; try again shortly.';
      throw new Problem({ status: 503, code: 'position_busy', detail, headers: { 'Retry-After': '2' } });
    }
    const result = count(date).finally(() => {
      running = null;
    });
    running = { date, result };
    return result;
  };
}

function wirePosition(position: PositionFacts, currency: string): WirePosition {
  const { classes, days, identity, differences, broken, actors, still } = position;
  const zero = (sums: ReadonlyMap<string, bigint>): boolean => [...sums.values()].every((sum) => sum === 0n);
  return {
    proven: still && broken.length === 0 && zero(identity) && zero(differences),
    still,
    identity: byCurrency(identity, currency),
    difference: byCurrency(differences, currency),
    classes: classes.map((line) => ({
      ...line,
      ledger: wireAmount(line.ledger, line.currency),
      independent: line.independent === null ? null : wireAmount(line.independent, line.currency),
      difference: wireAmount(line.difference, line.currency),
    })),
    days: days.map(({ account, date, opening, posted, closing, difference }) => ({
      account,
      date,
      opening: wireAmount(opening, currency),
      posted: wireAmount(posted, currency),
      closing: wireAmount(closing, currency),
      difference: wireAmount(difference, currency),
    })),
    broken: [...broken],
    actors,
  };
}

/** The installation's own currency is always shown, also while nothing was posted. */
function byCurrency(sums: ReadonlyMap<string, bigint>, own: string): Record<string, string> {
  const all = new Map<string, bigint>([[own, 0n], ...sums]);
  all.delete('');
  return Object.fromEntries([...all].map(([currency, sum]) => [currency, wireAmount(sum, currency)]));
}
