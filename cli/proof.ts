// `ironwallet proof`: the position and its difference to independent figures.
import { isoDate } from '../actors/money.ts';
import { provePosition } from '../proof/position.ts';
import type { Position } from '../proof/position.ts';
import { surveyPorts } from '../wiring/edges.ts';
import { looking } from './looking.ts';
import type { Json } from './looking.ts';
import { amount, columns, say, sayJson } from './text.ts';

const LOOKS_MAX = 10;

/** Exit code 1 when the difference is not zero, when nothing stood still in ten looks, or when no day of that date is known. */
export function proof({ date, json = false }: Json & { readonly date?: string }): Promise<void> {
  return looking(async (ports) => {
    if (date !== undefined && !isoDate.safeParse(date).success) throw new Error(`${date} is no date: it must be YYYY-MM-DD`);
    let position = await provePosition(surveyPorts(ports), date ?? null);
    for (let looks = 1; looks < LOOKS_MAX && !isProven(position); looks += 1)
      position = await provePosition(surveyPorts(ports), date ?? null);
    if (json)
      sayJson({ ...position, identity: Object.fromEntries(position.identity), differences: Object.fromEntries(position.differences) });
    else for (const line of positionLines(position)) say(line);
    // Nothing to compare is not a proof of that day.
    if (date !== undefined && position.days.length === 0) throw new Error(`no statement of ${date} is known`);
    if (!isProven(position)) process.exitCode = 1;
  });
}

export function isProven({ still, broken, differences, identity }: Position): boolean {
  const zero = (sums: ReadonlyMap<string, bigint>): boolean => [...sums.values()].every((sum) => sum === 0n);
  return still && broken.length === 0 && zero(differences) && zero(identity);
}

/** The position as a table for people. */
export function positionLines(position: Position): string[] {
  const money = (value: bigint | null, currency: string): string => (value === null ? '-' : amount(value, currency));
  const classes = position.classes.map((one) => [
    one.account,
    one.currency,
    money(one.ledger, one.currency),
    money(one.independent, one.currency),
    money(one.difference, one.currency),
  ]);
  const currency = position.classes[0]?.currency ?? 'SAR';
  const days = position.days.map((one) => [
    one.date,
    money(one.opening, currency),
    money(one.posted, currency),
    money(one.closing, currency),
    money(one.difference, currency),
  ]);
  return [
    ...columns([['account', 'currency', 'ledger (debit +)', 'independent', 'difference'], ...classes], new Set([2, 3, 4])),
    '',
    ...columns([['day', 'opening', 'lines posted', 'closing (bank)', 'difference'], ...days], new Set([1, 2, 3, 4])),
    '',
    ...[...position.identity].map(([name, sum]) => `identity of ${name}: ${amount(sum, name)}`),
    ...[...position.differences].map(([name, sum]) => `difference of ${name}: ${amount(sum, name)}`),
    ...position.broken.map(({ actor, error }) => `could not be read: ${actor}: ${error}`),
    ...(position.still ? [] : ['money moved while it was counted']),
    `${String(position.actors)} actors were read`,
  ];
}
